"""Encoded queries: what the builder writes is what an instance reads.

The builder is the product's, the parser the sandbox's; they share no code.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.sandbox import query as sandbox
from connector.sandbox.encoded import Condition
from connector.sandbox.functions import Session
from connector.sandbox.schema import TABLES
from connector.sandbox.store import Store
from connector.servicenow.query import Query, UnsafeValue

if TYPE_CHECKING:
    from collections.abc import Iterator

INCIDENT = TABLES["incident"]
PLAIN = sorted(set(INCIDENT.fields) - INCIDENT.journals)
WALKED = ["opened_by.user_name", "assigned_to.manager.name", "caller_id.department.id"]
OPERATORS = {
    "equals": "=",
    "not_equals": "!=",
    "at_least": ">=",
    "greater": ">",
    "starts_with": "STARTSWITH",
}
# Words that mean something somewhere in an encoded query.
SIGNS = (
    *("^", "^OR", "^NQ", "^EQ", "EQ", "ORDERBY", "IN", "_HIERARCHY", "STANCEOF", "@"),
    *("=", ">", "<", "!", "%", "*", "javascript:gs.getUserID()", "123TEXTQUERY321="),
    *("JOIN", "RLQUERY", "ENDRLQUERY", ",", " ", "\n", "'", '"', "\\", "^^", "\u2028"),
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.lists(st.one_of(st.sampled_from(SIGNS), st.text(max_size=3)), max_size=5).map(
        "".join
    ),
)
FIELDS = st.sampled_from(PLAIN + WALKED)
STEPS = st.tuples(st.sampled_from(sorted(OPERATORS)), FIELDS, VALUES)
LISTS = st.tuples(st.just("is_in"), FIELDS, st.lists(VALUES, min_size=1, max_size=4))
SETS = st.lists(st.lists(st.one_of(STEPS, LISTS), min_size=1, max_size=4), min_size=1)
ORDERS = st.lists(st.tuples(FIELDS, st.booleans()), max_size=3)
patient = settings(deadline=None)
SESSION = Session("me", "my.name", datetime.now(UTC).timestamp(), ZoneInfo("UTC"))


def built(steps: list[tuple[str, str, object]]) -> tuple[Query, list[Condition]]:
    """Return a query of the steps the builder takes, and what they mean."""
    query, meant = Query(), []
    for name, field, value in steps:
        try:
            query = getattr(query, name)(field, value)
        except UnsafeValue:
            continue
        text = ",".join(value) if isinstance(value, list) else str(value)
        meant.append(Condition(field, OPERATORS.get(name, "IN"), text))
    return query, meant


@patient
@given(sets=SETS, orders=ORDERS)
@example(sets=[[("is_in", "number", ["_HIERARCHYx"])]], orders=[])
@example(sets=[[("is_in", "sys_class_name", ["STANCEOFtask"])]], orders=[])
@example(sets=[[("greater", "number", "=5")]], orders=[])
def test_an_instance_reads_what_was_meant(
    sets: list[list[tuple[str, str, object]]], orders: list[tuple[str, bool]]
) -> None:
    parts = [part for part in map(built, sets) if part[1]]
    query = reduce(Query.or_new, (one for one, _ in parts)) if parts else Query()
    for field, descending in orders:
        query = query.order_by(field, descending=descending)
    parsed = sandbox.parse(str(query), INCIDENT)
    assert parsed.sets == [[[one] for one in meant] for _, meant in parts]
    assert parsed.order == orders
    assert not parsed.has_invalid


@patient
@given(field=FIELDS, name=st.sampled_from(sorted(OPERATORS)), value=VALUES)
def test_a_value_stays_one_value(field: str, name: str, value: str) -> None:
    query, meant = built([(name, field, value)])
    sql = sandbox.compile_query(sandbox.parse(str(query), INCIDENT), INCIDENT, SESSION)
    if meant:
        escaped = value.translate({ord(sign): f"\\{sign}" for sign in "\\%_"})
        compared = f"{escaped}%" if name == "starts_with" else value
        assert sql.values == ["incident", compared]
        assert sql.where.count("?") == 2


@patient
@given(values=st.lists(VALUES, min_size=1, max_size=5))
def test_a_list_stays_that_list(values: list[str]) -> None:
    query, meant = built([("is_in", "number", values)])
    sql = sandbox.compile_query(sandbox.parse(str(query), INCIDENT), INCIDENT, SESSION)
    if meant:
        assert sql.values == ["incident", *values]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@patient
@given(value=VALUES, other=VALUES)
def test_only_the_row_with_the_value_is_found(
    store: Store, value: str, other: str
) -> None:
    query, meant = built([("equals", "short_description", value)])
    if not meant:
        return
    store.execute("DELETE FROM task")
    for sys_id, text in (("one", value), ("other", other)):
        row = {"sys_id": sys_id, "sys_class_name": "incident"}
        store.insert(INCIDENT, {**row, "short_description": text})
    sql = sandbox.compile_query(sandbox.parse(str(query), INCIDENT), INCIDENT, SESSION)
    text = f"SELECT sys_id FROM task WHERE {sql.where}"  # noqa: S608
    found = store.execute(text, sql.values)
    is_same = folded(other) == folded(value)
    assert {row["sys_id"] for row in found} == {"one", *(["other"] if is_same else [])}


def folded(text: str) -> str:
    """Fold what the database of the sandbox folds: the letters of ASCII."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


@patient
@given(text=VALUES)
def test_the_parser_reads_anything(text: str) -> None:
    parsed = sandbox.parse(text, INCIDENT)
    sql = sandbox.compile_query(parsed, INCIDENT, SESSION)
    assert sql.where.count("?") == len(sql.values)
