"""What encoded queries find: facts 2.2."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.sandbox.facts import Fact
from tests.sandbox.wire import INTEGRATION_WORD, Api, mark, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running
    from tests.sandbox.world import World

ROWS = {
    "a": {"urgency": "1", "state": "2", "due_date": "2026-12-01 10:00:00"},
    "b": {"urgency": "2", "state": "2", "category": "network"},
    "c": {"urgency": "3", "due_date": "2026-12-03 10:00:00"},
    "d": {"urgency": "3", "category": "software", "state": "8"},
}
FILTERS = "[D:r_OpAvailableFiltersQueries.md]"
STRINGS = "[D:c_EncodedQueryStrings.md]"
ME = "90d1921e5f510100a9ad2572f2b477fe"


class Found(NamedTuple):
    """Which of the four rows a query finds."""

    query: str
    rows: str
    source: str


# fmt: off
FACTS = [
    Found("urgency=1", "a", FILTERS),
    Found("urgency!=3", "ab", FILTERS),
    Found("urgencyIN1,2", "ab", FILTERS),
    Found("urgencyNOT IN1,2", "cd", FILTERS),
    Found("urgency>1", "bcd", FILTERS),
    Found("urgency>=2^urgency<3", "b", FILTERS),
    Found("urgency<=2", "ab", FILTERS),
    Found("urgencyBETWEEN1@2", "ab", FILTERS),
    Found("urgencyGT_FIELDimpact", "", FILTERS),
    Found("urgencyLT_FIELDimpact", "ab", FILTERS),
    Found("urgencyGT_OR_EQUALS_FIELDimpact", "cd", FILTERS),
    Found("urgencyLT_OR_EQUALS_FIELDimpact", "abcd", FILTERS),
    Found("urgencySAMEASimpact", "cd", FILTERS),
    Found("urgencyNSAMEASimpact", "ab", FILTERS),
    Found("due_dateISEMPTY", "bd", FILTERS),
    Found("due_dateISNOTEMPTY", "ac", FILTERS),
    Found("descriptionEMPTYSTRING", "abcd", FILTERS),
    Found("urgencyANYTHING", "abcd", FILTERS),
    Found("categorySTARTSWITHnet", "b", FILTERS),
    Found("categoryENDSWITHware", "d", FILTERS),
    Found("category%ware", "d", FILTERS),
    Found("categoryLIKEw", "bd", FILTERS),
    Found("category*w", "bd", FILTERS),
    Found("categoryCONTAINSw", "bd", "[P] docstrings (unverified)"),
    Found("categoryNOT LIKEw", "ac", FILTERS),
    Found("category!*w", "ac", FILTERS),
    Found("categoryDOES NOT CONTAINw", "ac", "[P] docstrings (unverified)"),
    Found("categoryLIKE%", "", "(unverified) a sign of SQL is none here"),
    Found("categoryLIKEW", "bd", "(unverified) no regard to case"),
    Found("category=NETWORK", "b", "(unverified) no regard to case"),
    Found("URGENCY=1", "abcd", STRINGS + " field names have case"),
    Found("categorylikew", "abcd", STRINGS + " operators have case"),
    Found("category>=network", "bd", FILTERS),
    Found("short_descriptionBETWEENb@c", "bc", FILTERS),
    Found("active!=true", "d", FILTERS),
    Found("active=true", "abc", FILTERS),
    Found("knowledge!=true", "abcd", FILTERS),
    Found("opened_bySTARTSWITHMicrosoft^urgency=1", "a", FILTERS),
    Found("opened_byLIKE365^urgency=1", "a", FILTERS),
    Found("opened_by=Microsoft 365 Integration", "", FILTERS),
    Found(f"opened_byDYNAMIC{ME}^urgency=1", "a", FILTERS + " (sys_id: unverified)"),
    Found("due_date>2026-12-01 10:00:00", "c", FILTERS),
    Found("due_date<=2026-12-01 10:00:00", "a", FILTERS),
    Found("due_dateBETWEEN2026-12-01 00:00:00@2026-12-02 00:00:00", "a", FILTERS),
    Found("due_dateONDay@2026-12-03 00:00:00@2026-12-03 23:59:59", "c", FILTERS),
    Found("due_dateNOTONDay@2026-12-03 00:00:00@2026-12-03 23:59:59", "abd", FILTERS),
    Found("sys_created_onONToday@javascript:gs.daysAgoStart(0)@javascript:gs.daysAgoEnd(0)", "abcd", FILTERS),
    Found("sys_created_onRELATIVEGT@hour@ago@1", "abcd", FILTERS),
    Found("sys_created_onRELATIVELT@hour@ago@1", "", FILTERS),
    Found("sys_created_onRELATIVEGE@dayofweek@ago@1", "abcd", FILTERS),
    Found("due_dateRELATIVEGT@minute@ahead@1^due_dateISEMPTY", "", FILTERS),
    Found("sys_created_onRELATIVEEE@year@ago@0", "abcd", FILTERS),
    Found("sys_created_onSAMEASsys_updated_on@day", "abcd", FILTERS),
    Found("due_dateSAMEASdue_date@month", "ac", FILTERS),
    Found("due_dateNSAMEASdue_date@month", "", FILTERS),
    Found("due_dateMORETHANsys_created_on@year@after@50", "", FILTERS),
    Found("sys_updated_onLESSTHANsys_created_on@hour@after@1", "abcd", FILTERS),
    Found("due_dateDATEPARTTuesday@javascript:gs.datePart('dayofweek','tuesday','EE')", "a", FILTERS),
    Found("due_dateDATEPARTDecember@javascript:gs.datePart('month','december','EE')", "ac", FILTERS),
    Found("urgency=1^ORurgency=2^state=2", "ab", "[M:LH adr-123]"),
    Found("state=2^urgency=2^ORurgency=3", "b", "[M:LH adr-123]"),
    Found("urgency=1^ORurgency=2^category=network^ORcategory=software", "b", "[M:LH adr-123]"),
    Found("urgency=1^NQurgency=3", "acd", FILTERS),
    Found("urgency=1^EQ", "a", "[P]"),
    Found("urgency=1^EQ^urgency=2", "a", "(unverified)"),
    Found("opened_by.user_name=m365.integration^urgency=1", "a", STRINGS),
    Found("opened_by.user_name=admin", "", STRINGS),
    Found("opened_by.department.name=IT^urgency=1", "a", STRINGS),
    Found("opened_by.company.stock_symbol=CTS^urgency=1", "a", "[D:c_RESTAPI.md]"),
    Found("opened_by.roles=itil^urgency=1", "a", STRINGS),
    Found("opened_by.roles=admin", "", STRINGS),
    Found("opened_by=javascript:gs.getUserID()^urgency=1", "a", "[D:c_TableAPI.md]"),
    Found("opened_by.user_name=javascript:gs.getUserName()^urgency=1", "a", "(unverified)"),
    Found("sys_created_on>=javascript:gs.beginningOfToday()", "abcd", "[M:LH Q3]"),
    Found("sys_created_on>=javascript:gs.beginningOfLastMonth()", "abcd", "[M:LH Q3]"),
    Found("sys_created_on<javascript:gs.daysAgoEnd(1)", "", "[M:LH Q3]"),
    Found("sys_created_on>=javascript:gs.minutesAgo(5)", "abcd", "(unverified)"),
    Found("sys_created_on>=javascript:gs.dateGenerate('2020-01-01','00:00:00')", "abcd", "(unverified)"),
    Found("sys_created_on>javascript:gs.noSuchThing()^urgency=1", "a", "(unverified)"),
    Found("short_description=a javascript:gs.getUserID()", "", "(unverified) only a whole value is a call"),
    Found("JOINincident.opened_by=sys_user.sys_id!user_name=m365.integration", "abcd", STRINGS),
    Found("JOINincident.opened_by=sys_user.sys_id!user_name=admin", "", STRINGS),
    Found("RLQUERYsys_journal_field.element_id,>=1^ENDRLQUERY", "", "[P test_snc_api_query_advanced]"),
    Found("RLQUERYsys_journal_field.element_id,<1^ENDRLQUERY^urgency=1", "a", "[P test_snc_api_query_advanced]"),
    Found("RLQUERYincident.parent_incident,=0^active=true^ENDRLQUERY", "abcd", "[P test_snc_api_query_advanced]"),
    Found("123TEXTQUERY321=b^urgency=2", "b", STRINGS),
    Found("no_such_field=banana", "abcd", "[M:LH]"),
    Found("urgency=1^no_such_field=banana", "a", "[P]"),
    Found("urgency=1^ORno_such_field=banana", "a", "[M:LH]"),
    Found("AAAA=BBBB^" * 400 + "urgency=1", "a", "[P] 2300 times in a batch"),
    Found("^^^", "abcd", "[M:LH]"),
    Found("state=NOT_A_NUMBER", "", "[M:LH]"),
    Found("state==1", "", "[M:LH]"),
    Found("comments=x", "abcd", "(unverified)"),
    Found("short_descriptionIN", "", "(unverified)"),
    Found("urgencyLT_OR_EQUALS_FIELDno_such_field", "", "(unverified)"),
    Found("sys_updated_onLESSTHANsys_created_on@hour@before@1", "abcd", FILTERS),
    Found("due_dateMORETHANsys_created_on@year@before@50", "", FILTERS),
    Found("due_dateMORETHANdue_date@nonsense", "", "(unverified)"),
    Found("due_dateDATEPARTx@javascript:gs.datePart('month','december','GE')", "ac", FILTERS),
    Found("due_dateDATEPARTx@javascript:gs.datePart('year','2027','GE')", "", FILTERS),
    Found("due_dateDATEPARTnonsense", "", "(unverified)"),
    Found("sys_created_onRELATIVELE@minute@ahead@5", "abcd", FILTERS),
    Found("sys_created_onRELATIVEEE@dayofweek@ago@2", "", FILTERS),
    Found("sys_created_onRELATIVEGE@fortnight@ago@2", "", "(unverified)"),
    Found(f"assigned_toDYNAMIC{ME}", "", FILTERS + " (sys_id: unverified)"),
    Found("sys_class_nameINSTANCEOFtask", "abcd", FILTERS),
    Found("sys_class_nameINSTANCEOFproblem", "", FILTERS),
    Found("opened_by.manager.nameISEMPTY^urgency=1", "", "(unverified)"),
    Found("JOINincident.opened_by=no_such_table.sys_id", "abcd", "(unverified)"),
    Found("JOINproblem.opened_by=sys_user.sys_id!user_name=admin", "abcd", "(unverified)"),
    Found("sys_created_on>=javascript:gs.beginningOfThisYear()", "abcd", "[D]"),
    Found("sys_created_on>javascript:gs.endOfLastQuarter()", "abcd", "[D]"),
    Found("sys_created_on<javascript:gs.beginningOfNextWeek()", "abcd", "[D]"),
    Found("sys_created_on<javascript:gs.monthsAgo(1)", "", "[D]"),
    Found("sys_created_onBETWEENjavascript:gs.beginningOfToday()@javascript:gs.endOfToday()", "abcd", FILTERS),
    Found("parentIN_HIERARCHYx", "", FILTERS),
]
# fmt: on


@pytest.fixture(scope="module")
def same(one_instance: Running) -> str:
    """Four rows with one correlation ID."""
    same = mark()
    token = token_of(one_instance, "m365.integration", INTEGRATION_WORD)
    api = Api(one_instance.url, token)
    for name, values in ROWS.items():
        api.create("incident", short_description=name, correlation_id=same, **values)
    return same


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.query[:60])
def test_a_query_finds_what_an_instance_finds(api: Api, same: str, fact: Found) -> None:
    sets = fact.query.split("^NQ")
    query = "^NQ".join(f"correlation_id={same}^{one}" for one in sets)
    rows = api.list("incident", query)
    found = "".join(sorted(row["short_description"] for row in rows))
    assert found == fact.rows, fact.source


# fmt: off
ORDERS = [
    Found("ORDERBYshort_description", "abcd", STRINGS),
    Found("ORDERBYDESCshort_description", "dcba", STRINGS),
    Found("ORDERBYstate^ORDERBYDESCshort_description", "cbad", STRINGS),
    Found("ORDERBYopened_by.manager.name^ORDERBYshort_description", "abcd", STRINGS),
    Found("ORDERBYDESCopened_by.user_name^ORDERBYDESCshort_description", "dcba", STRINGS),
    Found("ORDERBYno_such_field^ORDERBYDESCurgency^ORDERBYshort_description", "cdba", "[M:LH]"),
]
# fmt: on


@pytest.mark.parametrize("fact", ORDERS, ids=lambda fact: fact.query)
def test_rows_come_in_the_wanted_order(api: Api, same: str, fact: Found) -> None:
    rows = api.list("incident", f"correlation_id={same}^{fact.query}")
    found = "".join(row["short_description"] for row in rows)
    assert found == fact.rows, fact.source


def test_an_order_that_leaves_ties_is_not_the_same_twice(api: Api, same: str) -> None:
    """[D] [M] No order is promised, nor one among equals."""

    def names(order: str) -> str:
        rows = api.list("incident", f"correlation_id={same}{order}")
        return "".join(row["short_description"] for row in rows)

    assert len({names("^ORDERBYactive") for _ in range(40)}) > 1
    assert len({names("^ORDERBYactive^ORDERBYsys_id") for _ in range(10)}) == 1


def test_a_keyset_walks_every_row_once(api: Api, same: str) -> None:
    """[M] Keyset paging with two sets and an order works."""
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


@pytest.fixture
def strict(instance: Running) -> Iterator[None]:
    sql = "UPDATE sys_properties SET value = ? WHERE name = ?"
    name = "glide.invalid_query.returns_no_rows"
    instance.store.execute(sql, ["true", name])
    yield
    instance.store.execute(sql, ["false", name])


@pytest.mark.usefixtures("strict")
def test_a_property_makes_invalid_queries_find_nothing(api: Api, same: str) -> None:
    """[D:c_TableAPI.md] glide.invalid_query.returns_no_rows"""
    assert api.list("incident", f"correlation_id={same}^no_such_field=x") == []
    assert len(api.list("incident", f"correlation_id={same}")) == 4


def test_related_rows_are_counted_under_their_own_condition(api: Api) -> None:
    """[D:c_EncodedQueryStrings.md]"""
    found = api.list(
        "sys_user",
        "RLQUERYsys_user_has_role.user,>0,m2m^role.name=admin^ENDRLQUERY",
    )
    assert [row["user_name"] for row in found] == ["admin"]


def test_a_hierarchy_is_looked_through(api: Api, admin_api: Api) -> None:
    """[D:r_OpAvailableFiltersQueries.md] IN_HIERARCHY"""
    top = admin_api.create("sys_user_group", name="Top")
    below = admin_api.create("sys_user_group", name="Below", parent=top["sys_id"])
    row = api.create("incident", assignment_group=below["sys_id"])
    for group, found in ((top, [row["sys_id"]]), (below, [row["sys_id"]])):
        query = f"assignment_groupIN_HIERARCHY{group['sys_id']}"
        assert [one["sys_id"] for one in api.list("incident", query)] == found


def test_words_are_searched_for_in_all_texts(api: Api) -> None:
    """[D:c_EncodedQueryStrings.md] 123TEXTQUERY321"""
    word = mark()
    api.create("incident", short_description=f"mail {word}", description="x")
    api.create("incident", short_description="x", description=f"{word} printer")
    one = api.list("incident", f"123TEXTQUERY321={word} MAIL")
    assert [row["description"] for row in one] == ["x"]
    assert len(api.list("incident", f"123TEXTQUERY321={word}")) == 2


def test_a_long_list_of_conditions_is_no_burden(api: Api, same: str) -> None:
    """[P] What is too long for an address comes in a batch."""
    many = "^OR".join(["urgency=1"] * 3000)
    url = f"/api/now/table/incident?sysparm_query=correlation_id={same}^{many}"
    item = {"id": "1", "method": "GET", "url": url}
    body = {"batch_request_id": "1", "rest_requests": [item]}
    [one] = api.send("POST", "batch", json=body).json()["serviced_requests"]
    rows = json.loads(base64.b64decode(one["body"]))["result"]
    assert [row["short_description"] for row in rows] == ["a"]


def test_a_class_is_the_exact_one(world: World) -> None:
    """[M:LH adr-123] sys_class_nameIN… over the base table"""
    given = {"incident": {}, "change": {}}
    for classes, count in (("incident,change_request", 2), ("task", 0)):
        query = f"correlation_id={{same}}^sys_class_nameIN{classes}"
        ask = f"GET table/task?sysparm_query={query}"
        world.check(Fact(classes, "[M:LH]", ask, given=given, body={"result/#": count}))
        given = {}
