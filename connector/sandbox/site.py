"""The pages of the instance: where each address leads, and signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.wrappers import Response

from connector.sandbox import (
    checklist,
    consent,
    entra_page,
    knobs,
    people,
    platform_lists,
    recordform,
    support_pages,
    support_tab,
    web,
    worklist,
)
from connector.sandbox.administration import MENU, Administration
from connector.sandbox.checklist import SCOPE, Checklist
from connector.sandbox.schema import TABLES, TASK_CLASSES
from connector.sandbox.web import Html, PageError, fill, join
from connector.sandbox.widgets import el

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from connector.sandbox.control import Control
    from connector.sandbox.people import User
    from connector.sandbox.store import Store
    from connector.sandbox.web import Visit

    Route = Callable[[Visit], Response]

_FRAME = "/now/nav/ui/classic/params/target/"


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
        path = visit.request.path
        if path == "/nav_to.do" or path.startswith(_FRAME):
            return visit.go(_inside_frame(visit))
        if route := self._public().get(path):
            return route(visit)
        if visit.user is None:
            return visit.go(f"/login.do?next={quote(visit.here, safe='')}")
        if route := self._private(visit.user).get(path):
            return route(visit)
        raise PageError(404, "There is no such page.")

    def _public(self) -> dict[str, Route]:
        return {
            "/login.do": self._sign_in,
            "/oauth_login.do": self._sign_in,
            # Past single sign-on.
            "/side_door.do": self._sign_in,
            "/logout.do": self._sign_out,
            "/oauth_auth.do": lambda visit: consent.respond(self.store, visit),
            "/_sandbox/": lambda visit: knobs.respond(self.control, visit),
            entra_page.PATH: lambda visit: entra_page.respond(
                self.store, self.control.directory, visit
            ),
        }

    def _private(self, user: User) -> dict[str, Route]:
        routes: dict[str, Route] = {
            "/": lambda visit: _home(visit, user),
            f"/{SCOPE}/checklist": lambda visit: self._checklist(visit, user),
            f"/{SCOPE}/status": lambda visit: checklist.status(self.store, visit, user),
            support_tab.PATH: lambda visit: support_tab.respond(
                self.store, visit, user
            ),
        }
        for name in TASK_CLASSES:
            routes[f"/{name}_list.do"] = self._list(name, user)
            routes[f"/{name}.do"] = self._record(name, user)
        for path, page in support_pages.routes().items():
            routes[path] = self._app_page(page, user)
        for name in platform_lists.MENU:
            routes[f"/{name}_list.do"] = self._log(name, user)
        for name in MENU:
            routes[f"/{name}_list.do"] = self._platform_list(name, user)
            routes[f"/{name}.do"] = self._platform_record(name, user)
        return routes

    def _checklist(self, visit: Visit, user: User) -> Response:
        return Checklist(self.store, visit, self.portal).respond(user)

    def _app_page(self, page: support_pages.Page, user: User) -> Route:
        return lambda visit: page(self.store, visit, user)

    def _log(self, name: str, user: User) -> Route:
        return lambda visit: platform_lists.respond(self.store, visit, user, name)

    def _list(self, name: str, user: User) -> Route:
        return lambda visit: worklist.respond(self.store, visit, user, TABLES[name])

    def _record(self, name: str, user: User) -> Route:
        return lambda visit: recordform.respond(self.store, visit, user, TABLES[name])

    def _platform_list(self, name: str, user: User) -> Route:
        kind = TABLES[name]
        return lambda visit: Administration(self.store, visit, user, kind).list()

    def _platform_record(self, name: str, user: User) -> Route:
        kind = TABLES[name]
        return lambda visit: Administration(self.store, visit, user, kind).record()

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


def _home(visit: Visit, user: User) -> Response:
    links = {
        "/incident_list.do": "Incidents",
        "/change_request_list.do": "Change requests",
    }
    if user.has("itil"):
        links[f"/{SCOPE}/status"] = "Connection status"
    if user.has("admin"):
        links[f"/{SCOPE}/checklist"] = "Installation checklist"
        links |= {f"/{name}_list.do": label for name, label in MENU.items()}
    links |= {
        path: f"Microsoft 365 support > {label}"
        for path, label in support_pages.links(user).items()
    }
    if user.has("admin"):
        links |= {
            f"/{name}_list.do": label for name, label in platform_lists.MENU.items()
        }
    links["/_sandbox/"] = "Sandbox: faults and figures"
    links[entra_page.PATH] = "Sandbox: Microsoft Entra ID"
    tiles = [el("li", el("a", label, href=url)) for url, label in links.items()]
    return visit.page("Home", fill("home", name=user.name, tiles=join(tiles)))


def _inside_frame(visit: Visit) -> str:
    """Return the page an address of the classic frame wants to show."""
    target = visit.request.path.removeprefix(_FRAME)
    if visit.request.path == "/nav_to.do":
        target = str(visit.request.args.get("uri", ""))
    return _own_path("/" + target.lstrip("/"))


def _account(store: Store, visit: Visit) -> User | None:
    name, password = visit.form("user_name"), visit.form("user_password")
    row = people.by_password(store, name, password)
    if row is None or row["web_service_access_only"] == "true":
        return None
    return people.load(store, row["sys_id"])


def _next(visit: Visit) -> str:
    return _own_path(str(visit.request.args.get("next", "")))


def _own_path(wanted: str) -> str:
    """Return a path of this instance; anything else leads home."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_own else "/"
