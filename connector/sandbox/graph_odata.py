"""Apply OData query options to a list of rows, one page at a time."""

from __future__ import annotations

import operator
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

OPTIONS = {"$top", "$skip", "$skiptoken", "$count", "$filter", "$select", "$orderby"}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
CLAUSE = re.compile(
    r"\s*(?P<field>\w+)\s+(?P<operator>\w+)"
    r"\s+(?P<literal>'(?:[^']|'')*'|[^\s']+)\s*(?:\band\b|$)"
)


class BadQueryError(Exception):
    """A query option that cannot be understood."""


def page(
    rows: list[Json],
    options: Mapping[str, str],
    *,
    url: str,
    size: int,
    by_skip: bool = False,
) -> Json:
    """Return one page of rows as an OData collection, without its context."""
    unknown = [name for name in options if name[:1] == "$" and name not in OPTIONS]
    if unknown:
        raise BadQueryError(f"The query option '{unknown[0]}' is not supported.")
    matching = _sorted(_filtered(rows, options), options)
    start, end = _bounds(options, len(matching))
    stop = min(start + size, end)
    answer: Json = {}
    if options.get("$count") == "true":
        answer["@odata.count"] = len(matching)
    if stop < end:
        link = _link_by_skip if by_skip else _next_link
        answer["@odata.nextLink"] = link(url, options, stop, end)
    answer["value"] = select(matching[start:stop], options)
    return answer


def select(rows: list[Json], options: Mapping[str, str]) -> list[Json]:
    """Keep the chosen properties only."""
    if "$select" not in options:
        return rows
    names = [name.strip() for name in options["$select"].split(",")]
    return [{name: _value(row, name) for name in names} for row in rows]


def _filtered(rows: list[Json], options: Mapping[str, str]) -> list[Json]:
    text = options.get("$filter", "").strip()
    while text:
        match = CLAUSE.match(text)
        if match is None or match["operator"] not in OPERATORS:
            raise BadQueryError("Invalid filter clause.")
        rest = text[match.end() :]
        if not rest.strip() and match[0].rstrip().endswith(" and"):
            raise BadQueryError("Invalid filter clause: an expression is missing.")
        rows = [row for row in rows if _holds(row, match)]
        text = rest
    return rows


def _holds(row: Json, clause: re.Match[str]) -> bool:
    value = _comparable(_value(row, clause["field"]), clause["field"])
    literal = _literal(clause["literal"])
    if (value is None or literal is None) and clause["operator"] not in ("eq", "ne"):
        return False
    try:
        return bool(OPERATORS[clause["operator"]](value, literal))
    except TypeError as error:
        raise BadQueryError("A binary operator has incompatible types.") from error


def _comparable(value: Any, field: str) -> Any:
    if field.endswith("DateTime") and value is not None:
        return datetime.fromisoformat(value)
    return value


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    try:
        if "T" not in text:
            return float(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQueryError(f"Unrecognized literal '{text}'.") from error
    if moment.tzinfo is None:
        raise BadQueryError(f"The time '{text}' has no offset.")
    return moment


def _sorted(rows: list[Json], options: Mapping[str, str]) -> list[Json]:
    if "$orderby" not in options:
        return rows
    name, _, direction = options["$orderby"].partition(" ")
    if direction not in ("", "asc", "desc"):
        raise BadQueryError("Invalid orderby clause.")

    def key(row: Json) -> tuple[bool, Any]:
        value = _value(row, name)
        if isinstance(value, (list, dict)):
            raise BadQueryError(f"The property '{name}' cannot be sorted by.")
        return value is not None, value

    return sorted(rows, key=key, reverse=direction == "desc")


def _value(row: Json, name: str) -> Any:
    if name not in row:
        raise BadQueryError(f"Could not find a property named '{name}'.")
    return row[name]


def _bounds(options: Mapping[str, str], length: int) -> tuple[int, int]:
    if "$skiptoken" in options:
        start, end = _position(options["$skiptoken"])
        return start, min(end, length)
    start = _number(options, "$skip", 0)
    return start, min(start + _number(options, "$top", length), length)


def _number(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadQueryError(f"Invalid value '{text}' for {name} query option.")
    return int(text)


def _position(token: str) -> tuple[int, int]:
    try:
        text = urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise BadQueryError("The skip token is not valid.") from error
    match = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if match is None:
        raise BadQueryError("The skip token is not valid.")
    return int(match[1]), int(match[2])


def _link_by_skip(url: str, options: Mapping[str, str], stop: int, end: int) -> str:
    place = {"$skip": str(stop)}
    if "$top" in options:
        place["$top"] = str(end - stop)
    return f"{url}?{urlencode({**options, **place}, safe='$')}"


def _next_link(url: str, options: Mapping[str, str], stop: int, end: int) -> str:
    position = f"{stop}:{end}"
    kept = {key: options[key] for key in options if key not in ("$top", "$skip")}
    kept["$skiptoken"] = urlsafe_b64encode(position.encode()).decode()
    return f"{url}?{urlencode(kept, safe='$')}"
