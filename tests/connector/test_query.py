"""Encoded queries: what is asked is what arrives, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.servicenow.query import Query, UnsafeValue

FIELDS = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True)
OPERATORS = {
    "equals": "=",
    "not_equals": "!=",
    "at_least": ">=",
    "greater": ">",
    "starts_with": "STARTSWITH",
}


@given(field=FIELDS, name=st.sampled_from(sorted(OPERATORS)), value=st.text())
def test_a_value_stays_inside_its_condition(field: str, name: str, value: str) -> None:
    try:
        query = str(getattr(Query(), name)(field, value).equals("number", "CHG1"))
    except UnsafeValue:
        return
    first, second = query.split("^")
    assert first == field + OPERATORS[name] + value
    assert second == "number=CHG1"


@given(values=st.lists(st.text(), max_size=5))
def test_a_list_of_values_stays_that_list(values: list[str]) -> None:
    try:
        query = str(Query().is_in("sys_id", values))
    except UnsafeValue:
        return
    assert query.removeprefix("sys_idIN").split(",") == values
    assert "^" not in query


@pytest.mark.parametrize(
    "value",
    ["a^ORactive=true", "a\nb", "a\rb", "a\x00b", "a\u2028b", "", "=5", "javascript:x"],
)
def test_values_that_would_change_the_query_are_refused(value: str) -> None:
    with pytest.raises(UnsafeValue):
        Query().equals("name", value)


@pytest.mark.parametrize("count", [0, 201])
def test_a_list_of_values_has_bounds(count: int) -> None:
    with pytest.raises(UnsafeValue):
        Query().is_in("sys_id", [str(n) for n in range(count)])


@pytest.mark.parametrize("field", ["", "a^b", "A", "a=b", "a b", "1a", "a."])
def test_a_field_is_a_column_name(field: str) -> None:
    with pytest.raises(UnsafeValue):
        Query().equals(field, "1")


def test_date_times_are_written_in_utc() -> None:
    at = datetime(2026, 1, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert str(Query().greater("sys_updated_on", at)) == (
        "sys_updated_on>2026-01-30 23:30:00"
    )
    with pytest.raises(UnsafeValue):
        Query().greater("sys_updated_on", at.replace(tzinfo=None))


def test_the_cursor_of_a_poll() -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    base = Query().is_in("sys_class_name", ["incident", "change_request"])
    query = (
        base.greater("sys_updated_on", at)
        .or_new(base.equals("sys_updated_on", at).greater("sys_id", "0f"))
        .order_by("sys_updated_on")
        .order_by("sys_id", descending=True)
    )

    assert str(query) == (
        "sys_class_nameINincident,change_request^sys_updated_on>2026-01-31 00:00:00"
        "^NQsys_class_nameINincident,change_request"
        "^sys_updated_on=2026-01-31 00:00:00^sys_id>0f"
        "^ORDERBYsys_updated_on^ORDERBYDESCsys_id"
    )


def test_only_order() -> None:
    assert str(Query().order_by("number")) == "ORDERBYnumber"


def test_what_the_instance_computes() -> None:
    assert str(Query().is_script("user_name", "gs.getUserName()")) == (
        "user_name=javascript:gs.getUserName()"
    )
    with pytest.raises(UnsafeValue):
        Query().is_script("user_name", "gs.eval('x')")
