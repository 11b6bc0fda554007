"""What the parameters of the Table API do, and pages: facts 2, 2.1 and 2.5."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from tests.sandbox.world import World

SAME = "sysparm_query=correlation_id={same}"
LIST = f"GET table/incident?{SAME}"
ORDERED = f"{LIST}^ORDERBYsys_id"
ONE = {"incident": {"short_description": "one", "urgency": "1"}}
FIVE = {"incidents": [{}] * 5}
MINE = "GET table/incident/{incident}"
LOCAL = {"sysparm_input_display_value": "true"}
TINY = "POST tinyurl"


def link(*names: str) -> re.Pattern[str]:
    return re.compile(
        "^" + ",".join(rf'<http[^>]+>;rel="{name}"' for name in names) + "$"
    )


# fmt: off
FACTS = [
    Fact(
        "v1_finds_nothing", "[K:KB0551763]", f"GET v1/table/incident?{SAME}", 404,
        {"error/message": "No Record found", "error/detail": "Records matching query not found. Check query parameter or offset parameter"}
    ),
    Fact("v2_finds_nothing", "[K:KB0551763]", f"GET v2/table/incident?{SAME}", body={"result": []}),
    Fact("without_a_version_it_is_v2", "[D:c_RESTAPI.md]", LIST, body={"result": []}),
    Fact("v1_finds_something", "[K:KB0551763]", f"GET v1/table/incident?{SAME}", given=ONE, body={"result/#": 1}),
    Fact(
        "v1_is_empty_behind_the_end", "[K:KB0551763]", f"GET v1/table/incident?{SAME}&sysparm_offset=9", 404,
        given=ONE
    ),
    Fact(
        "links_keep_the_version", "[M] (unverified)", f"GET v2/table/incident?{SAME}", given=ONE,
        body={"result/0/opened_by/link": "{url}/api/now/v2/table/sys_user/{integration_id}"}
    ),
    Fact(
        "pairs_are_joined", "[D:c_TableAPI.md]", "GET table/incident?correlation_id={same}&urgency=1",
        given={"incidents": [{"urgency": "1"}, {"urgency": "2"}]}, body={"result/#": 1}
    ),
    Fact(
        "a_pair_by_number", "[A]", "GET table/incident?number={incident_number}", given=ONE,
        body={"result/0/sys_id": "{incident}"}
    ),
    Fact(
        "a_pair_takes_the_label_of_a_choice", "[D:c_TableAPI.md]",
        "GET table/incident?correlation_id={same}&state=new", given=ONE, body={"result/#": 1}
    ),
    Fact(
        "a_pair_takes_the_name_of_a_reference", "[D:c_TableAPI.md]",
        "GET table/incident?correlation_id={same}&opened_by=Microsoft 365 Integration", given=ONE,
        body={"result/#": 1}
    ),
    Fact(
        "pairs_give_way_to_a_query", "[D:c_TableAPI.md] mutually exclusive", f"{LIST}&urgency=3", given=ONE,
        body={"result/#": 1}
    ),
    Fact(
        "booleans_in_any_case", "[T] pysnow", f"{LIST}&sysparm_exclude_reference_link=True", given=ONE,
        body={"result/0/opened_by": "{integration_id}"}
    ),
    Fact(
        "false_in_any_case", "[T] pysnow", f"{LIST}&sysparm_exclude_reference_link=False", given=ONE,
        body={"result/0/opened_by/value": "{integration_id}"}
    ),
    Fact(
        "empty_options_are_none", "[T] pysnow",
        f"{LIST}&sysparm_fields=&sysparm_view=&sysparm_limit=&sysparm_offset=", given=ONE,
        body={"result/0/short_description": "one", "result/0/urgency": "1"}
    ),
    Fact(
        "fields_are_picked", "[D:c_TableAPI.md]", f"{MINE}?sysparm_fields=number,state", given=ONE,
        body={"result": {"number": "{incident_number}", "state": "1"}}
    ),
    Fact(
        "unknown_fields_are_left_out", "[D:c_RESTAPI.md]",
        f"{MINE}?sysparm_fields=state,nothing,opened_by.nothing", given=ONE, body={"result": {"state": "1"}}
    ),
    Fact(
        "fields_of_a_reference", "[D:c_RESTAPI.md]", f"{MINE}?sysparm_fields=opened_by.user_name", given=ONE,
        body={"result": {"opened_by.user_name": "m365.integration"}}
    ),
    Fact(
        "fields_of_a_reference_of_a_reference", "[P test_dotwalk_with_element]",
        f"{MINE}?sysparm_fields=opened_by.department.name", given=ONE,
        body={"result": {"opened_by.department.name": "IT"}}
    ),
    Fact(
        "spaces_around_fields", "(unverified)", f"{MINE}?sysparm_fields=state, number", given=ONE,
        body={"result/#": 2}
    ),
    Fact(
        "fields_win_over_a_view", "[D:c_TableAPI.md]", f"{MINE}?sysparm_view=mobile&sysparm_fields=state",
        given=ONE, body={"result": {"state": "1"}}
    ),
    Fact(
        "a_view_decides_on_the_fields", "[D:c_RESTAPI.md] (which: unverified)", f"{MINE}?sysparm_view=mobile",
        given=ONE, body={"result/short_description": "one", "result/urgency": ABSENT}
    ),
    Fact(
        "an_unknown_view_shows_everything", "(unverified)", f"{MINE}?sysparm_view=nothing", given=ONE,
        body={"result/urgency": "1"}
    ),
    Fact(
        "a_category_changes_nothing", "[M:LH]", f"{LIST}&sysparm_query_category=strict", given=ONE,
        body={"result/#": 1}
    ),
    Fact(
        "no_domain_changes_nothing_here", "[D:c_TableAPI.md]", f"{LIST}&sysparm_query_no_domain=true", given=ONE,
        body={"result/#": 1}
    ),
    Fact(
        "limit", "[D:c_TableAPI.md]", f"{LIST}&sysparm_limit=2", given=FIVE, body={"result/#": 2},
        headers={"X-Total-Count": "5"}
    ),
    Fact(
        "limit_0", "(unverified)", f"{LIST}&sysparm_limit=0", given=FIVE, body={"result/#": 0},
        headers={"X-Total-Count": "5"}
    ),
    Fact(
        "limit_larger_than_anything", "(unverified)", f"{LIST}&sysparm_limit={'9' * 30}", given=FIVE,
        body={"result/#": 5}
    ),
    Fact("offset", "[D:c_TableAPI.md]", f"{ORDERED}&sysparm_offset=3", given=FIVE, body={"result/#": 2}),
    Fact("negative_offset_is_none", "(unverified)", f"{LIST}&sysparm_offset=-3", given=FIVE, body={"result/#": 5}),
    Fact("count_is_sent", "[M]", LIST, given=FIVE, headers={"X-Total-Count": "5"}),
    Fact("count_of_nothing", "[M]", LIST, headers={"X-Total-Count": "0"}),
    Fact(
        "no_count", "[D:c_TableAPI.md] (header: unverified)", f"{LIST}&sysparm_no_count=true", given=FIVE,
        headers={"X-Total-Count": ABSENT}
    ),
    Fact(
        "no_pagination_header", "[P]", f"{LIST}&sysparm_limit=2&sysparm_suppress_pagination_header=true",
        given=FIVE, headers={"Link": ABSENT, "X-Total-Count": "5"}
    ),
    Fact(
        "links_of_the_first_page", "[D:c_TableAPI.md]", f"{ORDERED}&sysparm_limit=2", given=FIVE,
        headers={"Link": link("first", "next", "last")}
    ),
    Fact(
        "links_of_a_middle_page", "[D:c_TableAPI.md]", f"{ORDERED}&sysparm_limit=2&sysparm_offset=2", given=FIVE,
        headers={"Link": link("first", "prev", "next", "last")}
    ),
    Fact(
        "links_of_the_last_page", "[D:c_TableAPI.md]", f"{ORDERED}&sysparm_limit=2&sysparm_offset=4", given=FIVE,
        headers={"Link": link("first", "prev", "last")}
    ),
    Fact(
        "links_name_the_last_offset", "[M] ansible-sn-inventory#15", f"{ORDERED}&sysparm_limit=2", given=FIVE,
        headers={"Link": re.compile('sysparm_offset=4>;rel="last"$')}
    ),
    Fact(
        "links_repeat_the_parameters", "[D:c_TableAPI.md]", f"{ORDERED}&sysparm_limit=2&sysparm_fields=sys_id",
        given=FIVE, headers={"Link": re.compile('sysparm_fields=sys_id&sysparm_offset=2>;rel="next"')}
    ),
    Fact("no_links_on_one_page", "[D:c_TableAPI.md]", f"{LIST}&sysparm_limit=5", given=FIVE, headers={"Link": ABSENT}),
    Fact(
        "limit_comes_before_the_rights", "[K:KB0546297]", f"{ORDERED}&sysparm_limit=1",
        given={**ONE, "hidden": {"rows": ["{incident}"]}}, body={"result": []}, headers={"X-Total-Count": "1"}
    ),
    Fact(
        "count_is_blind_to_rights", "[M:LH adr-124]", f"GET table/task?{SAME}", who="nobody", given=FIVE,
        body={"result": []}, headers={"X-Total-Count": "5"}
    ),
    Fact(
        "head_of_a_list", "[D:c_RESTAPI.md]", f"HEAD table/incident?{SAME}", given=FIVE,
        headers={"X-Total-Count": "5"}, body={"": re.compile("^$")}
    ),
    Fact(
        "head_of_a_row", "[D:c_RESTAPI.md]", "HEAD table/incident/{incident}", given=ONE,
        body={"": re.compile("^$")}
    ),
    Fact(
        "another_method_by_header", "[D:c_RESTAPI.md]", "POST table/incident/{incident}", given=ONE,
        json={"urgency": "2"}, sent={"X-HTTP-Method-Override": "PATCH"}, body={"result/urgency": "2"}
    ),
    Fact(
        "another_method_in_small_letters", "[D:c_RESTAPI.md]", "POST table/incident/{incident}", given=ONE,
        sent={"X-http-method-override": "get"}, body={"result/urgency": "1"}
    ),
    Fact(
        "labels_are_read_when_announced", "[D:c_RESTAPI.md]", "POST table/incident", 201, params=LOCAL,
        json={"urgency": "1 - High"}, body={"result/urgency": "1"}
    ),
    Fact(
        "names_are_read_when_announced", "[D:c_RESTAPI.md]", "POST table/incident", 201, params=LOCAL,
        json={"caller_id": "Lee Gu"}, body={"result/caller_id/value": "{lee_id}"}
    ),
    Fact(
        "local_times_are_read_when_announced", "[D:c_RESTAPI.md]", "POST table/incident", 201, params=LOCAL,
        json={"due_date": "2026-12-01 12:00:00"}, body={"result/due_date": "2026-12-01 20:00:00"}
    ),
    Fact(
        "names_are_not_read_otherwise", "(unverified)", "POST table/incident", 201, json={"caller_id": "Lee Gu"},
        body={"result/caller_id/value": "Lee Gu"}
    ),
    Fact(
        "times_are_utc_otherwise", "[D:c_TableAPI.md]", "POST table/incident", 201,
        json={"due_date": "2026-12-01 12:00:00"}, body={"result/due_date": "2026-12-01 12:00:00"}
    ),
    Fact(
        "a_short_address_for_a_long_one", "[A client.py]", TINY,
        json={"url": "{url}/api/now/table/incident?sysparm_limit=1"},
        body={"result": re.compile(r"^api/now/table/incident\?sysparm_tiny=\w+$")}
    ),
    Fact(
        "order_by_a_reference", "[D:c_EncodedQueryStrings.md]", f"{LIST}^ORDERBYopened_by.name", given=FIVE,
        body={"result/#": 5}
    ),
    Fact(
        "only_the_first_of_several_records", "[K:KB0534905]", "POST table/incident", 201,
        json=[{"urgency": "1"}, {"urgency": "2"}], body={"result/urgency": "1"}
    ),
    Fact(
        "a_query_without_effect_on_a_row", "(unverified)", f"{MINE}?sysparm_query=urgency=3", given=ONE,
        body={"result/urgency": "1"}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_parameters_do_what_an_instance_does(world: World, fact: Fact) -> None:
    world.check(fact)


def test_an_address_may_have_8192_bytes(world: World) -> None:
    """[M:LH] 8182 bytes pass, 8347 do not; what is too long is answered with a page."""
    path = "table/incident?sysparm_limit=1&sysparm_query="
    room = 8192 - len("/api/now/") - len(path)
    world.check(Fact("fits", "[M:LH]", f"GET {path}{'x' * room}"))
    page = {"": re.compile(r"^<.*html>.*", re.DOTALL)}
    world.check(Fact("too_long", "[P]", f"GET {path}{'x' * (room + 1)}", 414, page))


def test_a_token_stands_for_a_long_address(world: World) -> None:
    """[A client.py] What tinyurl gave is asked for behind the same path."""
    row = world.api().create("incident")
    query = "sysparm_query=" + "no_such=1^" * 1000 + f"sys_id={row['sys_id']}"
    url = f"{world.instance.url}/api/now/table/incident?{query}"
    result = world.send("integration", TINY, json={"url": url}).json()["result"]
    tiny = result.partition("?")[2]
    world.check(Fact("tiny", "[A]", f"GET table/incident?{tiny}", body={"result/#": 1}))
