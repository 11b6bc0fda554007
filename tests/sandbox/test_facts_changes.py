"""What changes do: facts 3.2."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

CREATE = "POST table/change_request"
MINE = "table/change_request/{change}"
MODEL = "[D:c_ChangeStateModel.md]"
STATES = "[D:normal-standard-emergency-states.md]"
TRANSITION = re.compile(
    r"^Operation against file 'change_request' was aborted by Business Rule 'Change Model: Check State Transition\^[0-9a-f]{32}'\. Business Rule Stack:Change Model: Check State Transition$"
)
DONE = {"close_code": "successful", "close_notes": "went well"}
POLICY = "Data Policy Exception: The following fields are mandatory: "
HOLD = {"on_hold": "true", "on_hold_reason": "waiting"}
APPROVALS = "GET table/sysapproval_approver?sysparm_query=sysapproval={change}"
TASKS = "GET table/change_task?sysparm_query=change_request={change}^ORDERBYnumber"
TO_IMPLEMENT = {"change": {"state": "-2"}, "moved": [{"state": "-1"}]}


def steps(kind: str, source: str, *path: str) -> list[Fact]:
    """Say that a change of this type goes this way."""
    pairs = pairwise(path)
    return [
        Fact(
            f"{kind}_{before}_to_{after}",
            source,
            f"PATCH {MINE}",
            json={"state": after, **DONE},
            given={"change": {"type": kind, "state": before}},
            body={"result/state": after},
        )
        for before, after in pairs
    ]


def refuses(kind: str, source: str, before: str, *others: str) -> list[Fact]:
    """Say that no change of this type makes this step."""
    return [
        Fact(
            f"{kind}_{before}_not_to_{after}",
            source,
            f"PATCH {MINE}",
            403,
            {"error/message": "Operation Failed", "error/detail": TRANSITION},
            json={"state": after},
            given={"change": {"type": kind, "state": before, **DONE}},
        )
        for after in others
    ]


def moves(
    id: str, source: str, before: dict[str, str], sent: dict[str, str], **kept: Any
) -> Fact:
    body = {f"result/{name}": value for name, value in kept.items()}
    return Fact(
        id, source, f"PATCH {MINE}", body=body, json=sent, given={"change": before}
    )


def refused(
    id: str, source: str, given: dict[str, Any], sent: dict[str, str], detail: Any
) -> Fact:
    body = {"error/message": "Operation Failed", "error/detail": detail}
    return Fact(id, source, f"PATCH {MINE}", 403, body, json=sent, given=given)


def state(value: str, label: str) -> Fact:
    return Fact(
        f"state_{value}",
        MODEL,
        f"GET {MINE}?sysparm_display_value=true",
        given={"change": {"state": value, **DONE}},
        body={"result/state": label},
    )


# fmt: off
STEPS = [
    *steps("normal", STATES, "-5", "-4"),
    *steps("normal", STATES, "-2", "-1", "0", "3"),
    *steps("standard", "[A itsm_change_request]", "-5", "-2", "-1", "0", "3"),
    *steps("emergency", STATES, "-5", "-3"),
    *steps("emergency", STATES, "-2", "-1", "0", "3"),
    *steps("normal", STATES, "-5", "4"),
    *steps("normal", STATES, "-4", "4"),
    *steps("normal", STATES, "-3", "4"),
    *steps("normal", STATES, "-2", "4"),
    *steps("normal", STATES, "-1", "4"),
    *refuses("normal", STATES, "-5", "-3", "-2", "-1", "0", "3"),
    *refuses("normal", "[M] by approval only", "-4", "-3"),
    *refuses("normal", "[M]", "-3", "-2", "-1"),
    *refuses("normal", STATES, "-2", "-5", "0", "3"),
    *refuses("normal", STATES, "0", "4", "-1"),
    *refuses("normal", STATES, "3", "4", "0"),
    *refuses("normal", STATES, "4", "-5"),
    *refuses("standard", STATES, "-5", "-4", "-3"),
    *refuses("emergency", STATES, "-5", "-4"),
    *refuses("emergency", "[M]", "-3", "-2"),
]
# fmt: on
# fmt: off
FACTS = [
    state("-5", "New"),
    state("-4", "Assess"),
    state("-3", "Authorize"),
    state("-2", "Scheduled"),
    state("-1", "Implement"),
    state("0", "Review"),
    state("3", "Closed"),
    state("4", "Canceled"),
    Fact(
        "defaults", "[A]", CREATE, 201,
        {"result/state": "-5", "result/type": "normal", "result/approval": "not requested", "result/risk": "3", "result/impact": "3", "result/phase": "requested", "result/phase_state": "open"},
        json={}
    ),
    Fact("numbers", "[M]", CREATE, 201, {"result/number": re.compile(r"^CHG00\d{5}$")}, json={}),
    Fact(
        "created_in_a_later_state", "[M]", CREATE, 201, {"result/state": "-4", "result/approval": "not requested"},
        json={"state": "-4"}
    ),
    Fact("or_later_still", "[M]", CREATE, 201, {"result/state": "-2"}, json={"state": "-2"}),
    Fact(
        "a_label_becomes_the_wrong_number", "[M]", CREATE, 201,
        {"result/state": "-3", "result/approval": "not requested"}, json={"state": "assess"}
    ),
    Fact(
        "the_type_brings_its_model", MODEL + " since Quebec",
        f"GET {MINE}?sysparm_display_value=true&sysparm_exclude_reference_link=true",
        given={"change": {"type": "emergency"}}, body={"result/chg_model": "Emergency"}
    ),
    Fact(
        "a_model_is_named_like_its_type", "[A change_request.py]", CREATE, 201,
        {"result/chg_model/value": "standard", "result/type": "standard"},
        json={"chg_model": "standard", "type": "standard"}
    ),
    Fact(
        "the_model_brings_its_type", MODEL + " since Quebec", CREATE, 201, {"result/type": "standard"},
        params={"sysparm_input_display_value": "true"}, json={"chg_model": "Standard"}
    ),
    moves("type_of_a_new_change", STATES, {}, {"type": "emergency"}, type="emergency"),
    refused(
        "type_later_on", STATES, {"change": {"state": "-1"}}, {"type": "standard"},
        re.compile("aborted by Business Rule")
    ),
    moves("assess_asks_for_approval", MODEL, {}, {"state": "-4"}, approval="requested"),
    moves("approved_goes_on", MODEL, {"state": "-4"}, {"approval": "approved"}, state="-3", approval="requested"),
    moves(
        "approved_twice_is_scheduled", MODEL, {"state": "-3"}, {"approval": "approved"}, state="-2",
        approval="approved"
    ),
    moves(
        "rejected_goes_back", STATES, {"state": "-4"}, {"approval": "rejected"}, state="-5",
        approval="not requested"
    ),
    moves("rejected_later_goes_back_too", STATES, {"state": "-3"}, {"approval": "rejected"}, state="-5"),
    Fact(
        "the_board_is_asked", "(unverified) who",
        f"{APPROVALS}&sysparm_fields=approver.user_name,state,source_table",
        given={"change": {"type": "emergency"}, "moved": [{"state": "-3"}]},
        body={"result": [{"approver.user_name": "megan.bowen", "state": "requested", "source_table": "change_request"}]}
    ),
    Fact(
        "on_hold_needs_no_approval_any_more", "[D:t_PlaceAChangeRequestOnHold.md]", APPROVALS,
        given={"change": {"type": "emergency"}, "moved": [{"state": "-3"}, HOLD]},
        body={"result/0/state": "not_required"}
    ),
    refused("on_hold_needs_a_reason", "[A]", {"change": {}}, {"on_hold": "true"}, f"{POLICY}On hold reason"),
    moves("on_hold", "[A]", {}, HOLD, on_hold="true", on_hold_reason="waiting"),
    refused(
        "on_hold_it_does_not_move", "[D:t_PlaceAChangeRequestOnHold.md]", {"change": {"state": "-2", **HOLD}},
        {"state": "-1"}, TRANSITION
    ),
    moves(
        "on_hold_it_can_be_canceled", "[D:t_PlaceAChangeRequestOnHold.md]", {"state": "-2", **HOLD},
        {"state": "4"}, state="4"
    ),
    moves(
        "off_hold_it_moves", "(unverified)", {"state": "-2", **HOLD}, {"on_hold": "false", "state": "-1"},
        state="-1"
    ),
    refused(
        "close_without_anything", "[A] (words: unverified)", {"change": {"state": "0"}}, {"state": "3"},
        f"{POLICY}Close code, Close notes"
    ),
    refused(
        "close_with_a_code_of_incidents", "[A]", {"change": {"state": "0"}},
        {"state": "3", "close_code": "Duplicate", "close_notes": "x"}, f"{POLICY}Close code"
    ),
    moves(
        "close", "[A]", {"state": "0"}, {"state": "3", **DONE}, state="3", active="false",
        closed_at=re.compile(r"^\d{4}")
    ),
    moves(
        "close_with_issues", "[A]", {"state": "0"},
        {"state": "3", "close_code": "successful_issues", "close_notes": "x"}, close_code="successful_issues"
    ),
    moves(
        "close_as_unsuccessful", "[A]", {"state": "0"},
        {"state": "3", "close_code": "unsuccessful", "close_notes": "x"}, close_code="unsuccessful"
    ),
    moves("cancel_needs_nothing", STATES, {}, {"state": "4"}, state="4", active="false"),
    Fact(
        "implement_makes_tasks", STATES + " (which: unverified)", TASKS, given=TO_IMPLEMENT,
        body={"result/#": 2, "result/0/short_description": "Implement", "result/0/number": re.compile(r"^CTASK00\d{5}$"), "result/0/active": "true"}
    ),
    Fact(
        "none_for_a_standard_change", "[A itsm_change_request]", TASKS,
        given={"change": {"type": "standard", "state": "-2"}, "moved": [{"state": "-1"}]}, body={"result/#": 0}
    ),
    refused(
        "close_with_open_tasks", STATES + " (words: unverified)",
        {**TO_IMPLEMENT, "moved": [{"state": "-1"}, {"state": "0"}]}, {"state": "3", **DONE},
        re.compile("aborted by Business Rule")
    ),
    Fact(
        "a_closed_task_is_no_obstacle", STATES, f"PATCH {MINE}",
        given={"change": {"state": "0"}, "task": {"change_request": "{change}", "state": "3"}},
        json={"state": "3", **DONE}, body={"result/state": "3"}
    ),
    Fact(
        "a_canceled_task_neither", STATES, f"PATCH {MINE}",
        given={"change": {"state": "0"}, "task": {"change_request": "{change}", "state": "4"}},
        json={"state": "3", **DONE}, body={"result/state": "3"}
    ),
    Fact(
        "an_open_task_is_one", STATES, f"PATCH {MINE}", 403,
        given={"change": {"state": "0"}, "task": {"change_request": "{change}", "state": "2"}},
        json={"state": "3", **DONE}
    ),
    Fact(
        "what_a_template_says_stays", "[M]", f"PATCH {MINE}", 403,
        {"error/detail": re.compile(r"aborted by Business Rule 'Restrict fields from Standard Change\^")},
        given={"template": "x", "change": {"type": "standard", "std_change_producer_version": "{template}"}},
        json={"description": "x"}
    ),
    moves(
        "without_a_template_it_may_change", "(unverified)", {"type": "standard"}, {"description": "x"},
        description="x"
    ),
    Fact(
        "fields", "[A]", f"GET {MINE}", given={"change": {}},
        body={f"result/{name}": str for name in ("short_description", "description", "type", "priority", "category", "justification", "implementation_plan", "backout_plan", "test_plan", "cab_required", "start_date", "end_date", "assigned_to", "requested_by")} | {"result/hold_reason": ABSENT}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", STEPS, ids=str)
def test_changes_take_the_steps_of_their_type(world: World, fact: Fact) -> None:
    world.check(fact)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_changes_follow_their_rules(world: World, fact: Fact) -> None:
    world.check(fact)
