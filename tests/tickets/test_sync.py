"""What happens to a ticket in ServiceNow shows here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector.models import Connection
from tests.tickets.conftest import Person
from tickets import changes, mapping, outbox, profiles, sync, tasks
from tickets.models import (
    Delivery,
    Kind,
    SyncCursor,
    Ticket,
    TicketEvent,
    TicketState,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytest_django.fixtures import SettingsWrapper

    from connector.sandbox.server import Running

    Sent = Callable[..., Ticket]

Action = TicketEvent.Action


def _poll(connection: Connection, *, forced: bool = True) -> None:
    connection.refresh_from_db()
    sync.pull(connection, forced=forced)
    cursor = SyncCursor.objects.get(connection=connection)
    assert cursor.error_code == "", cursor.error_words
    assert cursor.claimed_at is None


def _changed(ticket: Ticket) -> dict[str, tuple[str, str]]:
    events = TicketEvent.objects.filter(ticket=ticket, action=Action.CHANGED)
    return {event.field: (event.old, event.new) for event in events}


def test_the_agents_changes_arrive_with_their_history(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    ticket = sent(due_date=date(2030, 5, 2), priority="medium")

    agent.write(
        ticket,
        state="2",
        impact="3",
        urgency="3",
        due_date="2030-06-01 15:00:00",
        short_description="Renamed by the agent",
    )
    _poll(linked)

    ticket.refresh_from_db()
    assert ticket.remote_state == "2"
    assert (ticket.priority, ticket.remote_priority) == ("low", "5")
    assert ticket.due_date == date(2030, 6, 1)
    assert ticket.name == "Renamed by the agent"
    found = _changed(ticket)
    assert found["state"] == ("1", "2")
    assert found["priority"] == ("3", "5")
    assert found["due_date"] == ("2030-05-02", "2030-06-01")
    event = ticket.events.get(field="state")
    assert event.actor_name == "it.agent"
    assert event.facts["ours"] is False


def test_comments_and_work_notes_arrive_once(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    ticket = sent()
    agent.write(ticket, comments="Will do\n\nnext week.")
    agent.write(ticket, comments="Again")
    agent.write(ticket, comments="Again")
    agent.write(ticket, work_notes="Only for us")

    _poll(linked)
    _poll(linked)

    events = ticket.events.filter(action=Action.COMMENTED)
    texts = [(event.field, event.text) for event in events.order_by("pk")]
    assert sorted(texts) == [
        ("comments", "Again"),
        ("comments", "Again"),
        ("comments", "Will do\n\nnext week."),
        ("work_notes", "Only for us"),
    ]
    newest = events[0]
    assert newest.actor_name == "Robin Fields"
    assert abs(newest.at - timezone.now()) < timedelta(minutes=2)


def test_a_poll_reads_the_field_mapping_once_for_all_tickets(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    for ticket in [sent(kind) for kind in Kind.values for _ in range(2)]:
        agent.write(ticket, short_description="Renamed by the agent")

    with CaptureQueriesContext(database) as asked:
        _poll(linked)

    assert Ticket.objects.filter(name="Renamed by the agent").count() == 4
    # For the fields to ask for, of the poll and of its check; once for the records.
    reads = [q for q in asked if 'FROM "tickets_instanceprofile"' in q["sql"]]
    assert len(reads) == 3


def test_a_second_poll_changes_nothing(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    ticket = sent()
    agent.write(ticket, state="2")
    _poll(linked)
    before = list(TicketEvent.objects.values())

    _poll(linked)

    assert list(TicketEvent.objects.values()) == before


def test_an_older_reading_changes_nothing_back(
    sent: Sent, linked: Connection, agent: Person, instance: Running
) -> None:
    ticket = sent()
    from connector import tokens

    client = tokens.servicenow(linked)
    old = client.get("task", ticket.sys_id, fields=mapping.FIELDS)
    agent.write(ticket, state="2")
    _poll(linked)
    ticket.refresh_from_db()

    profile = profiles.of(ticket)
    assert not changes.apply(ticket, old, connection=linked, profile=profile)

    ticket.refresh_from_db()
    assert ticket.remote_state == "2"


def test_many_changes_in_one_second_are_all_seen(
    sent: Sent,
    linked: Connection,
    instance: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tickets = [sent(kind) for kind in Kind.values for _ in range(4)]
    moment = "2031-01-01 10:00:00"
    instance.store.execute(
        "UPDATE task SET sys_updated_on = ?, sys_mod_count = '9', due_date = ?",
        [moment, "2031-02-01 17:00:00"],
    )
    monkeypatch.setattr(sync, "PAGE_SIZE", 3)

    _poll(linked, forced=False)

    for ticket in tickets:
        ticket.refresh_from_db()
        assert ticket.due_date == date(2031, 2, 1)
    cursor = SyncCursor.objects.get()
    assert cursor.updated_at == datetime(2031, 1, 1, 10, tzinfo=UTC)


def test_pages_whose_rows_are_hidden_are_not_the_end(
    sent: Sent,
    linked: Connection,
    instance: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Page

    ticket = sent()
    real, asked = ServiceNow.list, []

    def some_hidden(self: ServiceNow, table: str, *args: Any, **options: Any) -> Page:
        asked.append(options.get("offset", 0))
        if options.get("offset", 0) == 0 and len(asked) == 1:
            return Page((), 1500)
        return real(self, table, *args, **{**options, "offset": 0})

    monkeypatch.setattr(ServiceNow, "list", some_hidden)
    sql = "UPDATE task SET sys_mod_count = '9', due_date = ?"
    instance.store.execute(sql, ["2031-02-01 17:00:00"])

    _poll(linked, forced=False)

    ticket.refresh_from_db()
    assert ticket.due_date == date(2031, 2, 1)
    assert asked[:2] == [0, 1000]


def test_one_request_is_enough_when_nothing_changed(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    for _ in range(3):
        sent()
    _poll(linked)
    SyncCursor.objects.update(due_at=timezone.now())
    instance.app.api.requests.clear()

    _poll(linked, forced=False)

    assert instance.app.api.requests["table"] == 1


def test_polls_become_rarer_while_nothing_changes(
    sent: Sent, linked: Connection, agent: Person, settings: SettingsWrapper
) -> None:
    ticket = sent()
    intervals = []
    for _ in range(6):
        _poll(linked)
        intervals.append(SyncCursor.objects.get().interval)
    assert intervals == [90, 135, 202, 300, 300, 300]

    agent.write(ticket, state="2")
    _poll(linked)

    assert SyncCursor.objects.get().interval == settings.SYNC_INTERVAL
    assert sync.due() == []
    SyncCursor.objects.update(due_at=timezone.now())
    assert sync.due() == [linked.pk]


def test_only_one_worker_polls_at_a_time(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    sent()
    SyncCursor.objects.create(connection=linked, claimed_at=timezone.now())
    instance.app.api.requests.clear()

    sync.pull(linked, forced=True)
    assert instance.app.api.requests["table"] == 0

    SyncCursor.objects.update(claimed_at=timezone.now() - timedelta(minutes=4))
    sync.pull(linked)
    assert instance.app.api.requests["table"] > 0


def test_a_deleted_record_is_missing_after_the_second_look(
    sent: Sent, linked: Connection, superuser: Person
) -> None:
    ticket, other = sent(), sent()
    superuser.delete(ticket)

    _poll(linked)
    ticket.refresh_from_db()
    assert ticket.missing_since is None
    _poll(linked, forced=True)

    ticket.refresh_from_db()
    other.refresh_from_db()
    assert ticket.missing_since is not None
    assert other.missing_since is None
    [event] = ticket.events.filter(action=Action.MISSING)
    assert event.facts == {"hidden": False}
    _poll(linked)
    assert ticket.events.filter(action=Action.MISSING).count() == 1


def test_a_record_that_is_back_is_found(sent: Sent, linked: Connection) -> None:
    ticket = sent()
    Ticket.objects.update(misses=2, missing_since=timezone.now())

    _poll(linked)

    ticket.refresh_from_db()
    assert ticket.missing_since is None
    assert ticket.events.filter(action=Action.FOUND).count() == 1


def test_a_state_nobody_knew_is_shown_as_it_is(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    ticket = sent()
    instance.store.execute(
        "UPDATE task SET state = '118', sys_mod_count = '9', "
        "sys_updated_on = '2031-01-01 10:00:00'",
        [],
    )

    _poll(linked)

    ticket.refresh_from_db()
    assert ticket.remote_state == "118"
    state = TicketState.objects.get(value="118")
    assert (state.kind, state.connection) == (Kind.INCIDENT, linked)
    assert Ticket.objects.with_state().get().state_label == state.default_label


def test_a_ticket_whose_answer_was_lost_is_found_by_the_poll(
    queued: Callable[..., Delivery], linked: Connection, instance: Running
) -> None:
    instance.faults.add("cut_after_commit", method="POST", count=1)
    delivery = queued()
    outbox.deliver(delivery.pk)

    _poll(linked)

    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.DELIVERED
    assert delivery.ticket.events.filter(action=Action.ADOPTED).exists()


def test_a_copy_of_a_record_is_reported_once(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    ticket = sent()
    copy = agent.call(
        "POST",
        "incident",
        correlation_id=str(ticket.correlation_id),
        correlation_display=mapping.CORRELATION_DISPLAY,
    )

    _poll(linked)
    _poll(linked)

    [event] = ticket.events.filter(action=Action.FAILED)
    assert event.facts["numbers"] == [copy["number"]]


def test_the_portals_own_writing_is_recognised(
    sent: Sent, linked: Connection, sign_in: Callable[[str], dict[str, Any]]
) -> None:
    ticket = sent()
    ours = Person(linked.base_url, sign_in("m365.integration")["access_token"])
    ours.write(ticket, state="2")

    _poll(linked)

    assert ticket.events.get(field="state").facts["ours"] is True


def test_an_outage_is_kept_in_words_and_ends(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    sent()
    instance.faults.add("hibernating", method="GET", count=1)

    sync.pull(linked, forced=True)

    cursor = SyncCursor.objects.get()
    assert cursor.error_code == "hibernating"
    assert cursor.due_at > timezone.now()
    assert cursor.polled_at is None
    _poll(linked)
    linked.refresh_from_db()
    assert linked.last_error_code == ""


def test_the_task_leaves_a_broken_connection_alone(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    Connection.objects.update(status=Connection.Status.BROKEN)
    instance.app.api.requests.clear()

    tasks.poll(linked.pk, forced=True)

    assert sync.due() == []
    assert instance.app.api.requests["table"] == 0


def test_what_followed_within_a_second_stands_behind_what_it_followed(
    sent: Sent, linked: Connection, agent: Person
) -> None:
    ticket = sent()
    agent.write(ticket, state="2")

    _poll(linked)

    actions = [event.action for event in ticket.events.all()]
    assert actions == [Action.CHANGED, Action.DELIVERED, Action.CREATED]
