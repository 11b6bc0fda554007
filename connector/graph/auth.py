"""The token for Microsoft Graph: a fixed one, or client credentials through msal."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from connector import http
from connector.exceptions import (
    ConnectorError,
    Evidence,
    Misconfigured,
    Unauthorized,
    Unavailable,
)
from connector.graph import limits
from connector.graph.client import Graph
from connector.redaction import clean

if TYPE_CHECKING:
    from msal import ConfidentialClientApplication

    from connector.http import Answer

# What msal is told wherever the requests go: it wants https, a stand-in has none.
AUTHORITY = "https://login.microsoftonline.com"

# The numbers of Microsoft Entra ID's refusals that tell what is to be mended.
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_REFUSALS: dict[str, tuple[type[ConnectorError], str]] = {
    "7000222": (Unauthorized, "graph_secret_expired"),
    "7000215": (Unauthorized, "graph_secret_wrong"),
    "700027": (Unauthorized, "graph_certificate_refused"),
    "700016": (Misconfigured, "graph_application_unknown"),
    "7000229": (Misconfigured, "graph_application_unknown"),
    "7000112": (Misconfigured, "graph_application_disabled"),
    "90002": (Misconfigured, "graph_tenant_unknown"),
    "900023": (Misconfigured, "graph_tenant_unknown"),
    "65001": (Misconfigured, "graph_consent_missing"),
    "53003": (Misconfigured, "graph_access_blocked"),
}
_NUMBER = re.compile(r"AADSTS(\d+)")


@dataclass(frozen=True)
class Credentials:
    """What the portal signs in with: a secret, a certificate, or a token given to it."""

    directory_id: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    # Where it signs in; empty for where Graph's own cloud does.
    authority: str = ""

    @property
    def sign_in(self) -> str:
        """The address of the authority."""
        return self.authority or str(settings.GRAPH_AUTHORITY)

    @property
    def is_complete(self) -> bool:
        has_key = bool(self.secret) or bool(self.private_key and self.certificate)
        return bool(self.token) or bool(
            self.directory_id and self.client_id and has_key
        )


def from_settings() -> Credentials:
    """Return what the environment says, complete or not."""
    return Credentials(
        directory_id=settings.GRAPH_TENANT_ID,
        client_id=settings.GRAPH_CLIENT_ID,
        secret=settings.GRAPH_CLIENT_SECRET,
        token=settings.GRAPH_ACCESS_TOKEN,
    )


def connect(credentials: Credentials, *, token: str = "") -> Graph:
    """Return Microsoft Graph for these credentials; nothing is sent yet.

    With a `token` that one is used, whatever is kept.
    """
    return Graph(
        settings.GRAPH_BASE_URL,
        (lambda: token) if token else (lambda: access_token(credentials)),
        timeout=(settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT),
        private_ok=_is_stand_in(settings.GRAPH_BASE_URL) or bool(credentials.token),
        gate=limits.gate_of(f"{credentials.directory_id}/{credentials.client_id}"),
    )


def access_token(credentials: Credentials) -> str:
    """Return a bearer token; msal keeps it until shortly before it ends."""
    _require(credentials)
    return credentials.token or _acquire(_application(credentials), credentials)


def fresh_token(credentials: Credentials) -> str:
    """Return a token asked for now: a kept one does not know what was granted since."""
    _require(credentials)
    return credentials.token or _acquire(_made(credentials), credentials)


def application_token(credentials: Credentials, scope: str) -> str:
    """Return a token of any application, asked for anew: nothing is kept of it."""
    return _acquire(_made(credentials), credentials, scope)


def forget_tokens() -> None:
    """Have every next token asked for anew, as after a refusal."""
    _application.cache_clear()


def permissions_in(token: str) -> list[str] | None:
    """Return the application permissions a token carries, or None if it is opaque.

    They are only shown; what a token really allows is up to Graph.
    """
    try:
        payload = token.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError):
        return None
    roles = claims.get("roles", []) if isinstance(claims, dict) else None
    return sorted(map(str, roles)) if isinstance(roles, list) else None


def _require(credentials: Credentials) -> None:
    if not credentials.is_complete:
        raise Misconfigured("graph_not_configured")


def _acquire(
    application: ConfidentialClientApplication,
    credentials: Credentials,
    scope: str = "",
) -> str:
    try:
        answer = application.acquire_token_for_client([scope or _scope()])
    except ValueError as error:
        evidence = Evidence(url=credentials.sign_in)
        raise Unavailable("unexpected_answer", evidence) from error
    if "access_token" not in answer:
        raise _refusal(answer, credentials)
    return str(answer["access_token"])


def _made(credentials: Credentials) -> ConfidentialClientApplication:
    # Imported late: it is heavy, and its constructor already asks the network.
    import msal

    wire = _HttpClient(credentials)
    base = AUTHORITY if _is_stand_in(credentials.sign_in) else credentials.sign_in
    try:
        return msal.ConfidentialClientApplication(
            credentials.client_id,
            client_credential=_credential(credentials),
            authority=f"{base}/{credentials.directory_id}",
            # The host is known: no need to ask about its other names.
            instance_discovery=False,
            http_client=wire,
        )
    except ValueError as error:
        raise _unknown_directory(wire, str(error), credentials) from error


@lru_cache(maxsize=64)
def _application(credentials: Credentials) -> ConfidentialClientApplication:
    return _made(credentials)


def _credential(credentials: Credentials) -> str | dict[str, str]:
    if credentials.secret:
        return credentials.secret
    return {
        "private_key": credentials.private_key,
        "public_certificate": credentials.certificate,
    }


def _scope() -> str:
    """Return the scope of the cloud that is asked; a stand-in plays the global one."""
    parts = urlsplit(settings.GRAPH_BASE_URL)
    host = parts.netloc if parts.scheme == "https" else "graph.microsoft.com"
    return f"https://{host}/.default"


def _is_stand_in(url: str) -> bool:
    # Microsoft answers over https alone.
    return url.startswith("http://")


def _unknown_directory(
    wire: _HttpClient, words: str, credentials: Credentials
) -> ConnectorError:
    """Return why msal could not begin, in the words of Entra where it had any."""
    said = wire.last.json() if wire.last else None
    if isinstance(said, dict) and said.get("error_description"):
        words = f"{said.get('error', '')}: {said['error_description']}"
    evidence = Evidence(clean(words, _secrets(credentials)), url=credentials.sign_in)
    return Misconfigured("graph_tenant_unknown", evidence)


def _refusal(answer: dict[str, Any], credentials: Credentials) -> ConnectorError:
    words = f"{answer.get('error', '')}: {answer.get('error_description', '')}"
    number = _NUMBER.search(words)
    kind, code = _REFUSALS.get(
        number[1] if number else "", (Unauthorized, "graph_sign_in_failed")
    )
    evidence = Evidence(
        words=clean(words, _secrets(credentials)),
        request_id=str(answer.get("correlation_id", ""))[:100],
        url=credentials.sign_in,
    )
    return kind(code, evidence)


def _secrets(credentials: Credentials) -> tuple[str, ...]:
    return tuple(filter(None, (credentials.secret, credentials.private_key)))


class _Response:
    """An answer in the shape msal reads."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = dict(answer.headers)
        self.text = answer.text

    def raise_for_status(self) -> None:
        """Do nothing: msal judges by the status and the body."""


