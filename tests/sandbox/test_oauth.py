from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import CLIENT, INTEGRATION_WORD, REDIRECT, Api, token_answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Browser

VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .decode()
    .rstrip("=")
)
PASSWORD = {
    "grant_type": "password",
    "username": "m365.integration",
    "password": INTEGRATION_WORD,
}


def authorize_path(**changed: str) -> str:
    params = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": REDIRECT,
        "state": "abc123",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    return f"/oauth_auth.do?{urlencode({k: v for k, v in params.items() if v})}"


def allowed(browser: Browser, **changed: str) -> dict[str, str]:
    """Sign in as the integration user, allow, and return the answer's parameters."""
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    browser.get(authorize_path(**changed))
    answer = browser.post(authorize_path(**changed), answer="allow")
    query = urlsplit(answer.headers["Location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def exchange(instance: Running, code: str, **changed: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **CLIENT,
        **changed,
    }
    return token_answer(instance, **form)


@pytest.fixture
def fresh() -> Iterator[Running]:
    """An instance of its own, for tests that move the clock or revoke."""
    with serve(Installation(password=INTEGRATION_WORD)) as running:
        yield running


def test_somebody_not_signed_in_signs_in_first(browser: Browser) -> None:
    first = browser.get(authorize_path())
    assert first.headers["Location"].startswith("/oauth_login.do?next=")
    path = first.headers["Location"]
    browser.get(path)
    answer = browser.post(
        path, user_name="m365.integration", user_password=INTEGRATION_WORD
    )
    assert answer.headers["Location"] == authorize_path()


def test_allow_gives_a_code_for_tokens_of_that_user(
    instance: Running, browser: Browser
) -> None:
    given = allowed(browser)
    assert given["state"] == "abc123"
    body = exchange(instance, given["code"]).json()
    assert body["token_type"] == "Bearer"
    assert 0 < body["expires_in"] <= 1799
    [me] = Api(instance.url, body["access_token"]).list(
        "sys_user", "user_name=javascript:gs.getUserName()"
    )
    assert me["user_name"] == "m365.integration"


def test_a_fresh_token_has_1799_seconds(fresh: Running) -> None:
    body = token_answer(fresh, **PASSWORD, **CLIENT).json()
    assert body["expires_in"] == 1799


def test_the_page_names_the_application_and_the_person(browser: Browser) -> None:
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    page = browser.get(authorize_path()).text
    assert "Security + Compliance Connector" in page
    assert "would like to connect to your account" in page
    assert "Not You?" in page


def test_deny_sends_back_without_a_code(browser: Browser) -> None:
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    browser.get(authorize_path())
    answer = browser.post(authorize_path(), answer="deny")
    assert answer.headers["Location"] == f"{REDIRECT}?error=access_denied&state=abc123"
    assert browser.get("/").status_code == 200, "still signed in"


def test_not_you_leads_to_the_sign_in_page(browser: Browser) -> None:
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    browser.get(authorize_path())
    answer = browser.post(authorize_path(), answer="switch")
    assert answer.headers["Location"].startswith("/oauth_login.do?next=")
    assert browser.get("/").status_code == 302


def test_a_forged_form_allows_nothing(browser: Browser) -> None:
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    answer = browser.post(authorize_path(), answer="allow", sysparm_ck="forged")
    assert answer.status_code == 403


def test_an_unknown_redirect_url_leads_silently_to_the_registered_one(
    browser: Browser,
) -> None:
    foreign = "http://elsewhere.example/"
    browser.sign_in("m365.integration", INTEGRATION_WORD)
    path = authorize_path(redirect_uri=foreign)
    browser.get(path)
    place = browser.post(path, answer="allow").headers["Location"]
    assert place.startswith(f"{REDIRECT}?code=")


def test_the_live_token_is_given_out_again(fresh: Running) -> None:
    first = token_answer(fresh, **PASSWORD, **CLIENT).json()
    fresh.store.clock = lambda: time.time() + 600
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token_answer(fresh, **form, **CLIENT).json()
    assert second["access_token"] == first["access_token"]
    assert second["refresh_token"] == first["refresh_token"]
    assert second["expires_in"] <= first["expires_in"] - 599


def test_after_its_time_a_token_is_refused_and_renewed(fresh: Running) -> None:
    first = token_answer(fresh, **PASSWORD, **CLIENT).json()
    later = time.time() + 1801
    fresh.store.clock = lambda: later
    api = Api(fresh.url, first["access_token"])
    assert api.send("GET", "table/incident?sysparm_limit=1").status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token_answer(fresh, **form, **CLIENT).json()
    assert second["access_token"] != first["access_token"]
    api = Api(fresh.url, second["access_token"])
    assert api.send("GET", "table/incident?sysparm_limit=1").status_code == 200
    fresh.store.clock = lambda: later + 8_640_000
    assert token_answer(fresh, **form, **CLIENT).status_code == 401


def test_a_service_account_cannot_sign_in_to_the_pages(
    instance: Running, browser: Browser
) -> None:
    sql = "UPDATE sys_user SET web_service_access_only = ? WHERE user_name = 'lee.gu'"
    instance.store.execute(sql, ["true"])
    answer = browser.sign_in("lee.gu", password_of(instance.store, "lee.gu"))
    instance.store.execute(sql, ["false"])
    assert answer.status_code == 401


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    data = str(tmp_path / "sandbox.sqlite3")
    with serve(Installation(password=INTEGRATION_WORD), data=data) as running:
        body = token_answer(running, **PASSWORD, **CLIENT).json()
        row = Api(running.url, body["access_token"]).create("incident")
    with serve(data=data) as running:
        api = Api(running.url, body["access_token"])
        assert api.read(row)["number"] == row["number"]
        assert api.create("incident")["number"] == "INC0010002"


def test_a_new_password_in_the_environment_holds_for_old_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = str(tmp_path / "sandbox.sqlite3")
    serve(Installation(password=INTEGRATION_WORD), data=data).close()
    monkeypatch.setenv("SANDBOX_INTEGRATION_PASSWORD", "another")
    with serve(data=data) as running:
        assert token_answer(running, **PASSWORD, **CLIENT).status_code == 401
        form = {**PASSWORD, "password": "another"}
        assert token_answer(running, **form, **CLIENT).status_code == 200
