"""Read encoded queries and say them in SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.functions import resolve
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.sandbox.functions import Session
    from connector.sandbox.schema import Field, Table

# Longer names first, so that NOT IN is not read as IN.
_OPERATORS = (
    *("ISNOTEMPTY", "DOES NOT CONTAIN", "STARTSWITH", "EMPTYSTRING", "NOT LIKE"),
    *("ENDSWITH", "CONTAINS", "ANYTHING", "BETWEEN", "ISEMPTY", "NOT IN", "NSAMEAS"),
    *("SAMEAS", "NOTON", "LIKE", "IN", "ON", "!=", "<=", ">=", "!*", "=", "<", ">"),
    *("%", "*"),
)
_CONDITION = re.compile(
    rf"([a-z][a-z0-9_.]*)({'|'.join(map(re.escape, _OPERATORS))})(.*)", re.DOTALL
)
_SYNONYMS = {
    "%": "ENDSWITH",
    "*": "LIKE",
    "CONTAINS": "LIKE",
    "!*": "NOT LIKE",
    "DOES NOT CONTAIN": "NOT LIKE",
    "EMPTYSTRING": "ISEMPTY",
}
_TEXTUAL = {"STARTSWITH", "ENDSWITH", "LIKE", "NOT LIKE"}


@dataclass(frozen=True)
class Condition:
    """One comparison as it was written."""

    path: str
    operator: str
    value: str


@dataclass
class Parsed:
    """Sets of conditions are ORed; in a set, groups are ANDed; in a group, ORed again."""

    sets: list[list[list[Condition]]] = field(default_factory=lambda: [[]])
    order: list[tuple[str, bool]] = field(default_factory=list)
    has_invalid: bool = False

    def conditions(self) -> Iterable[Condition]:
        for groups in self.sets:
            for group in groups:
                yield from group

    def paths(self) -> set[str]:
        """Return every field the query looks at."""
        ordered = {path for path, _ in self.order}
        return ordered | {condition.path for condition in self.conditions()}


@dataclass(frozen=True)
class Sql:
    """A WHERE text, its values, and an ORDER BY text."""

    where: str
    values: list[str]
    order: str = ""


def parse(text: str, table: Table) -> Parsed:
    """Read an encoded query; whatever is invalid is left out, as the instance does."""
    parsed = Parsed()
    for term in text.split("^"):
        if term == "EQ":
            break
        if term.startswith("ORDERBY"):
            _add_order(parsed, term, table)
        elif term:
            _add_condition(parsed, term, table)
    parsed.sets = [groups for groups in parsed.sets if groups]
    return parsed


def _add_order(parsed: Parsed, term: str, table: Table) -> None:
    descending = term.startswith("ORDERBYDESC")
    path = term.removeprefix("ORDERBYDESC" if descending else "ORDERBY")
    if "." not in path and _is_comparable(path, table):
        parsed.order.append((path, descending))


def _add_condition(parsed: Parsed, term: str, table: Table) -> None:
    is_new_set, is_or = term.startswith("NQ"), term.startswith("OR")
    if is_new_set:
        parsed.sets.append([])
    condition = _condition(term[2:] if is_new_set or is_or else term)
    if condition is None or not _is_comparable(condition.path, table):
        parsed.has_invalid = True
        return
    groups = parsed.sets[-1]
    if is_or and groups:
        groups[-1].append(condition)
    else:
        groups.append([condition])


def _condition(term: str) -> Condition | None:
    match = _CONDITION.fullmatch(term)
    if match is None:
        return None
    path, operator, value = match.groups()
    return Condition(path, _SYNONYMS.get(operator, operator), value)


def resolve_path(path: str, table: Table) -> tuple[Table, Field] | None:
    """Follow a dotted path to its last table and field; None if there is none."""
    at: Table | None = table
    *steps, last = path.split(".")
    for name in steps:
        if at is None or name not in at.fields:
            return None
        at = TABLES.get(at.fields[name].reference)
    if at is None or last not in at.fields:
        return None
    return at, at.fields[last]


def _is_comparable(path: str, table: Table) -> bool:
    found = resolve_path(path, table)
    # The entries of a journal lie elsewhere: there is nothing to compare.
    return found is not None and found[1].type != "journal"


def compile_query(parsed: Parsed, table: Table, session: Session) -> Sql:
    """Turn a parsed query into SQL over the table's storage."""
    where, values = _sets(parsed, table, session)
    if table.parent:
        where = f'("sys_class_name" = ? AND {where})'
        values = [table.name, *values]
    order = ", ".join(
        _column(table.fields[path]) + (" DESC" if descending else "")
        for path, descending in parsed.order
    )
    return Sql(where, values, order)