class _HttpClient:
    """What msal sends through, so that limits and errors are those of connector.http."""

    def __init__(self, credentials: Credentials) -> None:
        self._secrets = _secrets(credentials)
        self._sign_in = credentials.sign_in
        self.last: Answer | None = None

    def get(
        self, url: str, *, params: Any = None, headers: Any = None, **_: Any
    ) -> Any:
        return self._send(
            http.Call("GET", self._real(url), params or {}, headers=headers or {})
        )

    def post(
        self,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        **_: Any,
    ) -> Any:
        form = data or {}
        secrets = (*self._secrets, str(form.get("client_assertion") or ""))
        return self._send(
            http.Call(
                "POST",
                self._real(url),
                params or {},
                form=form,
                headers=headers or {},
                secrets=tuple(filter(None, secrets)),
            )
        )

    def close(self) -> None:
        """Do nothing: the session is the process's own."""

    def _send(self, call: http.Call) -> _Response:
        session = http.session(private_ok=_is_stand_in(self._sign_in))
        answer = self.last = http.send(session, call)
        if answer.status == 429 or answer.status >= 500:
            # msal would take the page of an outage for an answer.
            evidence = answer.evidence()
            code = "rate_limited" if answer.status == 429 else "server_error"
            raise Unavailable(code, evidence, retry_after=answer.retry_after)
        return _Response(answer)

    def _real(self, url: str) -> str:
        """Return where a request to the authority really goes."""
        if not _is_stand_in(self._sign_in):
            return url
        return url.replace(AUTHORITY, self._sign_in, 1)
