"""Say encoded queries in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox import datewise, operators
from connector.sandbox.encoded import (
    Condition,
    Parsed,
    Related,
    Search,
    parse,
    resolve_path,
)
from connector.sandbox.functions import resolve
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.encoded import Term
    from connector.sandbox.functions import Session
    from connector.sandbox.operators import Compare
    from connector.sandbox.schema import Field, Table

__all__ = ["Parsed", "Sql", "compile_query", "parse", "resolve_path"]

_LISTS = {"BETWEEN", "ON", "NOTON", "IN", "NOT IN"}
_TEXTUAL = {"STARTSWITH", "ENDSWITH", "LIKE", "NOT LIKE"}
_SEARCHED = ("number", "name", "short_description", "description", "text", "title")


@dataclass(frozen=True)
class Sql:
    """A WHERE text, its values, and an ORDER BY text."""

    where: str
    values: list[str]
    order: str = ""


def compile_query(parsed: Parsed, table: Table, session: Session) -> Sql:
    """Turn a parsed query into SQL over the table's storage."""
    where, values = _sets(parsed, table, session)
    where, values = _of_class(table, where, values)
    order = ", ".join(
        _order(path, table) + (" DESC" if descending else "")
        for path, descending in parsed.order
    )
    return Sql(where, values, order)


def _of_class(table: Table, where: str, values: list[str]) -> Compare:
    if not table.parent:
        return where, values
    return f'("sys_class_name" = ? AND {where})', [table.name, *values]


def _order(path: str, table: Table, level: int = 0) -> str:
    """Return what to order by; a path looks into the referenced rows."""
    head, _, rest = path.partition(".")
    column = table.fields[head]
    at = f"t{level}" if level else f'"{table.storage}"'
    if not rest:
        name = f'{at}."{column.name}"'
        return f"CAST({name} AS INTEGER)" if column.is_numeric else name
    other = TABLES[column.reference]
    inner = _order(rest, other, level + 1)
    return (
        f'(SELECT {inner} FROM "{other.storage}" AS t{level + 1} '  # noqa: S608
        f'WHERE t{level + 1}."sys_id" = {at}."{column.name}")'
    )


def _joined(texts: list[str], word: str) -> str:
    """Join conditions as a balanced tree: SQLite takes no deep ones."""
    if len(texts) < 3:
        return f"({f' {word} '.join(texts)})"
    middle = len(texts) // 2
    parts = [_joined(texts[:middle], word), _joined(texts[middle:], word)]
    return _joined(parts, word)


def _sets(parsed: Parsed, table: Table, session: Session) -> Compare:
    texts, values = [], []
    for groups in parsed.sets:
        ands = []
        for group in groups:
            parts = [_term(one, table, session) for one in group]
            ands.append(_joined([text for text, _ in parts], "OR"))
            values += [value for _, some in parts for value in some]
        texts.append(_joined(ands, "AND"))
    return (_joined(texts, "OR") if texts else "1", values)


def _term(term: Term, table: Table, session: Session) -> Compare:
    if isinstance(term, Related):
        return _related(term, session)
    if isinstance(term, Search):
        return _search(term, table)
    return _comparison(term, table, session)


def _related(term: Related, session: Session) -> Compare:
    """Compare how many rows of another table name this one."""
    other = TABLES[term.table]
    inner = compile_query(parse(term.where, other), other, session)
    rows = f'SELECT "{term.field}" FROM "{other.storage}" WHERE {inner.where}'  # noqa: S608
    enough = f'{rows} GROUP BY "{term.field}" HAVING count(*) {term.sign} {term.count}'
    text = f'"{term.mine}" IN ({enough})'
    if not _holds(0, term.sign, term.count):
        return text, inner.values
    return f'({text} OR "{term.mine}" NOT IN ({rows}))', inner.values * 2


def _holds(number: int, sign: str, limit: int) -> bool:
    return {
        ">": number > limit,
        ">=": number >= limit,
        "<": number < limit,
        "<=": number <= limit,
        "=": number == limit,
        "!=": number != limit,
    }[sign]


def _search(term: Search, table: Table) -> Compare:
    """Find every word in one of the texts of a row."""
    columns = [table.fields[name] for name in _SEARCHED if name in table.fields]
    texts, values = [], []
    for word in term.words.split():
        parts = [operators.OPERATIONS["LIKE"](one, word, table) for one in columns]
        texts.append(f"({' OR '.join(text for text, _ in parts) or '0'})")
        values += [value for _, some in parts for value in some]
    return f"({' AND '.join(texts) or '1'})", values


def _comparison(condition: Condition, table: Table, session: Session) -> Compare:
    head, _, rest = condition.path.partition(".")
    first = table.fields[head]
    if rest:
        other = TABLES[first.reference]
        inner = Condition(rest, condition.operator, condition.value)
        return _through(first, other, _comparison(inner, other, session))
    operator = condition.operator
    value = resolve(condition.value, session, is_list=operator in _LISTS)
    if first.type == "roles":
        return operators.with_role(value, is_held=operator != "!=")
    if operator == "IN_HIERARCHY":
        return operators.in_hierarchy(first, value)
    if operator == "DYNAMIC":
        is_me = operators.is_me(value)
        return f'"{first.name}" = ?', [session.user_id if is_me else value]
    if operator in {"SAMEAS", "NSAMEAS"} and "@" in value:
        operator += "@"
    if operator in datewise.OPERATIONS:
        # A part of a date is no call that gives a value.
        return datewise.OPERATIONS[operator](first, condition.value, table, session)
    other = TABLES.get(first.reference, table)
    if first.reference in TABLES and operator in _TEXTUAL:
        inner = Condition(other.display, operator, value)
        return _through(first, other, _comparison(inner, other, session))
    return operators.OPERATIONS[operator](first, value, table)


def _through(first: Field, other: Table, inner: Compare) -> Compare:
    where, values = inner
    sql = f'"{first.name}" IN (SELECT "sys_id" FROM "{other.storage}" WHERE {where})'  # noqa: S608
    return sql, values
