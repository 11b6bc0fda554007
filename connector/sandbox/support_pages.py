"""The pages of the app on the instance: their frame, Link Account, Contact Support."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sandbox import support_settings, support_setup, support_tab
from connector.sandbox.schema import TABLES
from connector.sandbox.support_app import ROLES
from connector.sandbox.support_settings import SCOPE
from connector.sandbox.web import Html, PageError, fill, join
from connector.sandbox.widgets import el, facts, labelled, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.store import Store
    from connector.sandbox.web import Visit

    Page = Callable[[Store, Visit, User], Response]

_ADMINISTRATOR = f"{SCOPE}.administrator"
_LINK, _CONTACT = f"/{SCOPE}/link_account", f"/{SCOPE}/contact_support"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def links(user: User) -> dict[str, str]:
    """Return the section of the navigation, address to label, as this user sees it."""
    if not user.has(*ROLES):
        return {}
    setup = {support_setup.PATH: "Setup"} if user.has("admin") else {}
    own = {_LINK: "Link Account", _CONTACT: "Contact Support"}
    return setup | (own if user.has(_ADMINISTRATOR) else {})


def routes() -> dict[str, Page]:
    """Return the pages by address."""
    return {support_setup.PATH: _setup, _LINK: _link_account, _CONTACT: _contact}


def _framed(
    visit: Visit, user: User, title: str, content: Html, problem: str = ""
) -> Response:
    known = links(user)
    parts = [
        el("a", label, href=path, aria_current=is_here(visit, path))
        for path, label in known.items()
    ]
    body = fill(
        "support_page",
        links=join(parts),
        title=title,
        problem=fill("_problem", text=problem) if problem else Html(""),
        content=content,
    )
    return visit.page(title, body, 422 if problem else 200)


def is_here(visit: Visit, path: str) -> str | bool:
    """Return what marks the current page in a navigation."""
    return "page" if visit.request.path == path else False


def _setup(store: Store, visit: Visit, user: User) -> Response:
    if not user.has("admin"):
        raise PageError(403, "Only an administrator of the instance may do this.")
    assistant = support_setup.Assistant(store, visit, user)
    problem = ""
    if visit.request.method == "POST":
        visit.check_token()
        problem = assistant.act()
        if not problem:
            return visit.go(assistant.next_address)
    content = assistant.content()
    return _framed(visit, user, support_setup.TITLE, content, problem)


def _require_administrator(user: User) -> None:
    if not user.has(_ADMINISTRATOR):
        raise PageError(403, f"This page is for users with the role {_ADMINISTRATOR}.")


def _link_account(store: Store, visit: Visit, user: User) -> Response:
    _require_administrator(user)
    linked = support_settings.linked_account(store, user.sys_id)
    typed, problem = linked, ""
    if visit.request.method == "POST":
        visit.check_token()
        typed = visit.form("email")
        if not typed or _EMAIL.fullmatch(typed):
            support_settings.link_account(store, user.sys_id, typed)
            return visit.go(_LINK)
        problem = f"{typed} is not an email address."
    content = _account_form(store, visit, user, typed)
    return _framed(visit, user, "Link Account", content, problem)


def _account_form(store: Store, visit: Visit, user: User, typed: str) -> Html:
    row = store.first("sys_user", sys_id=user.sys_id) or {}
    linked = support_settings.linked_account(store, user.sys_id)
    own = row.get("email", "")
    told = facts([("Your email here", own), ("Linked account", linked or "(none)")])
    lead = (
        "To open a support case you need a Microsoft 365 admin account. Link it if its "
        "email differs from the one of your ServiceNow account. Leave it empty to "
        "forget it."
    )
    control = el("input", type="email", id="email", name="email", value=typed)
    field = labelled("email", "Your Microsoft 365 admin email", control)
    button = el("button", "Link account", class_="primary")
    form = el(
        "form",
        visit.hidden_token,
        field,
        button,
        method="post",
        action=_LINK,
        class_="stack",
    )
    return el("section", el("p", lead), told, form, class_="box")


def _contact(store: Store, visit: Visit, user: User) -> Response:
    """List the incidents from which Microsoft support can be contacted."""
    _require_administrator(user)
    rows = store.find(TABLES["incident"], active="true")
    rows = sorted(rows, key=lambda row: row["number"], reverse=True)[:20]
    cells = [[_to_tab(row), row["short_description"]] for row in rows]
    lead = "Support is contacted from an incident: choose one, or make one first."
    new = el("a", "New incident", href="/incident.do?sys_id=-1", class_="button")
    listed = table("The newest open incidents", ["Number", "Short description"], cells)
    content = join([el("p", lead), el("p", new), listed])
    return _framed(visit, user, "Contact Support", content)


def _to_tab(row: dict[str, str]) -> Html:
    href = f"{support_tab.PATH}?sys_id={row['sys_id']}&show=contact#contact"
    return el("a", row["number"], href=href)
