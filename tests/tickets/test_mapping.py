"""The table between the portal and ServiceNow."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from connector.servicenow.records import Record, Value
from tests.factories import ConnectionFactory, TenantFactory, TicketFactory
from tickets import journals, mapping
from tickets.models import Kind, Priority, Ticket

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

# The instance's data lookup: impact, urgency → priority.
LOOKUP = {
    ("1", "1"): "1",
    ("1", "2"): "2",
    ("1", "3"): "3",
    ("2", "1"): "2",
    ("2", "2"): "3",
    ("2", "3"): "4",
    ("3", "1"): "3",
    ("3", "2"): "4",
    ("3", "3"): "5",
}


def _ticket(kind: str, **values: object) -> Ticket:
    connection = ConnectionFactory.build(tenant=TenantFactory.build())
    ticket: Ticket = TicketFactory.build(connection=connection, kind=kind, **values)
    return ticket


@pytest.mark.parametrize(
    ("priority", "code"), [("high", "2"), ("medium", "3"), ("low", "4")]
)
def test_an_incidents_priority_is_what_the_lookup_makes_of_it(
    priority: str, code: str
) -> None:
    sent = mapping.payload(_ticket(Kind.INCIDENT, priority=priority))

    assert LOOKUP[sent["impact"], sent["urgency"]] == code
    assert "priority" not in sent
    assert mapping.priority_of(code) == priority


@pytest.mark.parametrize(
    ("priority", "code"), [("high", "2"), ("medium", "3"), ("low", "4")]
)
def test_a_change_requests_priority_is_sent(priority: str, code: str) -> None:
    sent = mapping.payload(_ticket(Kind.CHANGE_REQUEST, priority=priority))

    assert sent["priority"] == code


@pytest.mark.parametrize(
    ("code", "priority"),
    [("1", "high"), ("2", "high"), ("3", "medium"), ("4", "low"), ("5", "low")],
)
def test_five_steps_are_read_as_three(code: str, priority: str) -> None:
    assert mapping.priority_of(code) == priority
    assert priority in Priority.values


def test_a_change_request_says_what_it_is_and_who_sent_it(
    settings: SettingsWrapper,
) -> None:
    settings.SITE_URL = "https://portal.example.com"
    ticket = _ticket(Kind.CHANGE_REQUEST, control_id="scid_2000/x", source="microsoft")

    sent = mapping.payload(ticket)

    assert sent["category"] == "Other"
    assert sent["description"].startswith(mapping.TEMPLATE)
    assert sent["justification"].startswith(mapping.TEMPLATE)
    assert "Recommendation source: Microsoft recommendation" in sent["description"]
    assert "Recommendation category: Identity" in sent["description"]
    assert "Sent by: security.admin" in sent["description"]
    link = f"https://portal.example.com/tickets/{ticket.correlation_id}/"
    assert link in sent["description"]
    assert (
        "https://portal.example.com/securescore/actions/scid_2000%2Fx/"
        in (sent["description"])
    )
    assert sent["correlation_id"] == str(ticket.correlation_id)
    assert sent["correlation_display"] == "Security center portal"


def test_what_is_sent_does_not_depend_on_the_senders_language() -> None:
    ticket = _ticket(Kind.CHANGE_REQUEST)
    english = mapping.payload(ticket)

    with translation.override("ja"):
        assert mapping.payload(ticket) == english


def test_the_longest_ticket_fits() -> None:
    ticket = _ticket(
        Kind.CHANGE_REQUEST,
        name="n" * mapping.NAME_LIMIT,
        description="d" * mapping.DESCRIPTION_LIMIT,
        control_id="ö" * 100,
        created_by_name="u" * 150,
    )

    sent = mapping.payload(ticket)

    assert len(sent["short_description"]) <= 160
    assert len(sent["description"]) <= 4000


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"]
)
def test_a_due_date_comes_back_as_the_same_day(
    settings: SettingsWrapper, zone: str
) -> None:
    settings.TIME_ZONE = zone
    day = date(2030, 3, 10)

    wire = mapping.wire_due_date(day)

    record = Record("task", {"due_date": Value(wire, wire)})
    assert mapping.values_of(record).due_date == day


def test_fields_that_may_not_be_read_say_nothing() -> None:
    values = mapping.values_of(Record("task", {"sys_id": Value("a" * 32, "")}))

    assert values.due_date is None
    assert not values.knows_due_date
    assert values.name is values.state is values.priority is values.assigned_to is None


def _record(comments: str, stored: str, shown: str) -> Record:
    values = {
        "comments": Value("", comments),
        "sys_updated_on": Value(stored, shown),
    }
    return Record("task", values)


BLOB = (
    "2030-01-02 01:00:00 - Robin Fields (Additional comments)\nDone.\n\n"
    "2030-01-01 09:00:00 - Lee Gu (Additional comments)\nLooking\n\ninto it.\n\n"
)


def test_a_printed_journal_is_read_in_its_users_time_zone() -> None:
    record = _record(BLOB, "2030-01-02 09:00:00", "2030-01-02 01:00:00")

    first, second = journals.printed(record)

    assert (first.author, first.text) == ("Lee Gu", "Looking\n\ninto it.")
    assert (second.author, second.text) == ("Robin Fields", "Done.")
    assert str(second.at) == "2030-01-02 09:00:00+00:00"


def test_a_comment_keeps_its_key_when_the_user_moves_to_another_time_zone() -> None:
    there = journals.printed(
        _record(BLOB, "2030-01-02 09:00:00", "2030-01-02 01:00:00")
    )
    moved = BLOB.replace("01:00:00", "09:00:00")
    here = journals.printed(
        _record(moved, "2030-01-02 09:00:00", "2030-01-02 09:00:00")
    )

    assert [entry.key for entry in here] == [entry.key for entry in there]


@given(st.text(max_size=300))
def test_no_journal_is_lost_or_breaks_the_reading(text: str) -> None:
    entries = journals.printed(_record(text, "", ""))

    assert bool(entries) == bool(text.strip())


def test_equal_comments_are_told_apart_and_rows_agree_with_print() -> None:
    blob = BLOB + BLOB
    keys = [entry.key for entry in journals.printed(_record(blob, "", ""))]
    assert len(set(keys)) == 4

    rows = [
        Record(
            "sys_journal_field",
            {
                "element": Value("comments", ""),
                "value": Value(text, ""),
                "sys_created_on": Value(f"2030-01-0{day} 00:00:00", ""),
            },
        )
        for day, text in enumerate(["Looking\n\ninto it.", "Done."], start=1)
    ]
    printed = journals.printed(_record(BLOB, "", ""))
    assert [entry.key for entry in journals.rows(rows)] == [e.key for e in printed]
