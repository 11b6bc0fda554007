"""The token endpoint of an instance: exchange, renew, revoke."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector import http
from connector.exceptions import ConnectorError, Unauthorized, Unavailable
from connector.redaction import looks_like_html
from connector.servicenow.answers import error_of, words_of

if TYPE_CHECKING:
    from connector.http import Answer

# What an instance gives when it does not say: half an hour.
DEFAULT_LIFETIME = 1800


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint handed out; secrets stay out of `repr`."""

    access_token: str = field(repr=False)
    expires_in: int
    # None when the instance left it out: the old one stays valid.
    refresh_token: str | None = field(repr=False)
    scope: str


@dataclass(frozen=True)
class OAuthClient:
    """The portal as the instance's Application Registry knows it."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    private_ok: bool = False
    timeout: tuple[float, float] = http.TIMEOUT

    def send(self, call: http.Call) -> Answer:
        session = http.session(private_ok=self.private_ok)
        return http.send(session, call, timeout=self.timeout)


def exchange_code(
    client: OAuthClient, *, code: str, code_verifier: str, redirect_uri: str
) -> Tokens:
    """Exchange an authorization code for tokens; a code lives for 60 seconds."""
    return _request_tokens(
        client,
        "exchange_rejected",
        grant_type="authorization_code",
        code=code,
        code_verifier=code_verifier,
        redirect_uri=redirect_uri,
    )


def refresh(client: OAuthClient, refresh_token: str) -> Tokens:
    """Return a new access token; usually without a new refresh token."""
    return _request_tokens(
        client,
        "refresh_rejected",
        grant_type="refresh_token",
        refresh_token=refresh_token,
    )


def client_credentials(client: OAuthClient) -> Tokens:
    """Return a token of the user the entity stands for; it is never renewed."""
    tokens = _request_tokens(client, "client_rejected", grant_type="client_credentials")
    return replace(tokens, refresh_token=None)


def password_grant(client: OAuthClient, *, user_name: str, password: str) -> Tokens:
    """Return tokens of a user whose password is known."""
    return _request_tokens(
        client,
        "password_grant_rejected",
        grant_type="password",
        username=user_name,
        password=password,
    )


def revoke(client: OAuthClient, token: str) -> None:
    """Make the instance forget a token."""
    url = f"{client.base_url}/oauth_revoke_token.do"
    answer = client.send(http.Call("GET", url, {"token": token}, secrets=(token,)))
    # A page instead of an empty answer: asleep, or somebody else answered.
    if answer.status not in {200, 204} or looks_like_html(answer.text):
        raise error_of(answer)


def _request_tokens(client: OAuthClient, rejected: str, **grant: str) -> Tokens:
    # In the body alone: fresh instances refuse parameters in the address.
    form = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **grant,
    }
    secrets = tuple(
        form[name]
        for name in (
            *("client_secret", "code", "code_verifier", "refresh_token"),
            "password",
        )
        if form.get(name)
    )
    url = f"{client.base_url}/oauth_token.do"
    answer = client.send(http.Call("POST", url, form=form, secrets=secrets))
    if answer.status in {400, 401, 403}:
        raise _rejection(rejected, answer)
    return _tokens(answer)


def _rejection(code: str, answer: Answer) -> ConnectorError:
    """Read a refusal: whatever its wording, a new authorization is needed."""
    error = error_of(answer)
    if error.code == "ip_restricted":
        return error
    return Unauthorized(code, answer.evidence(words_of(answer)))


def _tokens(answer: Answer) -> Tokens:
    body: Any = answer.json()
    if answer.status != 200:
        raise error_of(answer)
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
        raise _not_tokens(answer)
    return Tokens(
        access_token=body["access_token"],
        expires_in=_whole(body.get("expires_in")),
        refresh_token=body.get("refresh_token") or None,
        scope=str(body.get("scope") or ""),
    )


def _not_tokens(answer: Answer) -> ConnectorError:
    error = error_of(answer)
    if isinstance(error, Unavailable):
        error.committed = "no"
    return error


def _whole(number: Any) -> int:
    try:
        return int(number)
    except (TypeError, ValueError):
        return DEFAULT_LIFETIME
