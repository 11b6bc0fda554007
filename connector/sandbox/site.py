"""The pages of the instance: sign-in and where each path leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from connector.sandbox import consent, people, web
from connector.sandbox.web import Html, PageError, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from connector.sandbox.control import Control
    from connector.sandbox.store import Store
    from connector.sandbox.web import Visit

_PUBLIC = {"/login.do", "/logout.do", "/oauth_auth.do", "/oauth_login.do", "/_sandbox/"}


@dataclass(frozen=True)
class Site:
    """Answers people."""

    store: Store
    control: Control
    portal: str

    def respond(self, request: Request) -> Response:
        """Answer with a page, or with one that says why not."""
        if request.path == "/site.css":
            css = (web.HTML / "site.css").read_text(encoding="utf-8")
            return Response(css, content_type="text/css;charset=UTF-8")
        visit = web.current(self.store, request)
        try:
            return self._page(visit)
        except PageError as error:
            content = fill("message", message=str(error))
            return visit.page("Not possible", content, error.status)

    def _page(self, visit: Visit) -> Response:
        routes: dict[str, Callable[[Visit], Response]] = {
            "/login.do": self._sign_in,
            "/oauth_login.do": self._sign_in,
            "/logout.do": self._sign_out,
            "/oauth_auth.do": lambda visit: consent.respond(self.store, visit),
            "/": self._home,
        }
        route = routes.get(visit.request.path)
        if route is None:
            raise PageError(404, "There is no such page.")
        if visit.user is None and visit.request.path not in _PUBLIC:
            return visit.go("/login.do")
        return route(visit)

    def _sign_in(self, visit: Visit) -> Response:
        problem = Html("")
        if visit.request.method == "POST":
            visit.check_token()
            user = _account(self.store, visit)
            if user is not None:
                return visit.sign_in(user).go(_next(visit))
            problem = fill(
                "_problem", text="User name or password invalid. Please try again."
            )
        content = fill(
            "login",
            action=visit.here,
            token=visit.hidden_token,
            problem=problem,
            user_name=visit.form("user_name"),
        )
        return visit.page("Log in", content, 401 if problem else 200)

    def _sign_out(self, visit: Visit) -> Response:
        if visit.request.method == "POST":
            visit.check_token()
            visit.end()
        return visit.go("/login.do")

    def _home(self, visit: Visit) -> Response:
        return visit.page("Home", Html(""))


def _account(store: Store, visit: Visit) -> people.User | None:
    name, password = visit.form("user_name"), visit.form("user_password")
    row = people.by_password(store, name, password)
    if row is None or row["web_service_access_only"] == "true":
        return None
    return people.load(store, row["sys_id"])


def _next(visit: Visit) -> str:
    """Return where to go after signing in: a path of this instance only."""
    wanted = str(visit.request.args.get("next", ""))
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_own else "/"
