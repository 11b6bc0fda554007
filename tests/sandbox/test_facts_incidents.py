"""What incidents do: facts 3.1, and the fields of tasks of 3.3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

CREATE = "POST table/incident"
MINE = "table/incident/{incident}"
DONE = {"close_code": "Solution provided", "close_notes": "done"}
POLICY = "Data Policy Exception: The following fields are mandatory: "
WAITING = {"state": "3", "hold_reason": "1", "caller_id": "{integration_id}"}
AFTER = re.compile(r"^\d{4}-")


def moves(
    id: str, source: str, before: dict[str, str], sent: dict[str, str], **kept: Any
) -> Fact:
    """Say what an incident holds that was this and was then changed."""
    body = {f"result/{name}": value for name, value in kept.items()}
    return Fact(
        id, source, f"PATCH {MINE}", body=body, json=sent, given={"incident": before}
    )


def refused(
    id: str, source: str, before: dict[str, str], sent: dict[str, str], detail: Any
) -> Fact:
    body = {"error/message": "Operation Failed", "error/detail": detail}
    return Fact(
        id, source, f"PATCH {MINE}", 403, body, json=sent, given={"incident": before}
    )


def state(value: str, label: str) -> Fact:
    return Fact(
        f"state_{value}",
        "[A incident.py]",
        f"GET {MINE}?sysparm_display_value=true",
        given={"incident": {"state": value, **DONE}},
        body={"result/state": label},
    )


def priority(impact: str, urgency: str, expected: str) -> Fact:
    sent = {"impact": impact, "urgency": urgency, "priority": "1"}
    return Fact(
        f"priority_{impact}{urgency}",
        "[D:def-prio-lookup-rules.md]",
        CREATE,
        201,
        {"result/priority": expected},
        json=sent,
    )


# fmt: off
FACTS = [
    state("1", "New"),
    state("2", "In Progress"),
    state("3", "On Hold"),
    state("6", "Resolved"),
    state("7", "Closed"),
    state("8", "Canceled"),
    priority("1", "1", "1"),
    priority("1", "2", "2"),
    priority("1", "3", "3"),
    priority("2", "1", "2"),
    priority("2", "2", "3"),
    priority("2", "3", "4"),
    priority("3", "1", "3"),
    priority("3", "2", "4"),
    priority("3", "3", "5"),
    moves("priority_is_looked_up_again", "[D:def-prio-lookup-rules.md]", {}, {"urgency": "1"}, priority="3"),
    moves("priority_alone_is_overridden", "(unverified)", {}, {"priority": "1"}, priority="5"),
    moves("state_is_copied", "[M:LH]", {}, {"state": "2"}, incident_state="2"),
    moves("incident_state_is_copied", "(unverified)", {}, {"incident_state": "2"}, state="2"),
    moves("on_hold_without_a_reason", "[M:LH]", {"state": "2"}, {"state": "3"}, state="3", hold_reason=""),
    moves("on_hold_with_a_reason", "[A]", {}, {"state": "3", "hold_reason": "4"}, hold_reason="4"),
    moves(
        "the_reason_goes_with_the_state", "(unverified)", {"state": "3", "hold_reason": "4"}, {"state": "2"},
        hold_reason=""
    ),
    moves(
        "the_caller_takes_it_off_hold", "[D:c_IncidentManagementStateModel.md]", WAITING,
        {"comments": "Here it is."}, state="2", incident_state="2", hold_reason=""
    ),
    moves(
        "not_when_it_waits_for_a_vendor", "[D:c_IncidentManagementStateModel.md]", WAITING | {"hold_reason": "4"},
        {"comments": "Here it is."}, state="3"
    ),
    moves(
        "nor_when_somebody_else_writes", "[D:c_IncidentManagementStateModel.md]",
        WAITING | {"caller_id": "{lee_id}"}, {"comments": "Here it is."}, state="3"
    ),
    refused("resolve_without_anything", "[M:LH]", {}, {"state": "6"}, f"{POLICY}Resolution code, Resolution notes"),
    refused("resolve_without_a_code", "[M:LH]", {}, {"state": "6", "close_notes": "x"}, f"{POLICY}Resolution code"),
    refused(
        "resolve_without_notes", "[M:LH]", {}, {"state": "6", "close_code": "Duplicate"},
        f"{POLICY}Resolution notes"
    ),
    refused(
        "resolve_with_a_code_that_is_none", "[M:LH]", {},
        {"state": "6", "close_code": "Solved (Permanently)", "close_notes": "x"}, f"{POLICY}Resolution code"
    ),
    refused("close_without_anything", "[M:LH]", {}, {"state": "7"}, re.compile(POLICY)),
    Fact("create_as_resolved", "[M:LH]", CREATE, 403, json={"state": "6"}),
    moves("resolve", "[M:LH]", {}, {"state": "6", **DONE}, state="6", resolved_at=AFTER, closed_at="", active="true"),
    moves("resolve_says_by_whom", "[M:LH]", {}, {"state": "6", **DONE}, **{"resolved_by/value": "{integration_id}"}),
    moves(
        "close_needs_nothing_more", "[M:LH]", {"state": "6", **DONE}, {"state": "7"}, state="7", closed_at=AFTER,
        active="false"
    ),
    moves("cancel_needs_nothing", "[A]", {}, {"state": "8"}, state="8", active="false"),
    moves(
        "reopen", "[D:reopening-incident.md]", {"state": "6", **DONE}, {"state": "2"}, state="2", reopen_count="1",
        reopened_time=AFTER
    ),
    moves(
        "reopen_says_by_whom", "[D:reopening-incident.md]", {"state": "6", **DONE}, {"state": "2"},
        **{"reopened_by/value": "{integration_id}"}
    ),
    refused(
        "closed_stays_closed", "[D:reopening-incident.md] (words: unverified)", {"state": "7", **DONE},
        {"state": "2"}, re.compile("aborted by Business Rule")
    ),
    Fact("numbers", "[M]", CREATE, 201, {"result/number": re.compile(r"^INC00\d{5}$")}, json={}),
    Fact(
        "no_caller_is_made_up", "[M]", CREATE, 201,
        {"result/caller_id": "", "result/opened_by/value": "{integration_id}"}, json={}
    ),
    Fact(
        "due_date_is_on_the_task", "[D]", "GET table/task/{incident}",
        given={"incident": {"due_date": "2026-12-01 10:00:00"}}, body={"result/due_date": "2026-12-01 10:00:00"}
    ),
    Fact(
        "correlation_is_on_the_task", "[DefectDojo] [M]", "GET table/task?sysparm_query=correlation_id={same}",
        given={"incident": {"correlation_display": "x"}},
        body={"result/0/sys_id": "{incident}", "result/0/correlation_display": "x"}
    ),
    Fact("correlation_is_not_unique", "[M]", CREATE, 201, json={"correlation_id": "{same}"}, given={"incident": {}}),
]
# fmt: on

CODES = (
    *("Solution provided", "Resolved by caller", "Workaround provided", "Duplicate"),
    *("Resolved by change", "User error", "Known error", "Resolved by problem"),
    *("Resolved by request", "No resolution provided"),
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_incidents_follow_their_rules(world: World, fact: Fact) -> None:
    world.check(fact)


@pytest.mark.parametrize("code", CODES)
def test_resolution_codes_of_this_release(world: World, code: str) -> None:
    """[M:LH] Australia; the value is the label."""
    sent = {"state": "6", "close_code": code, "close_notes": "x"}
    world.check(
        Fact(code, "[M:LH]", CREATE, 201, {"result/close_code": code}, json=sent)
    )
