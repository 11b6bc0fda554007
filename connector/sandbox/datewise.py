"""The operators that know the calendar: relative to now, to a field, parts of dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connector.sandbox.functions import FORMAT, floor, shift
from connector.sandbox.operators import other_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.functions import Session
    from connector.sandbox.operators import Compare
    from connector.sandbox.schema import Field, Table

_UNITS = {"dayofweek": "day"}
_PRECISION = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16}
_SIGNS = {"GT": ">", "GE": ">=", "LT": "<", "LE": "<=", "EE": "="}
_PART = re.compile(r"datePart\(\s*'(\w+)'\s*,\s*'(\w+)'\s*,\s*'(\w\w)'\s*\)")
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NOTHING: Compare = ("0", [])


def relative(
    sign: str,
) -> Callable[[Field, str, Table, Session], Compare]:
    """Return the comparison with a moment before or after now."""

    def compare(column: Field, value: str, _table: Table, session: Session) -> Compare:
        _, unit, direction, amount = [*value.split("@"), "", "", "", ""][:4]
        unit = _UNITS.get(unit, unit)
        if not amount.isdigit():
            return _NOTHING
        count = -int(amount) if direction == "ago" else int(amount)
        now = datetime.fromtimestamp(session.now, session.time_zone)
        at = shift(now, unit, count)
        if at is None:
            return _NOTHING
        name = f'"{column.name}"'
        if sign == "EE":
            start = floor(at, unit)
            end = shift(start, unit, 1)
            return f"({name} >= ? AND {name} < ?)", [_utc(start), _utc(end or start)]
        return f"({name} <> '' AND {name} {_SIGNS[sign]} ?)", [_utc(at)]

    return compare


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(FORMAT)


def same_unit(sign: str) -> Callable[[Field, str, Table, Session], Compare]:
    """Return the comparison with the day, month or year of another field."""

    def compare(column: Field, value: str, table: Table, _session: Session) -> Compare:
        name, _, unit = value.partition("@")
        other = other_field(name, table)
        size = _PRECISION.get(_UNITS.get(unit, unit))
        if other is None or size is None:
            return _NOTHING
        left, right = f'"{column.name}"', f'"{other.name}"'
        text = f"substr({left}, 1, {size}) {sign} substr({right}, 1, {size})"
        return f"({left} <> '' AND {right} <> '' AND {text})", []

    return compare


def distance(
    is_more: bool,
) -> Callable[[Field, str, Table, Session], Compare]:
    """Return the comparison with a time before or after another field."""

    def compare(column: Field, value: str, table: Table, _session: Session) -> Compare:
        name, unit, direction, amount = [*value.split("@"), "", "", "", ""][:4]
        other, unit = other_field(name, table), _UNITS.get(unit, unit)
        days = {"week": 7, "quarter": 3}.get(unit, 1)
        step = {"week": "day", "quarter": "month"}.get(unit, unit)
        if other is None or step not in _PRECISION or not amount.isdigit():
            return _NOTHING
        is_before = direction == "before"
        count = int(amount) * days * (-1 if is_before else 1)
        left, right = f'"{column.name}"', f'"{other.name}"'
        limit = f"datetime({right}, '{count:+d} {step}')"
        if is_more:
            text = f"{left} {'<' if is_before else '>'} {limit}"
        elif is_before:
            text = f"{left} BETWEEN {limit} AND {right}"
        else:
            text = f"{left} BETWEEN {right} AND {limit}"
        return f"({left} <> '' AND {right} <> '' AND {text})", []

    return compare


def date_part(column: Field, value: str, _table: Table, session: Session) -> Compare:
    """Compare the day of the week, the month, the year… of a time."""
    match = _PART.search(value)
    if match is None:
        return _NOTHING
    part, word, sign = match.groups()
    wanted = _number(part, word.lower())
    if part not in _PARTS or wanted is None or sign not in _SIGNS:
        return _NOTHING
    now = datetime.fromtimestamp(session.now, session.time_zone)
    offset = int((now.utcoffset() or timedelta()).total_seconds())
    text = _PARTS[part].format(f"\"{column.name}\", '{offset:+d} seconds'")
    return f"(\"{column.name}\" <> '' AND {text} {_SIGNS[sign]} {wanted})", []


_PARTS = {
    "dayofweek": "CAST(strftime('%w', {0}) AS INTEGER)",
    "month": "CAST(strftime('%m', {0}) AS INTEGER)",
    "year": "CAST(strftime('%Y', {0}) AS INTEGER)",
    "quarter": "((CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3)",
    "week": "CAST(strftime('%W', {0}) AS INTEGER)",
    "hour": "CAST(strftime('%H', {0}) AS INTEGER)",
}


def _number(part: str, word: str) -> int | None:
    if part == "dayofweek":
        return _DAYS.index(word) if word in _DAYS else None
    if part == "month" and word[:3] in _MONTHS:
        return _MONTHS.index(word[:3]) + 1
    return int(word) if word.isdigit() else None


OPERATIONS: dict[str, Callable[[Field, str, Table, Session], Compare]] = {
    **{f"RELATIVE{sign}": relative(sign) for sign in _SIGNS},
    "SAMEAS@": same_unit("="),
    "NSAMEAS@": same_unit("<>"),
    "MORETHAN": distance(True),
    "LESSTHAN": distance(False),
    "DATEPART": date_part,
}
