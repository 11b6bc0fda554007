from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.wire import error_of

if TYPE_CHECKING:
    from tests.sandbox.wire import Api


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        *(("1", "1", "1"), ("1", "2", "2"), ("1", "3", "3")),
        *(("2", "1", "2"), ("2", "2", "3"), ("2", "3", "4")),
        *(("3", "1", "3"), ("3", "2", "4"), ("3", "3", "5")),
    ],
)
def test_an_incident_gets_its_priority_from_impact_and_urgency(
    api: Api, impact: str, urgency: str, priority: str
) -> None:
    row = api.create("incident", impact=impact, urgency=urgency, priority="1")
    assert row["priority"] == priority


def test_both_states_of_an_incident_stay_the_same(api: Api) -> None:
    row = api.create("incident")
    row = api.update(row, state="2").json()["result"]
    assert row["incident_state"] == "2"
    row = api.update(row, incident_state="3").json()["result"]
    assert row["state"] == "3"


def test_an_incident_is_resolved_only_with_code_and_notes(api: Api) -> None:
    row = api.create("incident")
    refused = api.update(row, state="6", close_notes="done")
    assert error_of(refused) == (
        403,
        "Operation Failed",
        "Data Policy Exception: The following fields are mandatory: Resolution code",
    )
    unknown = api.update(row, state="6", close_notes="done", close_code="made up")
    assert unknown.status_code == 403
    values = {"close_notes": "done", "close_code": "Solution provided"}
    row = api.update(row, state="6", **values).json()["result"]
    assert row["resolved_at"]
    assert row["closed_at"] == ""
    row = api.update(row, state="7").json()["result"]
    assert (row["active"], bool(row["closed_at"])) == ("false", True)
    assert "aborted by Business Rule" in str(error_of(api.update(row, state="2"))[2])


def test_a_reopened_incident_is_counted(api: Api) -> None:
    row = api.create("incident", close_code="User error", close_notes="x", state="6")
    row = api.update(row, state="2").json()["result"]
    assert (row["reopen_count"], row["state"]) == ("1", "2")


@pytest.mark.parametrize(
    ("kind", "before", "after", "is_allowed"),
    [
        ("normal", "-5", "-4", True),
        ("normal", "-5", "-3", False),
        ("normal", "-5", "4", True),
        ("normal", "-4", "-3", False),
        ("normal", "-3", "-2", False),
        ("normal", "-3", "-1", False),
        ("normal", "-2", "-1", True),
        ("normal", "-1", "0", True),
        ("normal", "0", "4", False),
        ("normal", "4", "-5", False),
        ("standard", "-5", "-2", True),
        ("standard", "-5", "-4", False),
        ("emergency", "-5", "-3", True),
        ("emergency", "-5", "-4", False),
    ],
)
def test_a_change_takes_only_the_steps_of_its_type(
    api: Api, kind: str, before: str, after: str, is_allowed: bool
) -> None:
    row = api.create("change_request", type=kind, state=before)
    answer = api.update(row, state=after)
    if is_allowed:
        assert answer.json()["result"]["state"] == after
        return
    status, message, detail = error_of(answer)
    assert (status, message) == (403, "Operation Failed")
    assert str(detail).startswith(
        "Operation against file 'change_request' was aborted by Business Rule "
        "'Change Model: Check State Transition^"
    )


def test_approval_moves_a_change_on_and_rejection_back(api: Api) -> None:
    row = api.create("change_request")
    row = api.update(row, state="-4").json()["result"]
    assert row["approval"] == "requested"
    row = api.update(row, approval="approved").json()["result"]
    assert (row["state"], row["approval"]) == ("-3", "requested")
    scheduled = api.update(row, approval="approved").json()["result"]
    assert (scheduled["state"], scheduled["approval"]) == ("-2", "approved")
    other = api.create("change_request", state="-4")
    back = api.update(other, approval="rejected").json()["result"]
    assert back["state"] == "-5"


def test_a_change_on_hold_can_only_be_canceled(api: Api) -> None:
    row = api.create("change_request", state="-2")
    without_reason = api.update(row, on_hold="true")
    assert "On hold reason" in str(error_of(without_reason)[2])
    api.update(row, on_hold="true", on_hold_reason="waiting")
    assert api.update(row, state="-1").status_code == 403
    assert api.update(row, state="4").status_code == 200


def test_a_change_is_closed_only_with_code_and_notes(api: Api) -> None:
    row = api.create("change_request", state="0")
    assert "Close code, Close notes" in str(error_of(api.update(row, state="3"))[2])
    values = {"close_code": "successful", "close_notes": "went well"}
    row = api.update(row, state="3", **values).json()["result"]
    assert (row["active"], bool(row["closed_at"])) == ("false", True)


def test_the_type_of_a_change_is_fixed_after_new(api: Api) -> None:
    row = api.create("change_request")
    assert api.update(row, type="standard").status_code == 200
    row = api.create("change_request", state="-1")
    assert api.update(row, type="standard").status_code == 403


def test_a_label_for_a_state_becomes_the_wrong_number(api: Api) -> None:
    assert api.create("change_request", state="assess")["state"] == "-3"


def test_journals_show_as_display_values_and_as_rows_only(api: Api) -> None:
    row = api.create("incident", comments="first")
    api.update(row, work_notes="second")
    assert api.read(row)["comments"] == ""
    shown = api.read(row, display_value="true")
    newest, oldest = shown["comments_and_work_notes"].strip().split("\n\n")
    assert newest.endswith("- Microsoft 365 Integration (Work notes)\nsecond")
    assert oldest.endswith("- Microsoft 365 Integration (Additional comments)\nfirst")
    assert "second" not in shown["comments"]
    entries = api.list(
        "sys_journal_field", f"element_id={row['sys_id']}^ORDERBYelement"
    )
    assert [(entry["element"], entry["value"]) for entry in entries] == [
        ("comments", "first"),
        ("work_notes", "second"),
    ]


def test_the_same_note_twice_is_two_entries(api: Api) -> None:
    row = api.create("incident", work_notes="again")
    api.update(row, work_notes="again")
    assert len(api.list("sys_journal_field", f"element_id={row['sys_id']}")) == 2


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-12-01 10:00:00", "2026-12-01 10:00:00"),
        ("2026-12-01", "2026-12-01 00:00:00"),
        ("soon", ""),
        (None, ""),
    ],
)
def test_due_dates_are_utc_and_nonsense_is_dropped(
    api: Api, sent: str | None, stored: str
) -> None:
    assert api.create("incident", due_date=sent)["due_date"] == stored


def test_long_texts_are_cut_at_the_length_of_the_field(api: Api) -> None:
    row = api.create("incident", short_description="x" * 200, correlation_id="y" * 101)
    assert (len(row["short_description"]), len(row["correlation_id"])) == (160, 100)
