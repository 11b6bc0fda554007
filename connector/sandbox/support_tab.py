"""The tab Microsoft 365 support of an incident."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connector.sandbox import acl, support_artefacts, support_parts
from connector.sandbox.schema import TABLES
from connector.sandbox.support_app import ROLES
from connector.sandbox.support_calls import Calls
from connector.sandbox.support_client import Client, Failed
from connector.sandbox.support_settings import SCOPE
from connector.sandbox.web import Html, PageError, fill, join
from connector.sandbox.widgets import el, hidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

    Json = dict[str, Any]

PATH = f"/{SCOPE}_incident.do"
_ADMINISTRATOR = f"{SCOPE}.administrator"
_INCIDENT = TABLES["incident"]


def tabs(store: Store, visit: Visit, user: User, row: Row, *, is_tab: bool) -> Html:
    """Return the tabs above the form of an incident, or nothing if there is one only."""
    if not is_shown(store, visit, user, row):
        return Html("")
    query = _query(visit, row)
    links = {"Incident": "/incident.do", support_artefacts.TAB: PATH}
    current = support_artefacts.TAB if is_tab else "Incident"
    parts = [
        el(
            "a",
            label,
            href=f"{path}?{query}",
            aria_current="page" if label == current else False,
        )
        for label, path in links.items()
    ]
    return el("nav", *parts, class_="tabs", aria_label="Tabs of the form")


def is_shown(store: Store, visit: Visit, user: User, row: Row) -> bool:
    """Say whether the form of this incident has the tab, for this user and view."""
    is_there = bool(row["sys_id"]) and row["sys_class_name"] == _INCIDENT.name
    view = str(visit.request.args.get("sysparm_view", ""))
    return is_there and user.has(*ROLES) and support_artefacts.shows_tab(store, view)


def respond(store: Store, visit: Visit, user: User) -> Response:
    """Show the tab, or do what one of its forms asks for."""
    row = store.get(_INCIDENT, str(visit.request.args.get("sys_id", "")))
    if row is None or not acl.may_see(user, _INCIDENT, row):
        raise PageError(404, "Record not found, or you may not see it.")
    if not is_shown(store, visit, user, row):
        raise PageError(404, "This form has no such tab, for you or in this view.")
    tab = Tab(store, visit, user, row)
    return tab.act() if visit.request.method == "POST" else tab.show()


def _query(visit: Visit, row: Row) -> str:
    known = {"sys_id": row["sys_id"]}
    if view := str(visit.request.args.get("sysparm_view", "")):
        known["sysparm_view"] = view
    return urlencode(known)


@dataclass
class Tab:
    """What the connector says about one incident, to one user."""

    store: Store
    visit: Visit
    user: User
    row: Row
    # What goes on top of the form; the same words only once.
    messages: list[str] = field(default_factory=list)

    @property
    def _here(self) -> str:
        return f"{PATH}?{_query(self.visit, self.row)}"

    @property
    def _calls(self) -> Calls:
        client = Client(self.store, self.user, self._occasion)
        return Calls(client, self.row)

    @property
    def _occasion(self) -> str:
        """What the user did, in the connector's words."""
        if self.visit.request.method == "POST":
            return "saving"
        if self._argument("search"):
            return "search"
        known = {"solutions": "recommended", "contact": "contact"}
        return known.get(self._argument("show"), "solutions_again")

    def show(self, typed: dict[str, str] | None = None, status: int = 200) -> Response:
        """Ask for everything and show what came; `typed` is what a form was sent with."""
        solutions = self._attempt(self._find_solutions)
        health = self._attempt(self._calls.health)
        requests = self._attempt(self._calls.requests) if self._may_contact else None
        content = fill(
            "support_tab",
            tabs=tabs(self.store, self.visit, self.user, self.row, is_tab=True),
            heading=self.row["number"],
            short_description=self.row["short_description"],
            here=self._here,
            fields=self._hidden_fields(),
            search=self._argument("search"),
            solutions=self._solutions(solutions),
            health=support_parts.health(health),
            requests=self._requests(requests, typed or {}),
            problem=join(fill("_problem", text=text) for text in self.messages),
        )
        return self.visit.page(f"{self.row['number']}: Support", content, status)

    def act(self) -> Response:
        """Do what a form asks for; what was typed stays where that fails."""
        self.visit.check_token()
        acts = {"rate": self._rate, "open": self._open, "update": self._update}
        act = acts.get(self.visit.form("act"))
        if act is None:
            raise PageError(400, "The form does not say what to do.")
        try:
            act()
        except Failed as failure:
            self._say(failure)
            return self.show(self.visit.request.form.to_dict(), 422)
        return self.visit.go(self._here)

    @property
    def _may_contact(self) -> bool:
        return self.user.has(_ADMINISTRATOR)

    def _argument(self, name: str) -> str:
        return str(self.visit.request.args.get(name, "")).strip()

    def _hidden_fields(self) -> Html:
        names = ("sys_id", "sysparm_view")
        known = {name: self._argument(name) for name in names}
        return join(hidden(name, value) for name, value in known.items() if value)

    def _attempt(self, ask: Callable[[], Any]) -> Any:
        """Return what came; None where nothing shows up."""
        try:
            return ask()
        except Failed as failure:
            self._say(failure)
            return None

    def _say(self, failure: Failed) -> None:
        if failure.message and failure.message not in self.messages:
            self.messages.append(failure.message)

    def _find_solutions(self) -> Json:
        text = self._argument("search")
        if text or self._argument("show") == "solutions":
            return self._calls.solutions(text)
        return self._calls.last_solutions()

    def _solutions(self, found: Json | None) -> Html:
        return support_parts.solutions(found, self.visit.hidden_token, self._here)

    def _requests(self, found: list[Json] | None, typed: dict[str, str]) -> Html:
        """Show the service requests; nothing at all where they could not be had."""
        if not self._may_contact:
            return Html("")
        link = el(
            "a",
            "Contact Microsoft support",
            href=f"{self._here}&show=contact#contact",
            class_="button",
        )
        is_sent = typed.get("act") == "open"
        is_asked = self._argument("show") == "contact" and found is not None
        parts = [self._contact(typed) if is_sent or is_asked else el("p", link)]
        parts += [self._request(one, typed) for one in found or []]
        heading = el("h2", "Microsoft service requests", id="requests-heading")
        return el(
            "section", heading, *parts, class_="box", aria_labelledby="requests-heading"
        )

    def _contact(self, typed: dict[str, str]) -> Html:
        person = self.store.first("sys_user", sys_id=self.user.sys_id) or {}
        usual = {
            # Made here: sent twice, it opens one request.
            "id": str(uuid.uuid4()),
            "title": self.row["short_description"],
            "description": self.row["description"] or self.row["short_description"],
            "name": self.user.name,
            "email": person.get("email", ""),
            "phone": person.get("phone", ""),
            "severity": support_parts.severity_of(self.row),
        }
        values = usual | {name: typed[name] for name in usual if name in typed}
        return support_parts.contact(values, self.visit.hidden_token, self._here)

    def _request(self, request: Json, typed: dict[str, str]) -> Html:
        is_this = typed.get("reference") == str(request.get("reference", ""))
        kept = typed if is_this else {}
        values = {
            "id": kept.get("id", str(uuid.uuid4())),
            "text": kept.get("text", ""),
        }
        return support_parts.request(
            request, values, self.visit.hidden_token, self._here
        )

    def _rate(self) -> None:
        form = self.visit.form
        is_helpful = form("helpful") == "true"
        self._calls.rate(form("solution"), form("search_id"), helpful=is_helpful)

    def _open(self) -> None:
        names = ("id", "title", "description", "severity", "name", "email", "phone")
        self._calls.open({name: self.visit.form(name) for name in names})

    def _update(self) -> None:
        form = self.visit.form
        wish = {"id": form("id"), "text": form("text")}
        self._calls.add(form("reference"), wish, close=form("close") == "true")
