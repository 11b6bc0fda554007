"""Microsoft Graph: Secure Score and service health, page by page, and states of controls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from connector import http
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.graph.announcements import (
    HealthIssue,
    HealthOverview,
    UpdateMessage,
    parse_issue,
    parse_message,
    parse_overview,
)
from connector.graph.limits import Gate
from connector.graph.records import (
    ControlProfile,
    SecureScore,
    Unreadable,
    parse_control_profile,
    parse_secure_score,
)

if TYPE_CHECKING:
    from requests import Session

    from connector.http import Answer

logger = logging.getLogger(__name__)

Row = TypeVar("Row")
TokenSource = Callable[[], str]
# Told after each page how many rows have come so far.
Progress = Callable[[int], None]

SCORES = "/security/secureScores"
PROFILES = "/security/secureScoreControlProfiles"
OVERVIEWS = "/admin/serviceAnnouncement/healthOverviews"
ISSUES = "/admin/serviceAnnouncement/issues"
ANNOUNCED = "/admin/serviceAnnouncement/messages"
# Of 1,000 that are possible: an issue carries all its posts.
LARGER_PAGES = {"Prefer": "odata.maxpagesize=250"}
# 90 scores or some 400 profiles are a few pages; more means links in a circle.
MOST_PAGES = 100

_Kinds = Mapping[int, tuple[type[ConnectorError], str]]
_KINDS: dict[int, tuple[type[ConnectorError], str]] = {
    401: (Unauthorized, "graph_unauthorized"),
    404: (Misconfigured, "graph_not_found"),
}
# A 403 does not always name the permission that is missing; the address does.
READ, WRITE, HEALTH, MESSAGES = (
    "SecurityEvents.Read.All",
    "SecurityEvents.ReadWrite.All",
    "ServiceHealth.Read.All",
    "ServiceMessage.Read.All",
)
FORBIDDEN = {
    READ: "graph_forbidden",
    WRITE: "graph_forbidden_write",
    HEALTH: "graph_forbidden_health",
    MESSAGES: "graph_forbidden_messages",
}
_KINDS_OF_ONE = _KINDS | {404: (Refused, "graph_control_unknown")}
# Required in the body: Graph passes the change on to whoever is named here.
_VENDOR = {
    "provider": "SecureScore",
    "providerVersion": None,
    "subProvider": None,
    "vendor": "Microsoft",
}


class Graph:
    """Microsoft Graph, used as an application.

    Every method raises `connector.exceptions` and nothing else.
    """

    def __init__(
        self,
        base_url: str,
        token: TokenSource,
        *,
        timeout: tuple[float, float] = http.TIMEOUT,
        private_ok: bool = False,
        session: Session | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._gate = gate or Gate()
        self._session = session or http.session(private_ok=private_ok)

    def secure_scores(
        self, *, days: int, progress: Progress | None = None
    ) -> list[SecureScore]:
        """Return the newest `days` daily scores, newest first."""
        rows = self._rows(SCORES, {"$top": str(days)}, progress)
        return list(_readable(rows, parse_secure_score))[:days]

    def control_profiles(
        self, *, progress: Progress | None = None
    ) -> list[ControlProfile]:
        """Return all improvement actions, whether scored here or not."""
        rows = self._rows(PROFILES, {}, progress)
        return list(_readable(rows, parse_control_profile))

    def control_profile(self, control_id: str) -> ControlProfile:
        """Return one improvement action with its state."""
        answer = self._send("GET", _path_of(control_id))
        if answer.status != 200:
            raise _failure(answer, _KINDS_OF_ONE)
        return _profile_in(answer)

    def set_control_state(
        self, control_id: str, *, state: str, comment: str, assigned_to: str
    ) -> ControlProfile | None:
        """Write the state of one improvement action.

        Return the action as Graph holds it now, or None where Graph only says that it
        was done. An error says whether the change may have been made.
        """
        body = {
            "assignedTo": assigned_to,
            "comment": comment,
            "state": state,
            "vendorInformation": _VENDOR,
        }
        # Undocumented for this resource, common to Graph: both answers are taken.
        answer = self._send(
            "PATCH", _path_of(control_id), json=body, prefer="return=representation"
        )
        if answer.status == 204:
            return None
        if answer.status != 200:
            error = _failure(answer, _KINDS_OF_ONE)
            error.committed = "maybe" if isinstance(error, Unavailable) else "no"
            raise error
        try:
            return _profile_in(answer)
        except Unavailable:
            return None

    def health_overviews(self) -> list[HealthOverview]:
        """Return the services of the organisation and their status."""
        return list(_readable(self._rows(OVERVIEWS, {}, None), parse_overview))

    def issues(self) -> list[HealthIssue]:
        """Return all issues Microsoft still tells, open or resolved, with their posts."""
        return list(_readable(self._announced(ISSUES), parse_issue))

    def messages(self) -> list[UpdateMessage]:
        """Return the messages of the message center."""
        return list(_readable(self._announced(ANNOUNCED), parse_message))

    def _announced(self, path: str) -> Iterator[Any]:
        return self._rows(path, {}, None, LARGER_PAGES)

    def _rows(
        self,
        path: str,
        params: Mapping[str, str],
        progress: Progress | None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Any]:
        url, seen, count = f"{self.base_url}{path}", set[str](), 0
        while url:
            seen.add(url)
            answer = self._get(url, params, headers or {})
            page = _page_of(answer)
            yield from page["value"]
            count += len(page["value"])
            if progress:
                progress(count)
            url, params = self._next_link(page, answer), {}
            if url in seen or len(seen) >= MOST_PAGES:
                words = f"The pages of {path} do not come to an end."
                raise Unavailable("unexpected_answer", answer.evidence(words))

    def _next_link(self, page: Mapping[str, Any], answer: Answer) -> str:
        """Return the next page's address; never one that takes the token elsewhere."""
        link = page.get("@odata.nextLink") or ""
        if link and _origin(str(link)) != _origin(self.base_url):
            words = "The next page is at another address than the first."
            raise Unavailable("unexpected_answer", answer.evidence(words))
        return str(link)

    def _get(
        self, url: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        answer = self._pass(http.Call("GET", url, params, headers=headers))
        if answer.status != 200:
            raise _failure(answer)
        return answer

    def _send(
        self, method: str, path: str, *, json: Any = None, prefer: str = ""
    ) -> Answer:
        headers = {"Prefer": prefer} if prefer else {}
        url = f"{self.base_url}{path}"
        return self._pass(http.Call(method, url, json=json, headers=headers))

    def _pass(self, call: http.Call) -> Answer:
        """Send a request when there is room for it, and keep what Graph asks to wait."""
        token = self._token()
        headers = {**call.headers, "Authorization": f"Bearer {token}"}
        signed = replace(call, headers=headers, secrets=(token,))
        with self._gate.passage():
            answer = http.send(self._session, signed, timeout=self._timeout)
            if answer.status in {429, 503} and answer.retry_after:
                self._gate.close(answer.retry_after)
        return answer


def _path_of(control_id: str) -> str:
    return f"{PROFILES}/{quote(control_id, safe='')}"


def _profile_in(answer: Answer) -> ControlProfile:
    body = answer.json()
    try:
        return parse_control_profile(body if isinstance(body, dict) else {})
    except Unreadable as error:
        raise Unavailable("unexpected_answer", answer.evidence()) from error


def _readable(rows: Iterator[Any], parse: Callable[[Any], Row]) -> Iterator[Row]:
    """Yield what can be read: one odd row must not hide all others."""
    for row in rows:
        try:
            yield parse(row if isinstance(row, Mapping) else {})
        except Unreadable as error:
            logger.warning("skipped %s", error)


def _page_of(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        return body
    raise Unavailable("unexpected_answer", answer.evidence())


def _failure(answer: Answer, kinds: _Kinds = _KINDS) -> ConnectorError:
    evidence = answer.evidence(_words(answer))
    if answer.status == 429:
        return Unavailable("rate_limited", evidence, retry_after=answer.retry_after)
    if answer.status >= 500:
        code = "server_error"
        return Unavailable(code, evidence, retry_after=answer.retry_after)
    if answer.status < 400:
        return Unavailable("unexpected_answer", evidence)
    if answer.status == 403:
        code = FORBIDDEN[permission_for(answer.call.method, answer.call.url)]
        return Misconfigured(code, evidence)
    kind, code = kinds.get(answer.status, (Refused, "graph_refused"))
    return kind(code, evidence)


def permission_for(method: str, url: str) -> str:
    """Return the application permission that a request needs."""
    if ANNOUNCED in url:
        return MESSAGES
    if "/admin/serviceAnnouncement/" in url:
        return HEALTH
    return READ if method in http.READS else WRITE


def _words(answer: Answer) -> str:
    """Return code and message of an error body, or "" for any other body."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    parts = [error.get("code"), error.get("message")]
    return ": ".join(part for part in parts if isinstance(part, str) and part)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()
