"""The Table API: /api/now/table and its versioned twins."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from connector.sandbox import acl, answers, customs, query, removal, views
from connector.sandbox.answers import Refusal
from connector.sandbox.functions import Session
from connector.sandbox.render import Renderer, Shape
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.wrappers import Request

    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row, Store

_MEDIA = ("application/json", "application/xml", "text/xml")
_DEFAULT_LIMIT = 10_000
_MOST = 2**31
_MEGABYTE = 1024 * 1024
_MOST_MEGABYTES = 25


@dataclass(frozen=True)
class Call:
    """One request to one table."""

    store: Store
    request: Request
    user: User
    table: Table
    version: str
    restrictions: acl.Restrictions

    def option(self, name: str) -> str:
        return str(self.request.args.get(name, "")).strip()

    def is_on(self, name: str) -> bool:
        return self.option(name).lower() == "true"

    def sees(self, row: Row) -> bool:
        if self.restrictions.hide(self.user, self.table, row):
            return False
        return acl.may_see(self.user, self.table, row)

    def hidden(self, table: Table, names: Iterable[str]) -> set[str]:
        names = set(names)
        taken = self.restrictions.hidden(self.user, table, names)
        return acl.hidden(self.user, table, names) | taken

    @property
    def base_url(self) -> str:
        version = f"{self.version}/" if self.version else ""
        return f"{self.request.url_root}api/now/{version}table"

    @property
    def session(self) -> Session:
        user = self.user
        return Session(user.sys_id, user.user_name, self.store.clock(), user.time_zone)


def answer(call: Call, sys_id: str | None) -> Response:
    """Answer what is asked of a table, or of the one row with this sys_id."""
    check_open(call)
    method = call.request.method
    if sys_id is None and method in _LIST_ROUTES:
        return _LIST_ROUTES[method](call)
    if sys_id is not None and method in _ROW_ROUTES:
        return _ROW_ROUTES[method](call, sys_id)
    raise answers.not_allowed(method)


def check_open(call: Call) -> None:
    """Refuse who may not ask this table anything at all."""
    if not acl.may_open(call.user, call.table):
        raise answers.api_level()
    row = call.store.first("sys_db_object", name=call.table.name)
    if row and row["ws_access"] == "false":
        raise answers.api_level()


def found(
    call: Call, default: int = _DEFAULT_LIMIT, paths: list[str] | None = None
) -> tuple[list[Row], query.Sql, int, int]:
    """Return a page of rows the user sees, the query, its limit and its offset."""
    wanted = parsed(call)
    limit = _number(call.option("sysparm_limit"), default)
    offset = _number(call.option("sysparm_offset"), 0)
    sql = query.compile_query(wanted, call.table, call.session)
    columns = "*" if paths is None else _columns(call, paths)
    order = _total_order(wanted, sql.order)
    rows = call.store.execute(
        f'SELECT {columns} FROM "{call.table.storage}" '  # noqa: S608
        f"WHERE {sql.where} ORDER BY {order} LIMIT ? OFFSET ?",
        [*sql.values, limit, offset],
    )
    # The limit comes first, the rights afterwards: pages may be short, even empty.
    return [row for row in map(dict, rows) if call.sees(row)], sql, limit, offset


def _list(call: Call) -> Response:
    paths = _paths(call)
    seen, sql, limit, offset = found(call, paths=paths)
    if not seen and call.version == "v1":
        raise Refusal(
            404,
            "No Record found",
            "Records matching query not found. Check query parameter or offset parameter",
        )
    response = answers.json_response({"result": render(call, seen, paths)})
    add_count(call, response, sql, limit, offset)
    return response


def add_count(
    call: Call, response: Response, sql: query.Sql, limit: int, offset: int
) -> None:
    """Add how many rows there are, seen or not, and where the other pages lie."""
    if not call.is_on("sysparm_no_count"):
        total = _count(call, sql)
        response.headers["X-Total-Count"] = str(total)
        _add_links(call, response, total, limit, offset)


def parsed(call: Call) -> query.Parsed:
    """Return what is asked for; raises Refusal if a field may not be looked at."""
    text = call.option("sysparm_query") or _pairs(call)
    wanted = query.parse(text, call.table)
    ends = [query.resolve_path(path, call.table) for path in wanted.paths()]
    if any(end and call.hidden(end[0], [end[1].name]) for end in ends):
        raise answers.insufficient_rights()
    if wanted.has_invalid and call.store.is_on("glide.invalid_query.returns_no_rows"):
        return query.parse("sys_idISEMPTY", call.table)
    return wanted


def _pairs(call: Call) -> str:
    """Return name=value pairs as a query: they count only without one."""
    return "^".join(
        f"{name}={_by_label(call, name, str(value))}"
        for name, value in call.request.args.items()
        if not name.startswith("sysparm_")
    )


def _total_order(parsed: query.Parsed, order: str) -> str:
    """Order what the query leaves open differently every time."""
    if any(path == "sys_id" for path, _ in parsed.order):
        return order
    # Not a secret: it only keeps clients from relying on an order nobody promised.
    salt = random.randrange(1, 9973)  # noqa: S311
    return ", ".join(filter(None, [order, f"(rowid * {salt}) % 9973"]))


def _by_label(call: Call, name: str, value: str) -> str:
    """Read a display value where a choice or a reference is asked for by name=value."""
    column = call.table.fields.get(name)
    if column is None:
        return value
    if column.has_choices:
        labels = call.store.labels(call.table.name, name)
        named = [key for key, label in labels.items() if label.lower() == value.lower()]
        return named[0] if named else value
    other = TABLES.get(column.reference)
    found = call.store.find(other, **{other.display: value}) if other else []
    return found[0]["sys_id"] if found else value


def _count(call: Call, sql: query.Sql) -> int:
    text = f'SELECT count(*) AS n FROM "{call.table.storage}" WHERE {sql.where}'  # noqa: S608
    return int(call.store.execute(text, sql.values)[0]["n"])


def _columns(call: Call, paths: list[str]) -> str:
    """Return only the columns the answer and the rights need."""
    needed = {path.partition(".")[0] for path in paths} - call.table.journals
    needed |= {name for name in acl.NEEDED if name in call.table.fields}
    return ", ".join(f'"{name}"' for name in sorted(needed))


def _add_links(
    call: Call, response: Response, total: int, limit: int, offset: int
) -> None:
    if call.is_on("sysparm_suppress_pagination_header") or total <= limit or not limit:
        return
    last = (total - 1) // limit * limit
    targets = {"first": 0, "prev": offset - limit, "next": offset + limit, "last": last}
    if offset <= 0:
        del targets["prev"]
    if offset + limit >= total:
        del targets["next"]
    response.headers["Link"] = ",".join(
        f'<{_page_url(call, limit, max(at, 0))}>;rel="{name}"'
        for name, at in targets.items()
    )


def _page_url(call: Call, limit: int, offset: int) -> str:
    given = dict(call.request.args.items())
    given |= {"sysparm_limit": str(limit), "sysparm_offset": str(offset)}
    return f"{call.request.base_url}?{urlencode(given)}"


def _get(call: Call, sys_id: str) -> Response:
    return _shown(call, row_of(call, sys_id))


def _create(call: Call) -> Response:
    wish = _wish(call)
    if not acl.may_write(call.user, call.table):
        raise answers.security_constraints("Insert")
    row = _writer(call).insert(call.table, wish)
    response = _one(call, row, 201)
    response.headers["Location"] = f"{call.base_url}/{call.table.name}/{row['sys_id']}"
    return response


def _update(call: Call, sys_id: str) -> Response:
    wish = _wish(call)
    with call.store.transaction():
        row = row_of(call, sys_id)
        table = _class_of(call, row)
        if not acl.may_write(call.user, table):
            raise answers.security_constraints("Update")
        row = _writer(call).update(table, row, wish)
    return _one(call, row)


def _delete(call: Call, sys_id: str) -> Response:
    row = row_of(call, sys_id)
    if not acl.may_delete(call.user, _class_of(call, row)):
        raise answers.security_constraints("Delete")
    removal.delete(call.store, call.table, row, call.user)
    return Response(status=204)


def row_of(call: Call, sys_id: str) -> Row:
    """Return one row; raises Refusal if it is not there for this user."""
    row = call.store.get(call.table, sys_id)
    if row is None or not call.sees(row):
        raise answers.not_found()
    return row


def _class_of(call: Call, row: Row) -> Table:
    if not call.table.is_task:
        return call.table
    return customs.extended(call.store, TABLES[row["sys_class_name"]])


def _writer(call: Call) -> Writer:
    return Writer(call.store, call.user, call.is_on("sysparm_input_display_value"))


def _one(call: Call, row: Row, status: int = 200) -> Response:
    """Show a row that was written, unless nothing is to come back."""
    if call.request.headers.get("X-no-response-body", "").lower() == "true":
        return Response(status=status)
    return _shown(call, row, status)


def _shown(call: Call, row: Row, status: int = 200) -> Response:
    [shown] = render(call, [row], _paths(call))
    return answers.json_response({"result": shown}, status)


def _paths(call: Call) -> list[str]:
    """Return the fields to show; unknown and unreadable ones are left out."""
    wanted = [name.strip() for name in call.option("sysparm_fields").split(",")]
    names = [name for name in wanted if name] or views.fields(
        call.table, call.option("sysparm_view")
    )
    found = {name: query.resolve_path(name, call.table) for name in names}
    return [
        name
        for name, end in found.items()
        if end and not call.hidden(end[0], [end[1].name])
    ]


def render(call: Call, rows: list[Row], paths: list[str]) -> list[dict[str, Any]]:
    """Return rows as the client wants to see them."""
    return Renderer(call.store, call.user, shape_of(call)).rows(call.table, rows, paths)


def shape_of(call: Call) -> Shape:
    """Return how the values shall look."""
    return Shape(
        call.option("sysparm_display_value").lower() or "false",
        call.is_on("sysparm_exclude_reference_link"),
        call.base_url,
    )


def _wish(call: Call) -> dict[str, Any]:
    """Return what to write; fields without the right for it are left out silently."""
    body = _body(call)
    hidden = call.hidden(call.table, body)
    return {name: value for name, value in body.items() if name not in hidden}


def _body(call: Call) -> dict[str, Any]:
    """Return the fields that were sent; of several records only the first."""
    request = call.request
    if request.mimetype and request.mimetype not in _MEDIA:
        media = ", ".join(_MEDIA)
        message = (
            f"Invalid content-type. Supported request media types for this service "
            f"are: [{media}]"
        )
        raise Refusal(415, message, "")
    data = request.get_data()
    most = _number(call.store.setting("glide.rest.max_content_length"), 10)
    if len(data) > min(most, _MOST_MEGABYTES) * _MEGABYTE:
        raise answers.too_large(len(data), min(most, _MOST_MEGABYTES) * _MEGABYTE)
    try:
        body = json.loads(data or b"{}")
    except ValueError as error:
        detail = "The payload is not valid JSON."
        raise Refusal(400, "Exception while reading request", detail) from error
    if isinstance(body, list):
        body = body[0] if body else {}
    return body if isinstance(body, dict) else {}


def _number(text: str, default: int) -> int:
    return min(int(text), _MOST) if text.isdecimal() else default


_LIST_ROUTES: dict[str, Callable[[Call], Response]] = {
    "GET": _list,
    "HEAD": _list,
    "POST": _create,
}
_ROW_ROUTES: dict[str, Callable[[Call, str], Response]] = {
    "GET": _get,
    "HEAD": _get,
    "PUT": _update,
    "PATCH": _update,
    "DELETE": _delete,
}
