"""What values look like: facts 2.3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

MINE = "GET table/incident/{incident}"
ONE: dict[str, Any] = {"incident": {"due_date": "2026-12-01 20:00:00"}}
ME = {
    "link": "{url}/api/now/table/sys_user/{integration_id}",
    "value": "{integration_id}",
    "display_value": "Microsoft 365 Integration",
}
DONE = {"state": "6", "close_code": "User error", "close_notes": "x"}


def shape(display: str, exclude: str, state: Any, me: Any) -> Fact:
    options = (
        f"sysparm_display_value={display}&sysparm_exclude_reference_link={exclude}"
    )
    return Fact(
        f"display_{display}_exclude_{exclude}",
        "[D:c_TableAPI.md]",
        f"{MINE}?{options}",
        given=ONE,
        body={"result/state": state, "result/opened_by": me},
    )


def part(*names: str) -> dict[str, str]:
    return {name: ME[name] for name in names}


BOTH = {"display_value": "New", "value": "1"}
# fmt: off
FACTS = [
    shape("false", "false", "1", part("link", "value")),
    shape("false", "true", "1", ME["value"]),
    shape("true", "false", "New", part("display_value", "link")),
    shape("true", "true", "New", ME["display_value"]),
    shape("all", "false", BOTH, ME),
    shape("all", "true", BOTH, part("display_value", "value")),
    shape("ALL", "TRUE", BOTH, part("display_value", "value")),
    shape("nonsense", "false", "1", part("link", "value")),
    Fact("a_list", "[D:c_TableAPI.md]", "GET table/incident?sysparm_limit=1", given=ONE, body={"result": list}),
    Fact("one_row", "[D:c_TableAPI.md]", MINE, given=ONE, body={"result": dict}),
    Fact("booleans_are_texts", "[D:c_TableAPI.md]", MINE, given=ONE, body={"result/active": "true"}),
    Fact("numbers_are_texts", "[D:c_TableAPI.md]", MINE, given=ONE, body={"result/sys_mod_count": "0"}),
    Fact(
        "empty_values", "[D:c_TableAPI.md]", MINE, given=ONE,
        body={"result/close_notes": "", "result/caller_id": ""}
    ),
    Fact(
        "empty_display_values", "[M]", f"{MINE}?sysparm_display_value=true", given=ONE,
        body={"result/close_notes": "", "result/caller_id": ""}
    ),
    Fact(
        "empty_in_both", "[M]", f"{MINE}?sysparm_display_value=all", given=ONE,
        body={"result/close_notes": {"display_value": "", "value": ""}, "result/caller_id": {"display_value": "", "value": ""}}
    ),
    Fact(
        "sys_id_in_both", "[P]", f"{MINE}?sysparm_display_value=all", given=ONE,
        body={"result/sys_id": {"display_value": "{incident}", "value": "{incident}"}}
    ),
    Fact("a_sys_id", "[P]", MINE, given=ONE, body={"result/sys_id": re.compile("^[0-9a-f]{32}$")}),
    Fact(
        "the_domain", "[D:c_TableAPI.md]", MINE, given=ONE,
        body={"result/sys_domain": {"link": "{url}/api/now/table/sys_user_group/global", "value": "global"}}
    ),
    Fact(
        "the_domain_by_name", "(unverified)", f"{MINE}?sysparm_display_value=true&sysparm_exclude_reference_link=true",
        given=ONE, body={"result/sys_domain": "global"}
    ),
    Fact(
        "a_reference_to_nobody_known", "[D:c_TableAPI.md]", MINE, given={"incident": {"caller_id": "glide.maint"}},
        body={"result/caller_id": {"link": "{url}/api/now/table/sys_user/glide.maint", "value": "glide.maint"}}
    ),
    Fact(
        "times_are_utc_without_a_zone", "[M:LH]", MINE, given=ONE,
        body={"result/due_date": "2026-12-01 20:00:00", "result/sys_created_on": re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")}
    ),
    Fact(
        "times_show_in_the_zone_of_the_user", "[M:LH] [P]", f"{MINE}?sysparm_display_value=true", given=ONE,
        body={"result/due_date": "2026-12-01 12:00:00"}
    ),
    Fact(
        "in_summer_too", "[M:LH]", f"{MINE}?sysparm_display_value=true",
        given={"incident": {"due_date": "2026-07-01 20:00:00"}}, body={"result/due_date": "2026-07-01 13:00:00"}
    ),
    Fact(
        "in_a_zone_of_their_own", "[M:LH]", f"{MINE}?sysparm_display_value=true",
        given={**ONE, "user": {"m365.integration": {"time_zone": "Asia/Tokyo"}}},
        body={"result/due_date": "2026-12-02 05:00:00"}
    ),
    Fact(
        "a_priority", "[D:def-prio-lookup-rules.md]", f"{MINE}?sysparm_display_value=true", given=ONE,
        body={"result/priority": "5 - Planning", "result/impact": "3 - Low"}
    ),
    Fact(
        "a_class", "[D:c_TableAPI.md]", f"{MINE}?sysparm_display_value=all", given=ONE,
        body={"result/sys_class_name": {"display_value": "Incident", "value": "incident"}}
    ),
    Fact(
        "durations_count_from_1970", "[D] [M:LH]", MINE,
        given={"incident": {**DONE, "time_worked": "1970-01-01 00:02:17"}},
        body={"result/time_worked": "1970-01-01 00:02:17"}
    ),
    Fact(
        "durations_in_words", "(unverified)", f"{MINE}?sysparm_display_value=true",
        given={"incident": {"time_worked": "1970-01-02 01:02:17"}},
        body={"result/time_worked": "1 Day 1 Hour 2 Minutes 17 Seconds"}
    ),
    Fact(
        "a_resolved_incident_has_a_duration", "[D:c_TableAPI.md]", MINE, given={"incident": DONE},
        body={"result/calendar_duration": re.compile("^1970-01-01 00:00:"), "result/business_stc": re.compile(r"^\d$")}
    ),
    Fact(
        "dot_walked_scalar", "[D:c_RESTAPI.md]", f"{MINE}?sysparm_fields=opened_by.email", given=ONE,
        body={"result/opened_by.email": "m365.integration@example.com"}
    ),
    Fact(
        "dot_walked_reference", "[D:c_RESTAPI.md]",
        f"{MINE}?sysparm_fields=opened_by.department&sysparm_display_value=true", given=ONE,
        body={"result/opened_by.department/display_value": "IT", "result/opened_by.department/link": re.compile("/api/now/table/cmn_department/")}
    ),
    Fact(
        "dot_walked_into_nothing", "[D:c_RESTAPI.md]", f"{MINE}?sysparm_fields=caller_id.email", given=ONE,
        body={"result/caller_id.email": ""}
    ),
    Fact(
        "fields_come_in_the_order_asked_for", "[P test_pandas_order_cols]",
        f"{MINE}?sysparm_fields=state,sys_id,active", given=ONE,
        body={"": re.compile(r'^\{"result":\{"state":"1","sys_id":"\w+","active":"true"\}\}$')}
    ),
    Fact(
        "a_field_without_the_right_is_left_out", "[M] [K:KB0534905 Q8]", MINE,
        given={**ONE, "hidden": {"fields": ["incident.due_date"]}},
        body={"result/due_date": ABSENT, "result/state": "1"}
    ),
    Fact(
        "the_parent_shows_no_fields_of_the_class", "[M:LH adr-123]", "GET table/task/{incident}", given=ONE,
        body={"result/resolved_at": ABSENT, "result/state": "1"}
    ),
    Fact(
        "xml", "[D:batch-api.md]", f"{MINE}?sysparm_fields=state", given=ONE, sent={"Accept": "application/xml"},
        headers={"Content-Type": re.compile("^application/xml")},
        body={"": re.compile(r'^<\?xml version="1.0" encoding="UTF-8"\?><response><result><state>1</state></result></response>$')}
    ),
    Fact(
        "xml_of_a_refusal", "(unverified)", "GET table/incident/x", 404,
        {"": re.compile("<message>No Record found</message>")}, sent={"Accept": "text/xml"}
    ),
    Fact(
        "xml_is_escaped", "[D:batch-api.md]", f"{MINE}?sysparm_fields=short_description",
        given={"incident": {"short_description": "<b> & more"}}, sent={"Accept": "application/xml"},
        body={"": re.compile("<short_description>&lt;b&gt; &amp; more</short_description>")}
    ),
    Fact(
        "the_parent_shows_the_labels_of_the_class", "[M:LH adr-123]",
        "GET table/task/{change}?sysparm_display_value=true", given={"change": {}},
        body={"result/state": "New", "result/sys_class_name": "Change Request", "result/type": ABSENT}
    ),
    Fact(
        "json_for_whoever_takes_anything", "[D:c_TableAPI.md]", MINE, given=ONE, sent={"Accept": "*/*"},
        body={"result/state": "1"}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_values_look_as_on_an_instance(world: World, fact: Fact) -> None:
    world.check(fact)
