"""Who sees and does what: facts 1.5 and 2.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

SAME = "sysparm_query=correlation_id={same}"
BOTH = {"incident": {}, "change": {}}
NOTHING = {"result": []}
CHOICES = "GET table/sys_choice?sysparm_query=name=incident^element=state"
CHANGE = "/api/sn_chg_rest/change"


def sees(role: str, table: str, count: int) -> Fact:
    """Say how many of an incident and a change somebody with one role sees."""
    given = {**BOTH, "role": {"alex.personal": role}}
    ask = f"GET table/{table}?{SAME}"
    return Fact(
        f"{role}_reads_{table}",
        "[M:LH]",
        ask,
        who="nobody",
        given=given,
        body={"result/#": count},
    )


def writes(role: str, table: str, status: int) -> Fact:
    given = {"role": {"alex.personal": role}}
    return Fact(
        f"{role}_creates_{table}",
        "[D:it-service-management]",
        f"POST table/{table}",
        status,
        who="nobody",
        given=given,
        json={},
    )


def changes(role: str, ask: str, status: int, **more: Any) -> Fact:
    given = {"change": {}, "role": {"alex.personal": role}}
    return Fact(
        f"{role}_{ask}",
        "[D:change-management-api.md]",
        ask,
        status,
        who="nobody",
        given=given,
        **more,
    )


# fmt: off
FACTS = [
    Fact("nobody_reads_incidents", "[M:LH]", "GET table/incident", who="nobody", given=BOTH, body=NOTHING),
    Fact("nobody_reads_changes", "[M:LH]", "GET table/change_request", who="nobody", given=BOTH, body=NOTHING),
    Fact("nobody_reads_tasks", "[M:LH]", "GET table/task", who="nobody", given=BOTH, body=NOTHING),
    sees("sn_incident_read", "incident", 1),
    sees("sn_incident_read", "change_request", 0),
    sees("sn_change_read", "change_request", 1),
    sees("sn_change_read", "incident", 0),
    sees("sn_incident_read", "task", 1),
    sees("itil", "task", 2),
    writes("sn_incident_read", "incident", 403),
    writes("sn_incident_write", "incident", 201),
    writes("sn_incident_write", "change_request", 403),
    writes("sn_change_write", "change_request", 201),
    writes("itil", "incident", 201),
    Fact(
        "read_only_takes_writing_away", "[M:LH]", "POST table/incident", 403, json={},
        given={"token": "integration", "role": {"m365.integration": "snc_read_only"}}, who="",
        sent={"Authorization": "Bearer {token}"}
    ),
    changes("sn_change_read", f"GET {CHANGE}", 200),
    changes("sn_change_write", f"POST {CHANGE}", 403, json={}),
    changes("itil", f"POST {CHANGE}", 200, json={}),
    changes("change_manager", f"POST {CHANGE}", 200, json={}),
    changes("sn_change_read", f"PATCH {CHANGE}/{{change}}", 403, json={}),
    Fact(
        "itil_deletes_no_change", "[D:change-management-api.md]", f"DELETE {CHANGE}/{{change}}", 403,
        given={"change": {}}
    ),
    Fact(
        "a_change_manager_does", "[D:change-management-api.md]", f"DELETE {CHANGE}/{{change}}", 204, who="board",
        given={"change": {}}
    ),
    Fact(
        "nobody_opens_the_list_of_tables", "[M:LH]", "GET table/sys_db_object", 403,
        {"error/message": "User Not Authorized", "error/detail": "Failed API level ACL Validation"}, who="nobody"
    ),
    Fact(
        "itil_does", "[M:LH]", "GET table/sys_db_object?sysparm_query=name=incident",
        body={"result/0/name": "incident"}
    ),
    Fact("the_dictionary_is_empty", "[M:LH]", "GET table/sys_dictionary?sysparm_limit=5", body=NOTHING),
    Fact(
        "but_for_an_admin", "[M:LH]", "GET table/sys_dictionary?sysparm_query=name=incident^element=caller_id",
        who="admin", body={"result/0/internal_type": "reference", "result/0/reference": "sys_user"}
    ),
    Fact(
        "properties_are_empty", "[M:LH]", "GET table/sys_properties?sysparm_query=nameINglide.war,glide.buildname",
        body=NOTHING
    ),
    Fact(
        "an_admin_reads_the_release", "[M:LH Q9]", "GET table/sys_properties?sysparm_query=name=glide.buildname",
        who="admin", body={"result/0/value": "Australia"}
    ),
    Fact(
        "choices_show_their_label_only", "[M:LH]", "GET table/sys_choice?sysparm_limit=1",
        body={"result/0/label": str, "result/0/value": ABSENT, "result/0/name": ABSENT}
    ),
    Fact(
        "choices_may_not_be_asked_for", "[M:LH]", CHOICES, 403,
        {"error/message": "Insufficient rights to query records"}
    ),
    Fact("not_by_pairs_either", "[M:LH]", "GET table/sys_choice?name=incident", 403),
    Fact(
        "an_admin_asks_for_choices", "[M:LH]", f"{CHOICES}^value=3", who="admin",
        body={"result/0/label": "On Hold", "result/0/inactive": "false", "result/0/language": "en"}
    ),
    Fact("registries_do_not_show", "(unverified)", "GET table/oauth_entity", body=NOTHING),
    Fact(
        "everybody_knows_people", "[D]", "GET table/sys_user?sysparm_query=user_name=lee.gu", who="nobody",
        body={"result/0/name": "Lee Gu"}
    ),
    Fact(
        "everybody_knows_groups", "[D]", "GET table/sys_user_group?sysparm_query=name=Service Desk", who="nobody",
        body={"result/#": 1}
    ),
    Fact(
        "a_table_that_does_not_show", "[M:LH] sys_user", "GET table/sys_user",
        given={"hidden": {"tables": ["sys_user"]}}, body=NOTHING
    ),
    Fact(
        "whoever_asks", "(unverified)",
        "GET table/sys_user?sysparm_query=user_name=javascript:gs.getUserName()&sysparm_fields=user_name",
        body={"result/0/user_name": "m365.integration", "result/#": 1}
    ),
    Fact(
        "the_admin_of_every_instance", "[P]", "GET table/sys_user/6816f79cc0a8016401c5a33be04be441",
        body={"result/user_name": "admin"}
    ),
    Fact(
        "by_its_sys_id", "[D:c_TableAPI.md]",
        "GET table/sys_user?sysparm_query=sys_id=javascript:gs.getUserID()&sysparm_fields=user_name",
        body={"result/0/user_name": "m365.integration"}
    ),
    Fact(
        "ones_own_roles", "[D:c_RESTAPI.md]",
        "GET table/sys_user_has_role?user={nobody_id}&sysparm_fields=role.name", who="nobody",
        given={"role": {"alex.personal": "sn_incident_read"}}, body={"result": [{"role.name": "sn_incident_read"}]}
    ),
    Fact(
        "not_those_of_others", "(unverified)", "GET table/sys_user_has_role?user={lee_id}", who="nobody",
        body=NOTHING
    ),
    Fact(
        "itil_reads_roles_of_others", "(unverified)",
        "GET table/sys_user_has_role?user={lee_id}&sysparm_fields=role.name",
        body={"result": [{"role.name": "itil"}]}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_people_see_and_do_what_their_roles_allow(world: World, fact: Fact) -> None:
    world.check(fact)
