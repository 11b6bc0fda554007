"""Platform tables that an administrator reads here: logs, properties, parts of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import query
from connector.sandbox.functions import Session
from connector.sandbox.render import Renderer, Shape
from connector.sandbox.schema import TABLES
from connector.sandbox.web import Html, PageError, fill
from connector.sandbox.widgets import el, table

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.store import Store
    from connector.sandbox.web import Visit

MENU = {
    "syslog": "System Logs > All",
    "sys_outbound_http_log": "System Logs > Outbound HTTP Requests",
    "sys_properties": "System Properties",
    "sys_script_include": "System Definition > Script Includes",
    "sys_ui_action": "System Definition > UI Actions",
    "sys_ui_action_view": "System Definition > UI Action Visibility",
}
_COLUMNS = {
    "syslog": ("sys_created_on", "level", "source", "message"),
    "sys_outbound_http_log": (
        *("sys_created_on", "hostname", "http_method", "path", "response_status"),
        "response_time",
    ),
    "sys_properties": ("name", "value"),
    "sys_script_include": ("name", "active", "api_name"),
    "sys_ui_action": ("name", "table", "active"),
    "sys_ui_action_view": ("sys_ui_action", "sys_ui_view", "visibility"),
}
_PAGE = 100


def respond(store: Store, visit: Visit, user: User, name: str) -> Response:
    """Show the newest rows that fit the query of the address."""
    if not user.has("admin"):
        raise PageError(403, "Only an administrator of the instance may do this.")
    kind, columns = TABLES[name], _COLUMNS[name]
    text = str(visit.request.args.get("sysparm_query", ""))
    session = Session(user.sys_id, user.user_name, store.clock(), user.time_zone)
    sql = query.compile_query(query.parse(text, kind), kind, session)
    order = sql.order or "rowid DESC"
    rows = store.execute(
        f'SELECT * FROM "{name}" WHERE {sql.where} ORDER BY {order} LIMIT {_PAGE}',  # noqa: S608
        sql.values,
    )
    renderer = Renderer(store, user, Shape("true", exclude_link=True))
    shown = renderer.rows(kind, [dict(row) for row in rows], [*columns])
    heads = [kind.fields[column].label for column in columns]
    cells = [[row[column] for column in columns] for row in shown]
    content = fill(
        "platform_list",
        title=MENU[name],
        name=name,
        query=text,
        rows=table(f"{len(cells)} shown", heads, cells) if cells else _nothing(),
    )
    return visit.page(MENU[name], content)


def _nothing() -> Html:
    return el("p", "Nothing here.", class_="quiet")
