"""The REST interface: which session, which resource."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from connector.sandbox import (
    aggregates,
    answers,
    attachments,
    batch,
    changerest,
    customs,
    knowledge,
    shortened,
    tables,
    xml_answers,
)
from connector.sandbox.acl import Restrictions
from connector.sandbox.answers import Refusal
from connector.sandbox.callers import caller
from connector.sandbox.schema import TABLES
from connector.sandbox.sessions import ApiSessions, Dropped

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.faults import Faults
    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.sessions import ApiSession
    from connector.sandbox.store import Store

_ACCEPTED = ("application/json", "application/xml", "text/xml")
_OVERRIDE = "HTTP_X_HTTP_METHOD_OVERRIDE"


@dataclass
class Api:
    """Everything under /api/."""

    store: Store
    faults: Faults
    restrictions: Restrictions = field(default_factory=Restrictions)
    sessions: ApiSessions = field(default_factory=ApiSessions)
    requests: Counter[str] = field(default_factory=Counter)

    def respond(self, request: Request) -> Response:
        """Answer one request in its session."""
        request = _with_method(request)
        table = _subject(request.path)
        self.requests["table" if "/table/" in request.path else "api"] += 1
        try:
            with self.sessions.enter(request.cookies.get("JSESSIONID", "")) as session:
                response = self.faults.run(
                    "table",
                    request.method,
                    table,
                    lambda: self._answer(request, session),
                )
                return answers.dress(response, session.id, is_secure=request.is_secure)
        except Dropped:
            return Response(status=202)

    def _answer(self, request: Request, session: ApiSession) -> Response:
        try:
            user = caller(self.store, request, session)
        except Refusal as refusal:
            return refusal.response()
        return self.serve(request, user)

    def serve_with_faults(self, request: Request, user: User) -> Response:
        """Answer one of several requests of a batch."""
        table = _subject(request.path)
        return self.faults.run(
            "table", request.method, table, lambda: self.serve(request, user)
        )

    def serve(self, request: Request, user: User) -> Response:
        """Answer what a known user asks."""
        request = shortened.expand(self.store, request)
        try:
            response = self._route(request, user)
        except Refusal as refusal:
            response = refusal.response()
        return (
            xml_answers.converted(response)
            if xml_answers.is_wanted(request)
            else response
        )

    def _route(self, request: Request, user: User) -> Response:
        for pattern, resource in _RESOURCES:
            if match := pattern.fullmatch(request.path):
                return resource(self, request, user, match)
        message = "Requested URI does not represent any resource"
        raise Refusal(400, f"{message}: {request.path}")

    def call(
        self, request: Request, user: User, table: str, version: str
    ) -> tables.Call:
        """Return a request to a table; raises Refusal if there is no such table."""
        found = customs.extended(self.store, table_named(table))
        return tables.Call(self.store, request, user, found, version, self.restrictions)


def table_named(name: str) -> Table:
    """Return a table; raises Refusal if there is no such table."""
    if name not in TABLES:
        raise Refusal(400, f"Invalid table {name}")
    return TABLES[name]


def _with_method(request: Request) -> Request:
    """Let a header name the method, for clients that can only GET and POST."""
    method = request.environ.get(_OVERRIDE, "").upper()
    if not method:
        return request
    return Request({**request.environ, "REQUEST_METHOD": method})


def _subject(path: str) -> str:
    """Return the table a request is about, empty if its path does not say."""
    if path.startswith("/api/sn_chg_rest/"):
        return "change_request"
    match = _SUBJECT.match(path)
    return match[1] if match else ""


def _table(api: Api, request: Request, user: User, match: re.Match[str]) -> Response:
    _check_accept(request)
    version, name, sys_id = match.groups()
    return tables.answer(api.call(request, user, name, version or ""), sys_id)


def _tiny(api: Api, request: Request, _user: User, _match: re.Match[str]) -> Response:
    if request.method != "POST":
        raise answers.not_allowed(request.method)
    return shortened.create(api.store, request)


def _check_accept(request: Request) -> None:
    accepted = request.accept_mimetypes
    if accepted and not accepted.best_match(_ACCEPTED):
        media = ", ".join(_ACCEPTED)
        message = f"Supported response media types for this service are: [{media}]"
        raise Refusal(406, f"Requested media type is not acceptable. {message}", "")


_NOW = r"/api/now/(?:(v1|v2)/)?"
_SUBJECT = re.compile(rf"{_NOW}(?:table|stats)/([^/]+)".replace("(v1|v2)", "v1|v2"))
_RESOURCES: list[
    tuple[re.Pattern[str], Callable[[Api, Request, User, re.Match[str]], Response]]
] = [
    (re.compile(rf"{_NOW}table/([^/]+)(?:/([^/]+))?/?"), _table),
    (re.compile(rf"{_NOW}tinyurl/?"), _tiny),
    (re.compile(rf"{_NOW}stats/([^/]+)/?"), aggregates.answer),
    (re.compile(rf"{_NOW}batch/?"), batch.answer),
    (re.compile(rf"{_NOW}attachment(?:/([^/]+)(?:/([^/]+))?)?/?"), attachments.answer),
    (re.compile(r"/api/sn_chg_rest/(?:v1/)?change((?:/[^/]+)*)/?"), changerest.answer),
    (
        re.compile(r"/api/sn_km_api/(?:v1/)?knowledge/articles(?:/([^/]+))?/?"),
        knowledge.answer,
    ),
]
