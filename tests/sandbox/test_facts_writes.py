"""What writing does: facts 2.4, and journals and classes of 3.3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

CREATE = "POST table/incident"
MINE = "table/incident/{incident}"
ONE: dict[str, Any] = {
    "incident": {"short_description": "stays", "description": "x", "urgency": "2"}
}
NOT_FOUND: dict[str, Any] = {
    "status": 404,
    "body": {
        "error/message": "No Record found",
        "error/detail": "Record doesn't exist or ACL restricts the record retrieval",
    },
}
NOWHERE = "0" * 32
NOTE = "PATCH table/incident/{incident}", {"work_notes": "again"}
ENTRIES = (
    "GET table/sys_journal_field?sysparm_query=element_id={incident}^ORDERBYelement"
)
EMPTY = {"": re.compile("^$")}
SILENT = {"X-no-response-body": "true"}


def sets(
    id: str,
    source: str,
    sent: dict[str, Any],
    *,
    of: dict[str, Any] | None = None,
    **kept: Any,
) -> Fact:
    """Say what a row holds after these fields were sent."""
    body = {f"result/{name}": value for name, value in kept.items()}
    return Fact(id, source, f"PATCH {MINE}", json=sent, given=of or ONE, body=body)


# fmt: off
FACTS = [
    Fact(
        "create", "[D:c_TableAPI.md] [P]", CREATE, 201, json={"urgency": "1"},
        body={"result/urgency": "1", "result/sys_id": str}
    ),
    Fact(
        "create_says_where_it_is", "[D:c_TableAPI.md]", "POST table/incident", 201, json={},
        headers={"Location": re.compile("^http://[^/]+/api/now/table/incident/[0-9a-f]{32}$")}
    ),
    Fact(
        "in_the_version_of_the_request", "[M] (unverified)", "POST v2/table/incident", 201, json={},
        headers={"Location": re.compile("/api/now/v2/table/incident/[0-9a-f]{32}$")}
    ),
    Fact(
        "create_shows_the_fields_asked_for", "[D:c_TableAPI.md]", CREATE, 201,
        params={"sysparm_fields": "state", "sysparm_display_value": "true"}, json={},
        body={"result": {"state": "New"}}
    ),
    Fact(
        "put_changes_only_what_is_sent", "[K:KB0534905 Q11]", f"PUT {MINE}", json={"urgency": "1"}, given=ONE,
        body={"result/urgency": "1", "result/short_description": "stays"}
    ),
    Fact(
        "patch_changes_only_what_is_sent", "[D:c_TableAPI.md]", f"PATCH {MINE}", json={"urgency": "1"}, given=ONE,
        body={"result/urgency": "1", "result/short_description": "stays"}
    ),
    Fact("delete", "[D:c_TableAPI.md] [P]", f"DELETE {MINE}", 204, EMPTY, who="admin", given=ONE),
    Fact(
        "gone_is_not_found", "[D:c_TableAPI.md]", f"GET {MINE}", who="admin", given=ONE,
        before=[(f"DELETE {MINE}", None)], **NOT_FOUND
    ),
    Fact("get_nothing", "[K:KB0534905 Q9]", f"GET table/incident/{NOWHERE}", **NOT_FOUND),
    Fact("patch_nothing", "[K:KB0534905 Q9]", f"PATCH table/incident/{NOWHERE}", json={}, **NOT_FOUND),
    Fact("put_nothing", "[K:KB0534905 Q9]", f"PUT table/incident/{NOWHERE}", json={}, **NOT_FOUND),
    Fact("delete_nothing", "[K:KB0534905 Q9]", f"DELETE table/incident/{NOWHERE}", who="admin", **NOT_FOUND),
    Fact("a_row_of_another_class", "[M:LH adr-123]", "GET table/change_request/{incident}", given=ONE, **NOT_FOUND),
    Fact(
        "no_body_after_a_create", "[D:c_TableAPI.md]", CREATE, 201, EMPTY, json={}, sent=SILENT,
        headers={"Location": re.compile("incident")}
    ),
    Fact(
        "no_body_after_a_patch", "[D:c_TableAPI.md]", f"PATCH {MINE}", 200, EMPTY, json={"urgency": "1"},
        given=ONE, sent=SILENT
    ),
    Fact(
        "no_body_is_for_writes", "[D:c_TableAPI.md]", f"GET {MINE}", given=ONE, sent=SILENT,
        body={"result/urgency": "2"}
    ),
    Fact(
        "unknown_fields_are_ignored", "[P test_crud]", CREATE, 201, json={"bunk_field": "x", "u_nothing": 1},
        body={"result/bunk_field": ABSENT, "result/u_nothing": ABSENT}
    ),
    Fact(
        "system_fields_are_ignored", "[P]", CREATE, 201,
        json={"sys_created_on": "2000-01-01 00:00:00", "sys_created_by": "eve", "sys_mod_count": "9"},
        body={"result/sys_created_by": "m365.integration", "result/sys_mod_count": "0", "result/sys_created_on": re.compile("^2[0-9]{3}-(?!01-01 00:00:00)")}
    ),
    Fact(
        "a_number_of_ones_own_is_ignored", "(unverified)", CREATE, 201, json={"number": "INC1"},
        body={"result/number": re.compile(r"^INC001\d{4}$")}
    ),
    Fact(
        "a_chosen_sys_id_is_kept", "[P test_insert_custom_guid]", CREATE, 201, json={"sys_id": "{same}"},
        body={"result/sys_id": "{same}"}
    ),
    Fact(
        "in_capitals_too", "[P test_insert_custom_guid]", CREATE, 201,
        json={"sys_id": "AAAABBBBCCCCDDDDEEEEFFFF00001111"},
        body={"result/sys_id": "AAAABBBBCCCCDDDDEEEEFFFF00001111"}
    ),
    Fact(
        "a_chosen_sys_id_works_once", "(unverified)", CREATE, 403, json={"sys_id": "{incident}"}, given=ONE,
        body={"error/message": "Operation Failed"}
    ),
    Fact(
        "a_sys_id_that_is_none_is_ignored", "(unverified)", CREATE, 201, json={"sys_id": "short"},
        body={"result/sys_id": re.compile("^[0-9a-f]{32}$")}
    ),
    Fact(
        "only_json_and_xml_are_read", "[M]", CREATE, 415, data="a=b", sent={"Content-Type": "text/plain"},
        body={"error/message": "Invalid content-type. Supported request media types for this service are: [application/json, application/xml, text/xml]"}
    ),
    Fact(
        "without_a_type_it_is_json", "[D:c_TableAPI.md] default", CREATE, 201, data=b'{"urgency":"1"}',
        body={"result/urgency": "1"}
    ),
    Fact(
        "numbers_and_booleans_may_be_bare", "(unverified)", CREATE, 201, json={"urgency": 1, "knowledge": True},
        body={"result/urgency": "1", "result/knowledge": "true"}
    ),
    sets("empty_clears", "[D:c_RESTAPI.md]", {"description": ""}, description=""),
    sets("null_clears", "[DefectDojo]", {"description": None}, description=""),
    sets("but_not_a_choice", "[D:c_RESTAPI.md]", {"category": ""}, category="inquiry"),
    sets("nor_a_choice_of_numbers", "[D:c_RESTAPI.md]", {"urgency": ""}, urgency="2"),
    sets("nor_by_null", "(unverified)", {"urgency": None}, urgency="2"),
    sets("a_label_for_a_number_is_not_read", "[M]", {"urgency": "1 - High"}, urgency="2"),
    sets("a_choice_of_texts_takes_any", "(unverified)", {"category": "made up"}, category="made up"),
    sets("a_resolution_code_that_is_none_is_dropped", "[M:LH]", {"close_code": "made up"}, close_code=""),
    sets(
        "a_reference_that_is_none_is_kept", "(unverified)", {"assignment_group": "Service Desk"},
        assignment_group={"link": "{url}/api/now/table/sys_user_group/Service Desk", "value": "Service Desk"}
    ),
    sets(
        "a_time_without_a_zone_is_utc", "[D:c_TableAPI.md]", {"due_date": "2026-12-01 10:00:00"},
        due_date="2026-12-01 10:00:00"
    ),
    sets(
        "a_time_with_a_zone", "(unverified)", {"due_date": "2026-12-01T10:00:00+02:00"},
        due_date="2026-12-01 08:00:00"
    ),
    sets("a_date_for_a_time", "(unverified)", {"due_date": "2026-12-01"}, due_date="2026-12-01 00:00:00"),
    sets("a_time_that_is_none", "(unverified)", {"due_date": "soon"}, due_date=""),
    sets("a_duration_that_is_none", "(unverified)", {"time_worked": "long"}, time_worked=""),
    sets("a_text_that_is_too_long_is_cut", "(unverified)", {"correlation_id": "x" * 101}, correlation_id="x" * 100),
    sets("a_title_has_160_signs", "[D] dictionary", {"short_description": "x" * 200}, short_description="x" * 160),
    sets("a_change_is_counted", "[M]", {"urgency": "1"}, sys_mod_count="1", sys_updated_by="m365.integration"),
    sets("the_same_again_is_not", "[M]", {"urgency": "2"}, sys_mod_count="0"),
    sets("nothing_is_not", "(unverified)", {}, sys_mod_count="0"),
    Fact(
        "the_last_one_wins", "(unverified)", f"PATCH {MINE}", json={"urgency": "3"}, given=ONE,
        sent={"If-Match": '"0"'}, before=[(f"PATCH {MINE}", {"urgency": "1"})],
        body={"result/urgency": "3", "result/sys_mod_count": "2"}
    ),
    Fact(
        "a_scope_is_lost", "[M]", "POST table/sys_properties", 201, who="admin",
        json={"name": "x.{same}", "sys_scope": "{same}", "application": "{same}"},
        body={"result/sys_scope/value": "global", "result/application": ABSENT}
    ),
    Fact(
        "through_the_parent", "(unverified)", "PATCH table/task/{incident}", json={"urgency": "1"}, given=ONE,
        body={"result/urgency": "1", "result/priority": "3"}
    ),
    Fact(
        "a_note_is_never_a_value", "[D:retrieving-journal-entries.md]", f"GET {MINE}",
        given={"incident": {"comments": "first", "work_notes": "second"}},
        body={"result/comments": "", "result/work_notes": "", "result/comments_and_work_notes": ""}
    ),
    Fact(
        "a_note_is_a_display_value", "[C:mattermost]", f"GET {MINE}?sysparm_display_value=all",
        given={"incident": {"comments": "first"}},
        body={"result/comments/value": "", "result/comments/display_value": re.compile("first")}
    ),
    Fact(
        "notes_are_one_text", "[D:c_JournalFields.md] (first line: unverified)",
        f"GET {MINE}?sysparm_display_value=true&sysparm_fields=comments_and_work_notes",
        given={"incident": {"comments": "first"}}, before=[(f"PATCH {MINE}", {"work_notes": "second"})],
        body={"result/comments_and_work_notes": re.compile(r"^[-0-9]{10} [:0-9]{8} - Microsoft 365 Integration \(Work notes\)\nsecond\n\n.* \(Additional comments\)\nfirst\n\n$")}
    ),
    Fact(
        "each_kind_by_itself", "[D:retrieving-journal-entries.md]", f"GET {MINE}?sysparm_display_value=true",
        given={"incident": {"comments": "first", "work_notes": "second"}},
        body={"result/comments": re.compile(r"^(?!.*second).*first", re.DOTALL)}
    ),
    Fact(
        "notes_are_rows", "[D:retrieving-journal-entries.md]", ENTRIES,
        given={"incident": {"comments": "first", "work_notes": "second"}},
        body={"result/#": 2, "result/0/element": "comments", "result/0/value": "first", "result/0/name": "incident", "result/1/element": "work_notes", "result/1/sys_created_by": "m365.integration"}
    ),
    Fact("the_same_note_twice_is_two", "[NangoHQ#582]", ENTRIES, given=ONE, before=(NOTE, NOTE), body={"result/#": 2}),
    Fact(
        "a_note_is_a_change", "[M]", f"PATCH {MINE}", json={"work_notes": "x"}, given=ONE,
        body={"result/sys_mod_count": "1"}
    ),
    Fact("an_empty_note_is_none", "(unverified)", ENTRIES, given={"incident": {"comments": ""}}, body={"result/#": 0}),
    Fact(
        "notes_do_not_show_to_everybody", "(unverified)", ENTRIES, who="nobody",
        given={"incident": {"comments": "x"}}, body={"result/#": 0}
    ),
    Fact(
        "what_is_deleted_leaves_a_trace", "[D:t_RestoreADeletedRecordAndRef.md] (columns: unverified)",
        "GET table/sys_audit_delete?sysparm_query=documentkey={incident}", who="admin", given=ONE,
        before=[(f"DELETE {MINE}", None)],
        body={"result/0/tablename": "incident", "result/0/display_value": "{incident_number}"}
    ),
    Fact(
        "which_others_do_not_see", "[D:t_RestoreADeletedRecordAndRef.md]", "GET table/sys_audit_delete",
        body={"result": []}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_writing_does_what_it_does_on_an_instance(world: World, fact: Fact) -> None:
    world.check(fact)


DEFAULTS: dict[str, Any] = {
    "state": "1",
    "incident_state": "1",
    "impact": "3",
    "urgency": "3",
    "priority": "5",
    "severity": "3",
    "active": "true",
    "made_sla": "true",
    "knowledge": "false",
    "notify": "1",
    "escalation": "0",
    "approval": "not requested",
    "upon_approval": "proceed",
    "upon_reject": "cancel",
    "category": "inquiry",
    "contact_type": "",
    "reassignment_count": "0",
    "reopen_count": "0",
    "child_incidents": "0",
    "sys_mod_count": "0",
    "sys_class_name": "incident",
    "caller_id": "",
    "sys_created_by": "m365.integration",
    "sys_domain_path": "/",
    "calendar_duration": "",
    "business_duration": "",
    "due_date": "",
    "sla_due": "",
    "closed_at": "",
    "resolved_at": "",
    "assigned_to": "",
    "opened_by/value": "{integration_id}",
    "sys_domain/value": "global",
    "number": re.compile(r"^INC001\d{4}$"),
    "sys_updated_by": "m365.integration",
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_empty_incident_has_the_defaults_of_an_instance(
    world: World, name: str
) -> None:
    """[M] As captured."""
    body = {f"result/{name}": DEFAULTS[name]}
    world.check(Fact(name, "[M]", CREATE, 201, body, json={}))


def test_the_times_and_numbers_of_a_new_incident_agree(world: World) -> None:
    """[M] opened_at = sys_created_on = sys_updated_on; task_effective_number = number"""
    row = world.api().create("incident")
    assert row["task_effective_number"] == row["number"]
    assert row["opened_at"] == row["sys_created_on"] == row["sys_updated_on"]
