"""Where the token for Graph comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import responses
from django.test.utils import override_settings

from connector.exceptions import Misconfigured, Unauthorized, Unavailable
from connector.graph import auth

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = "5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab"
LOGIN = f"https://login.microsoftonline.com/{DIRECTORY}"
TOKEN_URL = f"{LOGIN}/oauth2/v2.0/token"
DISCOVERY = {
    "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
    "token_endpoint": TOKEN_URL,
    "issuer": f"{LOGIN}/v2.0",
}
SECRET = "client-secret-value"


@pytest.fixture
def microsoft() -> Iterator[responses.RequestsMock]:
    """Microsoft's sign-in, and settings with an application's credentials."""
    auth._application.cache_clear()
    credentials = override_settings(
        GRAPH_TENANT_ID=DIRECTORY, GRAPH_CLIENT_ID="app", GRAPH_CLIENT_SECRET=SECRET
    )
    with credentials, responses.RequestsMock() as mock:
        mock.get(f"{LOGIN}/v2.0/.well-known/openid-configuration", json=DISCOVERY)
        yield mock
    auth._application.cache_clear()


def _refuse(mock: responses.RequestsMock, status: int, **body: Any) -> None:
    mock.post(TOKEN_URL, status=status, json=body)


def test_without_settings_it_is_not_configured() -> None:
    with pytest.raises(Misconfigured, match="graph_not_configured"):
        auth.access_token(auth.from_settings())


def test_half_of_the_credentials_is_none() -> None:
    with (
        override_settings(GRAPH_TENANT_ID=DIRECTORY, GRAPH_CLIENT_ID="app"),
        pytest.raises(Misconfigured, match="graph_not_configured"),
    ):
        auth.access_token(auth.from_settings())


def test_a_fixed_token_asks_nobody() -> None:
    with override_settings(GRAPH_ACCESS_TOKEN="fixed"):
        assert auth.access_token(auth.from_settings()) == "fixed"


def test_client_credentials_get_a_token_once(
    microsoft: responses.RequestsMock,
) -> None:
    answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": "from-entra"}
    microsoft.post(TOKEN_URL, json=answer)
    assert [
        auth.access_token(auth.from_settings()),
        auth.access_token(auth.from_settings()),
    ] == ["from-entra", "from-entra"]
    sent = [call.request.body for call in microsoft.calls if call.request.body]
    assert len(sent) == 1
    assert "grant_type=client_credentials" in str(sent[0])


def test_any_application_gets_its_own_token_each_time(
    microsoft: responses.RequestsMock,
) -> None:
    answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": "from-entra"}
    microsoft.post(TOKEN_URL, json=answer)
    other = auth.Credentials(DIRECTORY, "other-app", "other-secret")
    for _ in range(2):
        assert auth.application_token(other, "audience/.default") == "from-entra"
    sent = [str(call.request.body) for call in microsoft.calls if call.request.body]
    assert len(sent) == 2
    assert "client_id=other-app" in sent[0]
    assert "other-secret" not in repr(other)


def test_a_wrong_secret_is_told_in_the_words_of_entra(
    microsoft: responses.RequestsMock,
) -> None:
    words = f"AADSTS7000215: Invalid client secret provided: {SECRET}."
    _refuse(
        microsoft,
        401,
        error="invalid_client",
        error_description=words,
        correlation_id="c0ffee",
    )
    with pytest.raises(Unauthorized, match="graph_secret_wrong") as caught:
        auth.access_token(auth.from_settings())
    evidence = caught.value.evidence
    assert "AADSTS7000215" in evidence.words
    assert SECRET not in evidence.words
    assert evidence.request_id == "c0ffee"


def test_an_unknown_directory_is_misconfigured() -> None:
    auth._application.cache_clear()
    settings = override_settings(
        GRAPH_TENANT_ID="nobody", GRAPH_CLIENT_ID="app", GRAPH_CLIENT_SECRET=SECRET
    )
    url = (
        "https://login.microsoftonline.com/nobody/v2.0/.well-known/openid-configuration"
    )
    with settings, responses.RequestsMock() as mock:
        mock.get(url, status=400, json={"error": "invalid_tenant"})
        with pytest.raises(Misconfigured, match="graph_tenant_unknown"):
            auth.access_token(auth.from_settings())


@pytest.mark.parametrize(
    ("status", "code"), [(429, "rate_limited"), (503, "server_error")]
)
def test_an_outage_of_the_sign_in_is_unavailable(
    microsoft: responses.RequestsMock, status: int, code: str
) -> None:
    microsoft.post(
        TOKEN_URL, status=status, body="<html>", headers={"Retry-After": "9"}
    )
    with pytest.raises(Unavailable, match=code) as caught:
        auth.access_token(auth.from_settings())
    assert caught.value.retry_after == 9


def test_a_page_instead_of_a_token_is_unavailable(
    microsoft: responses.RequestsMock,
) -> None:
    microsoft.post(TOKEN_URL, body="<html>proxy</html>")
    with pytest.raises(Unavailable, match="unexpected_answer"):
        auth.access_token(auth.from_settings())
