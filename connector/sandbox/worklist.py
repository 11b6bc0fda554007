"""The lists of incidents and change requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from connector.sandbox import acl, query
from connector.sandbox.functions import Session
from connector.sandbox.render import Renderer, Shape
from connector.sandbox.web import Html, fill
from connector.sandbox.widgets import el, table

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

PAGE = 50
_SEARCHED = ("number", "short_description", "correlation_id")
_COLUMNS = (
    *("number", "short_description", "state", "priority"),
    *("due_date", "assignment_group", "sys_updated_on"),
)


def respond(store: Store, visit: Visit, user: User, kind: Table) -> Response:
    """Show one page of a list, newest first."""
    found, total = _found(store, visit, user, kind)
    content = fill(
        "list",
        title=f"{kind.label}s",
        kind=kind.name,
        search=_argument(visit, "search"),
        rows=_rows(store, user, kind, found),
        new=_new_link(user, kind),
        pages=_pages(visit, kind, total),
        total=str(total),
    )
    return visit.page(f"{kind.label}s", content)


def _argument(visit: Visit, name: str) -> str:
    return str(visit.request.args.get(name, "")).strip()


def _offset(visit: Visit) -> int:
    text = _argument(visit, "first")
    return int(text) if text.isdecimal() else 0


def _found(
    store: Store, visit: Visit, user: User, kind: Table
) -> tuple[list[Row], int]:
    """Return the rows of this page and how many there are in all."""
    if not acl.may_see(user, kind, {"sys_class_name": kind.name}):
        return [], 0
    session = Session(user.sys_id, user.user_name, store.clock(), user.time_zone)
    parsed = query.parse(_argument(visit, "sysparm_query"), kind)
    sql = query.compile_query(parsed, kind, session)
    where, values = sql.where, list(sql.values)
    if text := _argument(visit, "search"):
        likes = " OR ".join(f"instr(lower({name}), ?)" for name in _SEARCHED)
        where = f"{where} AND ({likes})"
        values += [text.lower()] * len(_SEARCHED)
    [count] = store.execute(f"SELECT count(*) AS n FROM task WHERE {where}", values)  # noqa: S608
    order = sql.order or "sys_created_on DESC, number DESC"
    rows = store.execute(
        f"SELECT * FROM task WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
        [*values, PAGE, _offset(visit)],
    )
    return [dict(row) for row in rows], int(count["n"])


def _rows(store: Store, user: User, kind: Table, rows: list[Row]) -> Html:
    renderer = Renderer(store, user, Shape("true", exclude_link=True))
    shown = renderer.rows(kind, rows, [*_COLUMNS, "sys_id"])
    if not shown:
        return el("p", "Nothing here.", class_="quiet")
    heads = [kind.fields[name].label for name in _COLUMNS]
    cells = [[_link(kind, row), *(row[name] for name in _COLUMNS[1:])] for row in shown]
    return table(f"{kind.label}s, newest first", heads, cells)


def _link(kind: Table, row: dict[str, str]) -> Html:
    return el("a", row["number"], href=f"/{kind.name}.do?sys_id={row['sys_id']}")


def _new_link(user: User, kind: Table) -> Html:
    if not acl.may_write(user, kind):
        return Html("")
    return el("a", "New", href=f"/{kind.name}.do?sys_id=-1", class_="button")


def _pages(visit: Visit, kind: Table, total: int) -> Html:
    first = _offset(visit)
    steps = {"Newer": first - PAGE, "Older": first + PAGE}
    links = [
        el("a", label, href=_address(visit, kind, max(at, 0)))
        for label, at in steps.items()
        if -PAGE < at < total
    ]
    return el("p", *links, class_="pages") if links else Html("")


def _address(visit: Visit, kind: Table, first: int) -> str:
    given = {name: _argument(visit, name) for name in ("search", "sysparm_query")}
    return f"/{kind.name}_list.do?{urlencode({**given, 'first': first})}"
