"""What the app Microsoft 365 support integration is made of, present, inactive or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox import records, support_settings
from connector.sandbox.schema import TABLES
from connector.sandbox.support_settings import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector.sandbox.store import Row, Store

SCRIPT_INCLUDE = "M365SupportConnector"
TAB = "Microsoft 365 support"
_NOTE = "support_app"
_STATES = ("active", "inactive", "missing")
# Name to title; the default view has no name.
_VIEWS = {
    "": "Default view",
    "ess": "Self Service",
    "major_incidents": "Major Incident",
}
# A few of the thousands that every instance has of each.
_OF_THE_PLATFORM = (
    ("sys_scope", {"name": "Global", "scope": "global"}),
    ("sys_script_include", {"name": "JSUtil", "api_name": "global.JSUtil"}),
    ("sys_ui_action", {"name": "Update", "table": "global"}),
)
_NAMES = {"sys_script_include": SCRIPT_INCLUDE, "sys_ui_action": TAB}


def install(store: Store) -> None:
    """Add script include, tab, views and properties, once."""
    if store.note(_NOTE):
        return
    store.keep_note(_NOTE, "installed")
    for table, values in _OF_THE_PLATFORM:
        records.put(store, table, "name", values)
    for name, title in _VIEWS.items():
        _view(store, name, title)
    for table in _NAMES:
        _set_state(store, table, "active")
    support_settings.write(store, dict.fromkeys(support_settings.PROPERTIES, ""))


def apply(store: Store, wishes: Mapping[str, Any]) -> None:
    """Bring the app into a state; raises ValueError for what it does not know.

    `installed` (false: nothing of it is there), `script_include` and `ui_action`
    ("active", "inactive", "missing"), `excluded_views` and `included_views` (names; ""
    is the default view), `properties` (without their scope), `accounts` (user name to
    linked account).
    """
    doers: dict[str, Callable[[Store, Any], None]] = {
        "installed": _set_installed,
        "script_include": lambda store, state: _set_state(
            store, "sys_script_include", state
        ),
        "ui_action": lambda store, state: _set_state(store, "sys_ui_action", state),
        "excluded_views": lambda store, names: _set_views(store, names, "exclude"),
        "included_views": lambda store, names: _set_views(store, names, "include"),
        "properties": support_settings.write,
        "accounts": _link,
    }
    if not set(wishes) <= set(doers):
        message = f"unknown of the app: {sorted(set(wishes) - set(doers))}"
        raise ValueError(message)
    for name in (one for one in doers if one in wishes):
        doers[name](store, wishes[name])


def shows_tab(store: Store, view: str) -> bool:
    """Say whether the form of an incident has the tab in a view."""
    script = store.first("sys_script_include", name=SCRIPT_INCLUDE)
    action = _tab(store)
    if not (script and action) or "false" in (script["active"], action["active"]):
        return False
    names = {"include": set[str](), "exclude": set[str]()}
    rows = store.find(TABLES["sys_ui_action_view"], sys_ui_action=action["sys_id"])
    for row in rows:
        found = store.first("sys_ui_view", sys_id=row["sys_ui_view"])
        names[row["visibility"]].add(found["name"] if found else "")
    return view not in names["exclude"] and view in (names["include"] or {view})


def _tab(store: Store) -> Row | None:
    return store.first("sys_ui_action", name=TAB, table="incident")


def _set_installed(store: Store, wanted: bool) -> None:
    _remove(store)
    if wanted:
        store.keep_note(_NOTE, "")
        install(store)


def _remove(store: Store) -> None:
    if action := _tab(store):
        records.remove(store, "sys_ui_action_view", sys_ui_action=action["sys_id"])
    for table, name in _NAMES.items():
        records.remove(store, table, name=name)
    for name in support_settings.PROPERTIES:
        records.remove(store, "sys_properties", name=f"{SCOPE}.{name}")
    store.keep_note(_NOTE, "removed")


def _set_state(store: Store, table: str, state: str) -> None:
    if state not in _STATES:
        message = f"not one of {_STATES}: {state}"
        raise ValueError(message)
    name = _NAMES[table]
    if state == "missing":
        records.remove(store, table, name=name)
        return
    scope = store.first("sys_scope", scope=SCOPE)
    values = {"name": name, "active": str(state == "active").lower()}
    values["sys_scope"] = scope["sys_id"] if scope else "global"
    records.put(store, table, "name", values | _FURTHER[table])


def _set_views(store: Store, names: Iterable[str], visibility: str) -> None:
    """Have exactly these views named with this visibility."""
    action = _tab(store)
    if action is None or isinstance(names, str):
        message = "the views are a list of names, of a UI action that is there"
        raise ValueError(message)
    known = {"sys_ui_action": action["sys_id"], "visibility": visibility}
    records.remove(store, "sys_ui_action_view", **known)
    for name in names:
        view = store.first("sys_ui_view", name=name) or _view(store, name, name)
        records.insert(store, "sys_ui_action_view", **known, sys_ui_view=view["sys_id"])


def _view(store: Store, name: str, title: str) -> Row:
    return records.put(store, "sys_ui_view", "name", {"name": name, "title": title})


def _link(store: Store, accounts: Mapping[str, str]) -> None:
    for user_name, email in accounts.items():
        row = store.first("sys_user", user_name=user_name)
        if row is None:
            message = f"no such user: {user_name}"
            raise ValueError(message)
        support_settings.link_account(store, row["sys_id"], email)


_FURTHER = {
    "sys_script_include": {
        "api_name": f"{SCOPE}.{SCRIPT_INCLUDE}",
        "description": "Asks the connector for what the tab shows.",
    },
    "sys_ui_action": {
        "table": "incident",
        "action_name": "microsoft_365_support",
        "form_link": "true",
        "condition": f"gs.hasRole('{SCOPE}.insights_user,{SCOPE}.administrator')",
    },
}
