"""The operators of encoded queries as SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.schema import Field, Table

Compare = tuple[str, list[str]]
"""A condition and its values."""


def column_of(column: Field) -> str:
    """Return a column as it is compared and ordered: numbers as numbers."""
    name = f'"{column.name}"'
    return f"CAST({name} AS INTEGER)" if column.is_numeric else name


def _mark(column: Field) -> str:
    return "CAST(? AS INTEGER)" if column.is_numeric else "?"


def _same(column: Field, value: str, _table: Table) -> Compare:
    return f'"{column.name}" = ?', [value]


def _other(column: Field, value: str, _table: Table) -> Compare:
    return f'"{column.name}" <> ?', [value]


def _ordered(sign: str) -> Callable[[Field, str, Table], Compare]:
    def compare(column: Field, value: str, _table: Table) -> Compare:
        text = f"{column_of(column)} {sign} {_mark(column)}"
        return f"(\"{column.name}\" <> '' AND {text})", [value]

    return compare


def _pattern(
    before: str, after: str, negation: str = ""
) -> Callable[[Field, str, Table], Compare]:
    def compare(column: Field, value: str, _table: Table) -> Compare:
        escaped = re.sub(r"([\\%_])", r"\\\1", value)
        text = f"\"{column.name}\" {negation}LIKE ? ESCAPE '\\'"
        return text, [f"{before}{escaped}{after}"]

    return compare


def _one_of(column: Field, value: str, _table: Table) -> Compare:
    values = value.split(",")
    return f'"{column.name}" IN ({", ".join("?" * len(values))})', values


def _none_of(column: Field, value: str, table: Table) -> Compare:
    text, values = _one_of(column, value, table)
    return f"NOT {text}", values


def _between(column: Field, value: str, _table: Table) -> Compare:
    low, _, high = value.partition("@")
    text = f"{column_of(column)} BETWEEN {_mark(column)} AND {_mark(column)}"
    return f"(\"{column.name}\" <> '' AND {text})", [low, high]


def _on(column: Field, value: str, table: Table) -> Compare:
    _, _, limits = value.partition("@")
    return _between(column, limits, table)


def _not_on(column: Field, value: str, table: Table) -> Compare:
    text, values = _on(column, value, table)
    return f"NOT {text}", values


def other_field(name: str, table: Table) -> Field | None:
    """Return the field that a field is compared with, if it can be."""
    found = table.fields.get(name)
    return found if found and found.type != "journal" else None


def _with_field(sign: str) -> Callable[[Field, str, Table], Compare]:
    def compare(column: Field, value: str, table: Table) -> Compare:
        other = other_field(value, table)
        if other is None:
            return "0", []
        return f"{column_of(column)} {sign} {column_of(other)}", []

    return compare


def _instance_of(column: Field, value: str, _table: Table) -> Compare:
    names = [t.name for t in TABLES.values() if value in {t.name, t.parent}]
    return _one_of(column, ",".join(names), _table)


def in_hierarchy(column: Field, value: str) -> Compare:
    """Find rows that refer to a record or to one below it."""
    other = TABLES.get(column.reference)
    if other is None or "parent" not in other.fields:
        return _same(column, value, TABLES["task"])
    below = (
        f"WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT sys_id "  # noqa: S608
        f'FROM "{other.storage}" JOIN below ON "parent" = below.id) SELECT id FROM below'
    )
    return f'"{column.name}" IN ({below})', [value]


def with_role(value: str, *, is_held: bool) -> Compare:
    """Find people by the name of a role they have, or have not."""
    holders = (
        "SELECT h.user FROM sys_user_has_role h "
        "JOIN sys_user_role r ON r.sys_id = h.role WHERE r.name = ?"
    )
    return f'"sys_id" {"" if is_held else "NOT "}IN ({holders})', [value]


# A dynamic filter is named by a sys_id; the ones that come with an instance.
_ME = "90d1921e5f510100a9ad2572f2b477fe"


def is_me(value: str) -> bool:
    """Say whether a dynamic filter means the one who asks."""
    return value == _ME


OPERATIONS: dict[str, Callable[[Field, str, Table], Compare]] = {
    "=": _same,
    "!=": _other,
    "<": _ordered("<"),
    "<=": _ordered("<="),
    ">": _ordered(">"),
    ">=": _ordered(">="),
    "IN": _one_of,
    "NOT IN": _none_of,
    "LIKE": _pattern("%", "%"),
    "NOT LIKE": _pattern("%", "%", "NOT "),
    "STARTSWITH": _pattern("", "%"),
    "ENDSWITH": _pattern("%", ""),
    "ISEMPTY": lambda column, _value, _table: (f"\"{column.name}\" = ''", []),
    "ISNOTEMPTY": lambda column, _value, _table: (f"\"{column.name}\" <> ''", []),
    "ANYTHING": lambda _column, _value, _table: ("1", []),
    "BETWEEN": _between,
    "ON": _on,
    "NOTON": _not_on,
    "SAMEAS": _with_field("="),
    "NSAMEAS": _with_field("<>"),
    "GT_FIELD": _with_field(">"),
    "LT_FIELD": _with_field("<"),
    "GT_OR_EQUALS_FIELD": _with_field(">="),
    "LT_OR_EQUALS_FIELD": _with_field("<="),
    "INSTANCEOF": _instance_of,
}
