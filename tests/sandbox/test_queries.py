from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.wire import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api

ROWS = {
    "a": {"urgency": "1", "state": "2", "due_date": "2026-12-01 10:00:00"},
    "b": {"urgency": "2", "state": "2", "category": "network"},
    "c": {"urgency": "3", "due_date": "2026-12-03 10:00:00"},
    "d": {"urgency": "3", "category": "software", "state": "8"},
}


@pytest.fixture
def same(api: Api) -> str:
    """Four rows with one correlation ID."""
    same = mark()
    for name, values in ROWS.items():
        api.create("incident", short_description=name, correlation_id=same, **values)
    return same


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("urgency=1", "a"),
        ("urgency!=3", "ab"),
        ("urgencyIN1,2", "ab"),
        ("urgencyNOT IN1,2", "cd"),
        ("urgency>1", "bcd"),
        ("urgency>=2^urgency<3", "b"),
        ("urgencyBETWEEN1@2", "ab"),
        ("due_dateISEMPTY", "bd"),
        ("due_dateISNOTEMPTY", "ac"),
        ("due_date>2026-12-01 10:00:00", "c"),
        ("due_date<=2026-12-01 10:00:00", "a"),
        ("due_dateBETWEEN2026-12-01 00:00:00@2026-12-02 00:00:00", "a"),
        ("categorySTARTSWITHnet", "b"),
        ("categoryENDSWITHware", "d"),
        ("categoryLIKEW", "bd"),
        ("categoryNOT LIKEw", "ac"),
        ("categoryLIKE%", ""),
        ("short_descriptionIN", ""),
        ("urgency=1^ORurgency=2^state=2", "ab"),
        ("state=2^urgency=2^ORurgency=3", "b"),
        ("urgency=1^ORurgency=2^category=network^ORcategory=software", "b"),
        ("opened_by=javascript:gs.getUserID()^urgency=1", "a"),
        ("opened_by.user_name=m365.integration^urgency=1", "a"),
        ("opened_bySTARTSWITHMicrosoft^urgency=1", "a"),
        ("opened_by.user_name=admin", ""),
        ("sys_created_on>=javascript:gs.daysAgoStart(1)", "abcd"),
        ("sys_created_on<javascript:gs.daysAgoEnd(1)", ""),
        ("urgency=1^EQ", "a"),
        ("no_such_field=banana", "abcd"),
        ("urgency=1^ORno_such_field=banana", "a"),
        ("^^^", "abcd"),
        ("state=NOT_A_NUMBER", ""),
        ("state==1", ""),
        ("comments=x", "abcd"),
        ("AAAA=BBBB^" * 400 + "urgency=1", "a"),
    ],
)
def test_conditions_find_what_an_instance_finds(
    api: Api, same: str, query: str, expected: str
) -> None:
    rows = api.list("incident", f"correlation_id={same}^{query}")
    assert "".join(sorted(row["short_description"] for row in rows)) == expected


def test_a_new_set_begins_with_nothing(api: Api, same: str) -> None:
    query = f"correlation_id={same}^urgency=1^NQcorrelation_id={same}^state=8"
    rows = api.list("incident", f"{query}^ORDERBYDESCshort_description")
    assert [row["short_description"] for row in rows] == ["d", "a"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ORDERBYshort_description", "abcd"),
        ("ORDERBYDESCshort_description", "dcba"),
        ("ORDERBYstate^ORDERBYDESCshort_description", "cbad"),
        ("ORDERBYno_such_field^ORDERBYDESCurgency^ORDERBYshort_description", "cdba"),
    ],
)
def test_rows_come_in_the_wanted_order(
    api: Api, same: str, order: str, expected: str
) -> None:
    rows = api.list("incident", f"correlation_id={same}^{order}")
    assert "".join(row["short_description"] for row in rows) == expected


def test_a_keyset_walks_every_row_once(api: Api, same: str) -> None:
    base, order = f"correlation_id={same}", "^ORDERBYsys_updated_on^ORDERBYsys_id"
    seen, after = [], ("2000-01-01 00:00:00", "")
    while True:
        at, last = after
        query = f"{base}^sys_updated_on>{at}^NQ{base}^sys_updated_on={at}^sys_id>{last}"
        rows = api.list("incident", query + order, limit=1)
        if not rows:
            break
        seen.append(rows[0]["short_description"])
        after = (rows[0]["sys_updated_on"], rows[0]["sys_id"])
    assert sorted(seen) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("urgency", "1 - High", "a"),
        ("state", "in progress", "ab"),
        ("category", "network", "b"),
        ("opened_by", "Microsoft 365 Integration", "abcd"),
        ("no_such_field", "x", "abcd"),
    ],
)
def test_plain_parameters_also_take_display_values(
    api: Api, same: str, name: str, value: str, expected: str
) -> None:
    params = {"correlation_id": same, name: value}
    rows = api.send("GET", "table/incident", params=params).json()["result"]
    assert "".join(sorted(row["short_description"] for row in rows)) == expected


@pytest.fixture
def strict(instance: Running) -> Iterator[None]:
    sql = "UPDATE sys_properties SET value = ? WHERE name = ?"
    name = "glide.invalid_query.returns_no_rows"
    instance.store.execute(sql, ["true", name])
    yield
    instance.store.execute(sql, ["false", name])


@pytest.mark.usefixtures("strict")
def test_a_property_makes_invalid_queries_find_nothing(api: Api, same: str) -> None:
    assert api.list("incident", f"correlation_id={same}^no_such_field=x") == []
    assert len(api.list("incident", f"correlation_id={same}")) == 4


def test_an_order_that_leaves_ties_is_not_the_same_twice(api: Api, same: str) -> None:
    def names(order: str) -> str:
        rows = api.list("incident", f"correlation_id={same}{order}")
        return "".join(row["short_description"] for row in rows)

    assert len({names("^ORDERBYactive") for _ in range(40)}) > 1
    assert len({names("^ORDERBYactive^ORDERBYsys_id") for _ in range(10)}) == 1
