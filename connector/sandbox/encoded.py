"""Read encoded queries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.schema import Field, Table

# Longer names first, so that NOT IN is not read as IN.
_OPERATORS = (
    *("GT_OR_EQUALS_FIELD", "LT_OR_EQUALS_FIELD", "GT_FIELD", "LT_FIELD"),
    *("RELATIVEGT", "RELATIVEGE", "RELATIVELT", "RELATIVELE", "RELATIVEEE"),
    *("DOES NOT CONTAIN", "ISNOTEMPTY", "STARTSWITH", "EMPTYSTRING", "INSTANCEOF"),
    *("NOT LIKE", "ENDSWITH", "CONTAINS", "ANYTHING", "MORETHAN", "LESSTHAN"),
    *("DATEPART", "DYNAMIC", "BETWEEN", "ISEMPTY", "NOT IN", "NSAMEAS", "SAMEAS"),
    *("NOTON", "LIKE", "IN_HIERARCHY", "IN", "ON"),
    *("!=", "<=", ">=", "!*", "=", "<", ">", "%", "*"),
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
_TEXT_SEARCH = "123TEXTQUERY321="
_RELATED = re.compile(r"(\w+)\.(\w+),(>=|<=|!=|=|>|<)(\d+)(?:,m2m)?")
_JOIN = re.compile(r"(\w+)\.(\w+)=(\w+)\.(\w+)(?:!(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """One comparison as it was written."""

    path: str
    operator: str
    value: str


@dataclass(frozen=True)
class Related:
    """Rows of another table that name this one: how many there must be."""

    mine: str
    table: str
    field: str
    sign: str
    count: int
    where: str

    path = "sys_id"


@dataclass(frozen=True)
class Search:
    """Words that must all be somewhere in the row."""

    words: str

    path = "sys_id"


Term = Condition | Related | Search


@dataclass
class Parsed:
    """Sets of conditions are ORed; in a set, groups are ANDed; in a group, ORed again."""

    sets: list[list[list[Term]]] = field(default_factory=lambda: [[]])
    order: list[tuple[str, bool]] = field(default_factory=list)
    has_invalid: bool = False

    def conditions(self) -> Iterable[Term]:
        for groups in self.sets:
            for group in groups:
                yield from group

    def paths(self) -> set[str]:
        """Return every field the query looks at."""
        ordered = {path for path, _ in self.order}
        return ordered | {condition.path for condition in self.conditions()}


def parse(text: str, table: Table) -> Parsed:
    """Read an encoded query; whatever is invalid is left out, as the instance does."""
    parsed = Parsed()
    terms = iter(text.split("^"))
    for term in terms:
        if term == "EQ":
            break
        if term.startswith("ORDERBY"):
            _add_order(parsed, term, table)
        elif term.startswith("RLQUERY"):
            within = takewhile(lambda one: one != "ENDRLQUERY", terms)
            _add_term(parsed, "", _related(term[7:], "^".join(within), table))
        elif term:
            prefix = next((p for p in ("NQ", "OR") if term.startswith(p)), "")
            _add_term(parsed, prefix, _term(term.removeprefix(prefix), table))
    parsed.sets = [groups for groups in parsed.sets if groups]
    return parsed


def _add_order(parsed: Parsed, term: str, table: Table) -> None:
    descending = term.startswith("ORDERBYDESC")
    path = term.removeprefix("ORDERBYDESC" if descending else "ORDERBY")
    if _is_comparable(path, table):
        parsed.order.append((path, descending))


def _add_term(parsed: Parsed, prefix: str, term: Term | None) -> None:
    if prefix == "NQ":
        parsed.sets.append([])
    groups = parsed.sets[-1]
    if term is None:
        parsed.has_invalid = True
    elif prefix == "OR" and groups:
        groups[-1].append(term)
    else:
        groups.append([term])


def _term(text: str, table: Table) -> Term | None:
    """Read one term; None if it is invalid."""
    if text.startswith(_TEXT_SEARCH):
        return Search(text.removeprefix(_TEXT_SEARCH))
    if text.startswith("JOIN"):
        return _join(text.removeprefix("JOIN"), table)
    match = _CONDITION.fullmatch(text)
    if match is None or not _is_comparable(match[1], table):
        return None
    path, operator, value = match.groups()
    return Condition(path, _SYNONYMS.get(operator, operator), value)


def _join(text: str, table: Table) -> Related | None:
    """Read this.field=other.field!condition: at least one such row must be there."""
    match = _JOIN.fullmatch(text)
    if match is None or match[1] != table.name:
        return None
    _, mine, name, field, where = match.groups()
    if mine not in table.fields or not _has(name, field):
        return None
    return Related(mine, name, field, ">=", 1, where or "")


def _related(text: str, where: str, _table: Table) -> Related | None:
    """Read other.field,>=1: so many rows must name this one."""
    match = _RELATED.fullmatch(text)
    if match is None or not _has(match[1], match[2]):
        return None
    return Related("sys_id", match[1], match[2], match[3], int(match[4]), where)


def _has(table: str, field: str) -> bool:
    return table in TABLES and _is_comparable(field, TABLES[table])


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
