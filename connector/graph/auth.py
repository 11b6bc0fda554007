"""Tokens of Microsoft Entra ID: for Graph a fixed one or, as for any application, msal."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from connector import http
from connector.exceptions import Evidence, Misconfigured, Unauthorized, Unavailable
from connector.graph.client import Graph
from connector.redaction import clean

if TYPE_CHECKING:
    from msal import ConfidentialClientApplication

    from connector.http import Answer

AUTHORITY = "https://login.microsoftonline.com"
SCOPES = ["https://graph.microsoft.com/.default"]


@dataclass(frozen=True)
class Credentials:
    """An application in a directory, with its secret."""

    directory: str
    client_id: str
    secret: str = field(repr=False)
    authority: str = AUTHORITY


def connect() -> Graph:
    """Return Microsoft Graph as the settings name it; nothing is sent yet."""
    timeout = (settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT)
    # A fixed token means a stand-in or gateway, which may be on a private address.
    return Graph(
        settings.GRAPH_BASE_URL,
        access_token,
        timeout=timeout,
        private_ok=bool(settings.GRAPH_ACCESS_TOKEN),
    )


def is_configured() -> bool:
    """Say whether a token can be had at all."""
    credentials = (
        settings.GRAPH_TENANT_ID,
        settings.GRAPH_CLIENT_ID,
        settings.GRAPH_CLIENT_SECRET,
    )
    return bool(settings.GRAPH_ACCESS_TOKEN) or all(credentials)


def access_token() -> str:
    """Return a bearer token; msal keeps it until shortly before it ends."""
    if not is_configured():
        raise Misconfigured("graph_not_configured")
    if settings.GRAPH_ACCESS_TOKEN:
        return str(settings.GRAPH_ACCESS_TOKEN)
    application = _application(
        settings.GRAPH_TENANT_ID,
        settings.GRAPH_CLIENT_ID,
        settings.GRAPH_CLIENT_SECRET,
    )
    return _acquire(application, SCOPES, settings.GRAPH_CLIENT_SECRET)


def application_token(credentials: Credentials, scope: str) -> str:
    """Return a token of any application, asked for anew: nothing is kept of it."""
    application = _build(credentials)
    return _acquire(application, [scope], credentials.secret)


def _acquire(
    application: ConfidentialClientApplication, scopes: list[str], secret: str
) -> str:
    try:
        answer = application.acquire_token_for_client(scopes)
    except ValueError as error:
        raise Unavailable("unexpected_answer", Evidence(url=AUTHORITY)) from error
    if "access_token" not in answer:
        raise _refusal(answer, secret)
    return str(answer["access_token"])


@lru_cache(maxsize=1)
def _application(
    tenant_id: str, client_id: str, secret: str
) -> ConfidentialClientApplication:
    return _build(Credentials(tenant_id, client_id, secret))


def _build(credentials: Credentials) -> ConfidentialClientApplication:
    # Imported late: it is heavy, and its constructor already asks the network.
    import msal

    try:
        return msal.ConfidentialClientApplication(
            credentials.client_id,
            client_credential=credentials.secret,
            authority=f"{credentials.authority}/{credentials.directory}",
            # The host is known: no need to ask about its other names.
            instance_discovery=False,
            http_client=_HttpClient(credentials.secret),
        )
    except ValueError as error:
        words = clean(str(error), (credentials.secret,))
        raise Misconfigured("graph_tenant_unknown", Evidence(words)) from error


def _refusal(answer: dict[str, Any], secret: str) -> Unauthorized:
    words = f"{answer.get('error', '')}: {answer.get('error_description', '')}"
    evidence = Evidence(
        words=clean(words, (secret,)),
        request_id=str(answer.get("correlation_id", ""))[:100],
        url=AUTHORITY,
    )
    return Unauthorized("graph_sign_in_failed", evidence)


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

    def __init__(self, secret: str) -> None:
        self._secrets = (secret,)

    def get(
        self, url: str, *, params: Any = None, headers: Any = None, **_: Any
    ) -> Any:
        return self._send(http.Call("GET", url, params or {}, headers=headers or {}))

    def post(
        self,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        **_: Any,
    ) -> Any:
        return self._send(
            http.Call(
                "POST",
                url,
                params or {},
                form=data or {},
                headers=headers or {},
                secrets=self._secrets,
            )
        )

    def close(self) -> None:
        """Do nothing: the session is the process's own."""

    def _send(self, call: http.Call) -> _Response:
        answer = http.send(http.session(), call)
        if answer.status == 429 or answer.status >= 500:
            # msal would take the page of an outage for an answer.
            evidence = answer.evidence()
            code = "rate_limited" if answer.status == 429 else "server_error"
            raise Unavailable(code, evidence, retry_after=answer.retry_after)
        return _Response(answer)