def _sets(parsed: Parsed, table: Table, session: Session) -> tuple[str, list[str]]:
    texts, values = [], []
    for groups in parsed.sets:
        ands = []
        for group in groups:
            parts = [_comparison(c, table, session) for c in group]
            ands.append(f"({' OR '.join(text for text, _ in parts)})")
            values += [value for _, some in parts for value in some]
        texts.append(f"({' AND '.join(ands)})")
    return (f"({' OR '.join(texts)})" if texts else "1", values)


def _comparison(
    condition: Condition, table: Table, session: Session
) -> tuple[str, list[str]]:
    head, _, rest = condition.path.partition(".")
    first = table.fields[head]
    if rest:
        other = TABLES[first.reference]
        inner = Condition(rest, condition.operator, condition.value)
        return _through(first, other, _comparison(inner, other, session))
    operator, value = condition.operator, resolve(condition.value, session)
    other = TABLES.get(first.reference, table)
    if first.reference in TABLES and operator in _TEXTUAL:
        inner = Condition(other.display, operator, value)
        return _through(first, other, _comparison(inner, other, session))
    return _OPERATIONS[operator](first, value, table)


def _through(
    first: Field, other: Table, inner: tuple[str, list[str]]
) -> tuple[str, list[str]]:
    where, values = inner
    sql = f'"{first.name}" IN (SELECT "sys_id" FROM "{other.storage}" WHERE {where})'  # noqa: S608
    return sql, values


def _column(column: Field) -> str:
    name = f'"{column.name}"'
    return f"CAST({name} AS INTEGER)" if column.is_numeric else name


def _mark(column: Field) -> str:
    return "CAST(? AS INTEGER)" if column.is_numeric else "?"


Compare = tuple[str, list[str]]


def _same(column: Field, value: str, _table: Table) -> Compare:
    return f'"{column.name}" = ?', [value]


def _other(column: Field, value: str, _table: Table) -> Compare:
    return f'"{column.name}" <> ?', [value]


def _ordered(sign: str) -> Callable[[Field, str, Table], Compare]:
    def compare(column: Field, value: str, _table: Table) -> Compare:
        text = f"{_column(column)} {sign} {_mark(column)}"
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
    text = f"{_column(column)} BETWEEN {_mark(column)} AND {_mark(column)}"
    return f"(\"{column.name}\" <> '' AND {text})", [low, high]


def _on(column: Field, value: str, table: Table) -> Compare:
    _, _, limits = value.partition("@")
    return _between(column, limits, table)


def _not_on(column: Field, value: str, table: Table) -> Compare:
    text, values = _on(column, value, table)
    return f"NOT {text}", values


def _fields_differ(sign: str) -> Callable[[Field, str, Table], Compare]:
    def compare(column: Field, value: str, table: Table) -> Compare:
        if value not in table.fields or value in table.journals:
            return "0", []
        return f'"{column.name}" {sign} "{value}"', []

    return compare


_OPERATIONS: dict[str, Callable[[Field, str, Table], Compare]] = {
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
    "SAMEAS": _fields_differ("="),
    "NSAMEAS": _fields_differ("<>"),
}
