"""The Aggregate API: counts, sums and averages of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox import answers, query, tables
from connector.sandbox.render import Renderer

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from werkzeug.wrappers import Request, Response

    from connector.sandbox.api import Api
    from connector.sandbox.people import User

_FUNCTIONS = ("avg", "min", "max", "sum")
_SIGNS = {"=", "!=", ">", ">=", "<", "<="}


@dataclass(frozen=True)
class Figure:
    """One number: a function and the field it is taken of (count has none)."""

    function: str
    field: str = ""

    @property
    def sql(self) -> str:
        if self.function == "count":
            return "count(*)"
        return f"{self.function}(CAST(NULLIF(\"{self.field}\", '') AS REAL))"

    def shown(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.4f}" if self.function == "avg" else f"{value:.10g}"


def answer(api: Api, request: Request, user: User, match: re.Match[str]) -> Response:
    """Answer GET /stats/{table}."""
    if request.method not in {"GET", "HEAD"}:
        raise answers.not_allowed(request.method)
    call = api.call(request, user, match[2], match[1] or "")
    tables.check_open(call)
    figures, groups = _figures(call), _names(call, "group_by")
    rows = _rows(call, figures, groups)
    result: Any = [_group(call, row, figures, groups) for row in rows]
    return answers.json_response({"result": result if groups else result[0]})


def _names(call: tables.Call, option: str) -> list[str]:
    """Return those of the listed fields that can be grouped by or counted."""
    given = call.option(f"sysparm_{option}").split(",")
    known = set(call.table.fields) - call.table.journals
    names = [name.strip() for name in given if name.strip() in known]
    if call.hidden(call.table, names):
        raise answers.insufficient_rights()
    return names


def _figures(call: tables.Call) -> list[Figure]:
    counted = [Figure("count")] if call.is_on("sysparm_count") else []
    return counted + [
        Figure(function, name)
        for function in _FUNCTIONS
        for name in _names(call, f"{function}_fields")
    ]


def _rows(
    call: tables.Call, figures: Sequence[Figure], groups: Sequence[str]
) -> list[tuple[Any, ...]]:
    sql = query.compile_query(tables.parsed(call), call.table, call.session)
    keys = [f'"{name}"' for name in groups]
    columns = ", ".join([*keys, *(figure.sql for figure in figures), "count(*)"])
    text = f'SELECT {columns} FROM "{call.table.storage}" WHERE {sql.where}'  # noqa: S608
    values = list(sql.values)
    if groups:
        having, more = _having(call)
        values += more
        text += f" GROUP BY {', '.join(keys)}{having} ORDER BY {_order(call, keys)}"
    return [tuple(row) for row in call.store.execute(text, values)]


def _having(call: tables.Call) -> tuple[str, list[str]]:
    """Read conditions like count^state^>^3, of which all must hold."""
    texts, values = [], []
    for term in filter(None, call.option("sysparm_having").split(",")):
        function, field, sign, value, *_ = [*term.split("^"), "", "", "", ""]
        figure = _figure(call, function, field)
        if figure and sign in _SIGNS:
            texts.append(f"{figure.sql} {sign} CAST(? AS REAL)")
            values.append(value)
    return (f" HAVING {' AND '.join(texts)}" if texts else ""), values


def _order(call: tables.Call, keys: Sequence[str]) -> str:
    """Read an order like AVG^urgency or state, with ^DESC behind it if wanted."""
    parts = []
    for term in filter(None, call.option("sysparm_order_by").split(",")):
        words = term.split("^")
        down = " DESC" if words[-1].upper() == "DESC" else ""
        figure = _figure(call, words[0], words[1] if len(words) > 1 else "")
        if figure:
            parts.append(figure.sql + down)
        elif f'"{words[0]}"' in keys:
            parts.append(f'"{words[0]}"{down}')
    return ", ".join([*parts, *keys])


def _figure(call: tables.Call, function: str, field: str) -> Figure | None:
    name = function.lower()
    if name == "count":
        return Figure("count")
    known = field in call.table.fields and field not in call.table.journals
    return Figure(name, field) if name in _FUNCTIONS and known else None


def _group(
    call: tables.Call,
    row: Sequence[Any],
    figures: Sequence[Figure],
    groups: Sequence[str],
) -> dict[str, Any]:
    stats: dict[str, Any] = {}
    for figure, value in zip(figures, row[len(groups) :], strict=False):
        if figure.function == "count":
            stats["count"] = str(value)
        else:
            part = stats.setdefault(figure.function, {})
            part[figure.field] = figure.shown(value)
    if not groups:
        return {"stats": stats}
    fields = [_field(call, *pair) for pair in zip(groups, row, strict=False)]
    return {"stats": stats, "groupby_fields": fields}


def _field(call: tables.Call, name: str, value: str) -> dict[str, str]:
    wanted = call.option("sysparm_display_value").lower()
    row = {"sys_class_name": call.table.name, name: value}
    renderer = Renderer(call.store, call.user, tables.shape_of(call))
    display = renderer.cell(call.table, row, name)[1]
    if wanted == "all":
        return {"field": name, "value": value, "display_value": display}
    return {"field": name, "value": display if wanted == "true" else value}
