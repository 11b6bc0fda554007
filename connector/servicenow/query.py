"""Encoded queries: the only way a value gets into `sysparm_query`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.servicenow.records import WIRE_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable

# With more the address would pass the instance's 8,192 bytes.
MOST_VALUES = 200

_FIELD = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
# What follows IN in the names of other operators.
_REST_OF_OPERATORS = ("_HIERARCHY", "STANCEOF")
_SCRIPT = re.compile(r"gs\.\w+\(\)")


class UnsafeValue(ValueError):
    """The value would change the meaning of the query; there is no way to escape it."""


Plain = str | int | bool | datetime


@dataclass(frozen=True)
class Query:
    """An encoded query, built condition by condition; every step is a new query.

    A misspelt field is ignored by the instance, which then returns the whole table:
    compare what comes back with what was asked for.
    """

    sets: tuple[tuple[str, ...], ...] = ((),)
    order: tuple[str, ...] = ()

    def equals(self, field: str, value: Plain) -> Query:
        return self._with(field, "=", _safe(value))

    def not_equals(self, field: str, value: Plain) -> Query:
        return self._with(field, "!=", _safe(value))

    def is_in(self, field: str, values: Iterable[Plain]) -> Query:
        listed = [_safe(value) for value in values]
        if not 0 < len(listed) <= MOST_VALUES:
            message = f"between 1 and {MOST_VALUES} values, not {len(listed)}"
            raise UnsafeValue(message)
        if any("," in value for value in listed):
            message = "a comma separates the values of a list"
            raise UnsafeValue(message)
        if listed[0].startswith(_REST_OF_OPERATORS):
            message = "behind IN the value reads as another operator"
            raise UnsafeValue(message)
        return self._with(field, "IN", ",".join(listed))

    def starts_with(self, field: str, value: str) -> Query:
        return self._with(field, "STARTSWITH", _safe(value))

    def at_least(self, field: str, value: Plain) -> Query:
        return self._with(field, ">=", _safe(value))

    def greater(self, field: str, value: Plain) -> Query:
        return self._with(field, ">", _safe(value))

    def is_script(self, field: str, script: str) -> Query:
        """Compare with what the instance computes, such as "gs.getUserName()"."""
        if not _SCRIPT.fullmatch(script):
            message = "only a call of gs without arguments"
            raise UnsafeValue(message)
        return self._with(field, "=", f"javascript:{script}")

    def or_new(self, other: Query) -> Query:
        """Return rows of this query or of the other; conditions are not shared."""
        return replace(
            self, sets=self.sets + other.sets, order=self.order + other.order
        )

    def order_by(self, field: str, *, descending: bool = False) -> Query:
        word = "ORDERBYDESC" if descending else "ORDERBY"
        return replace(self, order=(*self.order, word + _field(field)))

    def __str__(self) -> str:
        conditions = "^NQ".join("^".join(one) for one in self.sets)
        return "^".join([conditions, *self.order] if conditions else self.order)

    def _with(self, field: str, operator: str, value: str) -> Query:
        *earlier, last = self.sets
        return replace(self, sets=(*earlier, (*last, _field(field) + operator + value)))


def _field(name: str) -> str:
    if not _FIELD.fullmatch(name):
        message = f"not a field name: {name!r}"
        raise UnsafeValue(message)
    return name


def _safe(value: Plain) -> str:
    text = _encode(value)
    if not text:
        message = "an empty value asks for something else: all rows without one"
        raise UnsafeValue(message)
    if "^" in text or any(unicodedata.category(c) in _CONTROL for c in text):
        message = "^ and control characters end a condition"
        raise UnsafeValue(message)
    # ">" and "=5" would read as ">=" and "5"; a script would be run by the instance.
    if text.startswith("=") or text.lower().startswith("javascript:"):
        message = "the value reads as an operator or a script"
        raise UnsafeValue(message)
    return text


_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


def _encode(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, datetime):
        return str(value)
    if value.tzinfo is None:
        message = "a date-time without a zone"
        raise UnsafeValue(message)
    return value.astimezone(UTC).strftime(WIRE_FORMAT)
