"""The REST interface: who asks, which session, which resource."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from connector.sandbox import answers, grants, people, tables
from connector.sandbox.acl import Restrictions
from connector.sandbox.answers import Refusal
from connector.sandbox.schema import TABLES
from connector.sandbox.sessions import ApiSessions, Dropped

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from connector.sandbox.faults import Faults
    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.sessions import ApiSession
    from connector.sandbox.store import Store

_TABLE_PATH = re.compile(r"/api/now/(?:(v1|v2)/)?table/([^/]+)(?:/([^/]+))?/?")
_BASIC = "glide.authenticate.basic_auth"
_ACCEPTED = ("application/json", "application/xml", "text/xml")


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
        match = _TABLE_PATH.fullmatch(request.path)
        self.requests["table" if match else "api"] += 1
        table = match[2] if match else ""
        try:
            with self.sessions.enter(request.cookies.get("JSESSIONID", "")) as session:
                response = self.faults.run(
                    "table",
                    request.method,
                    table,
                    lambda: self._answer(request, match, session),
                )
                is_signed_in = response.status_code != 401
                return answers.dress(response, session.id, is_signed_in=is_signed_in)
        except Dropped:
            return Response(status=202)

    def _answer(
        self, request: Request, match: re.Match[str] | None, session: ApiSession
    ) -> Response:
        try:
            user = self._user(request, session)
            if match is None:
                message = "Requested URI does not represent any resource"
                raise Refusal(400, f"{message}: {request.path}")
            _check_accept(request)
            version, name, sys_id = match.groups()
            call = tables.Call(
                self.store,
                request,
                user,
                _table(name),
                version or "",
                self.restrictions,
            )
            return tables.answer(call, sys_id)
        except Refusal as refusal:
            return refusal.response()

    def _user(self, request: Request, session: ApiSession) -> User:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        user = None
        if scheme.lower() == "bearer":
            user = grants.user_of(self.store, given.strip())
        elif scheme.lower() == "basic":
            user = self._by_password(given.strip())
        elif session.user_id:
            user = self._by_cookie(request, session)
        if user is None:
            raise answers.unauthorized()
        session.user_id = user.sys_id
        return user

    def _by_password(self, given: str) -> User | None:
        """Check a password; most people are kept out, and are not told so."""
        row = people.by_password(self.store, *grants.basic_credentials(given))
        user = people.load(self.store, row["sys_id"]) if row else None
        if row is None or user is None:
            return None
        is_free = not self.store.is_on(f"{_BASIC}.restriction.enforce")
        is_service = row["web_service_access_only"] == "true"
        # Named by its own role only: an admin does not have it by being one.
        has_role = "snc_basic_auth_api_access" in user.roles
        return user if is_free or is_service or has_role else None

    def _by_cookie(self, request: Request, session: ApiSession) -> User | None:
        if request.headers.get("X-UserToken") == session.token:
            return people.load(self.store, session.user_id)
        refusal = answers.unauthorized()
        headers = {"X-UserToken-Response": session.token}
        raise Refusal(401, refusal.message, refusal.detail, headers)


def _table(name: str) -> Table:
    if name not in TABLES:
        raise Refusal(400, f"Invalid table {name}")
    return TABLES[name]


def _check_accept(request: Request) -> None:
    accepted = request.accept_mimetypes
    if accepted and not accepted.best_match(_ACCEPTED):
        media = ", ".join(_ACCEPTED)
        message = f"Supported response media types for this service are: [{media}]"
        raise Refusal(406, f"Requested media type is not acceptable. {message}", "")
