"""Changes and notes arrive once, in order, and overwrite nobody's work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from connector.messages import explain
from connector.models import AuditEvent
from tests.tickets.conftest import Person, later
from tickets import amendments, outbox, sync
from tickets.models import Delivery, Kind, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection
    from connector.sandbox.server import Running

    Sent = Callable[..., Ticket]
    SignIn = Callable[[User], Client]

Action = TicketEvent.Action
Status = Delivery.Status
TOMORROW = timezone.localdate() + timedelta(days=1)


def remote(agent: Person, ticket: Ticket) -> dict[str, str]:
    """Return the record as those who work there see it."""
    row = agent.call("GET", f"{ticket.kind}/{ticket.sys_id}?sysparm_display_value=all")
    return {
        name: cell["display_value"]
        if name in {"work_notes", "comments"}
        else cell["value"]
        for name, cell in row.items()
    }


def step(delivery: Delivery) -> Delivery:
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def note(ticket: Ticket, text: str = "Please hurry.", once: str = "1") -> Delivery:
    delivery = amendments.note(ticket, text, author="security.operator", once=once)
    assert delivery
    return delivery


def actions(ticket: Ticket) -> list[str]:
    return [event.action for event in reversed(ticket.events.all())]


@pytest.mark.parametrize("kind", Kind.values)
def test_a_change_arrives(
    kind: str, sent: Sent, agent: Person, operator: User, instance: Running
) -> None:
    ticket = sent(kind, priority="low", name="Old name")
    values = {"name": "New name", "priority": "high", "due_date": TOMORROW}
    delivery = amendments.edit(ticket, values, actor=operator)
    assert delivery

    assert step(delivery).status == Status.DELIVERED
    row = remote(agent, ticket)
    assert (row["short_description"], row["priority"]) == ("New name", "2")
    assert row["due_date"].startswith(str(TOMORROW))
    ticket.refresh_from_db()
    assert (ticket.name, ticket.priority, ticket.due_date) == (
        "New name",
        "high",
        TOMORROW,
    )
    assert actions(ticket)[-4:] == [
        Action.EDITED,
        Action.EDITED,
        Action.EDITED,
        "amended",
    ]
    assert AuditEvent.objects.get(action="ticket.edited").facts["fields"] == [
        "due_date",
        "name",
        "priority",
    ]


def test_only_what_was_changed_is_sent(sent: Sent, operator: User) -> None:
    ticket = sent(due_date=TOMORROW)
    values = {"name": ticket.name, "priority": ticket.priority, "due_date": None}
    delivery = amendments.edit(ticket, values, actor=operator)

    assert delivery
    assert delivery.payload == {"due_date": ""}
    assert step(delivery).status == Status.DELIVERED
    ticket.refresh_from_db()
    assert ticket.due_date is None
    same = {name: getattr(ticket, name) for name in values}
    assert amendments.edit(ticket, same, actor=operator) is None


def test_nothing_is_overwritten_that_somebody_changed_meanwhile(
    sent: Sent, agent: Person, operator: User, client_for: SignIn
) -> None:
    ticket = sent(name="Name here")
    agent.write(ticket, short_description="Name over there")
    delivery = amendments.edit(ticket, {"name": "Another name"}, actor=operator)
    assert delivery

    assert step(delivery).status == Status.STOPPED
    assert delivery.error_code == "changed_meanwhile"
    assert remote(agent, ticket)["short_description"] == "Name over there"
    page = client_for(operator).get(ticket.get_absolute_url()).content.decode()
    assert escape(explain("changed_meanwhile").repair) in page
    assert "Name over there" in page

    address = reverse("tickets:amendment_retry", args=[ticket.pk, delivery.pk])
    client_for(operator).post(address)
    assert step(delivery).status == Status.DELIVERED
    assert remote(agent, ticket)["short_description"] == "Another name"


def test_a_change_that_is_there_already_is_not_sent(
    sent: Sent, agent: Person, operator: User
) -> None:
    ticket = sent(name="Name here")
    agent.write(ticket, short_description="Same idea")
    before = remote(agent, ticket)["sys_mod_count"]
    delivery = amendments.edit(ticket, {"name": "Same idea"}, actor=operator)
    assert delivery

    assert step(delivery).status == Status.DELIVERED
    assert remote(agent, ticket)["sys_mod_count"] == before


def test_values_the_instance_does_not_take_are_told(sent: Sent) -> None:
    # Not on the list of resolution codes: dropped without a word.
    delivery = Delivery.objects.create(
        ticket=sent(), operation="update", payload={"close_code": "Nonsense"}
    )

    assert step(delivery).error_code == "not_taken"
    assert delivery.status == Status.STOPPED
    assert "close_code" in delivery.error_words


def test_a_note_arrives_and_says_who_wrote_it(sent: Sent, agent: Person) -> None:
    ticket = sent()
    delivery = step(note(ticket))

    assert delivery.status == Status.DELIVERED
    notes = remote(agent, ticket)["work_notes"]
    assert "Please hurry." in notes
    assert "security.operator" in notes
    assert actions(ticket)[-2:] == [Action.NOTED, Action.AMENDED]


def test_the_same_note_is_queued_once(sent: Sent) -> None:
    ticket = sent()
    note(ticket)
    assert not amendments.note(ticket, "Please hurry.", author="x", once="1")
    assert amendments.note(ticket, "Please hurry.", author="x", once="2")


def test_an_own_note_that_comes_back_is_not_told_twice(
    sent: Sent, linked: Connection
) -> None:
    ticket = sent()
    step(note(ticket))
    sync.pull(linked, forced=True)
    sync.pull(linked, forced=True)

    assert Action.COMMENTED not in actions(ticket)


def test_a_poll_settles_a_note_whose_answer_was_lost(
    sent: Sent, linked: Connection, instance: Running
) -> None:
    ticket = sent()
    instance.faults.add("cut_after_commit", method="PATCH", count=1)
    delivery = step(note(ticket))
    assert delivery.status == Status.QUEUED

    sync.pull(linked, forced=True)

    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED
    assert actions(ticket)[-1] == Action.AMENDED


def test_a_note_is_not_repeated_where_journals_cannot_be_read(
    sent: Sent, instance: Running, agent: Person, operator: User, client_for: SignIn
) -> None:
    ticket = sent()
    instance.faults.add("cut_after_commit", method="PATCH", count=1)
    delivery = step(note(ticket))
    instance.restrictions.fields |= {"incident.work_notes", "incident.comments"}
    instance.restrictions.tables.add("sys_journal_field")
    later(delivery, 4000)

    assert step(delivery).error_code == "note_unverifiable"
    assert delivery.status == Status.STOPPED
    instance.restrictions.fields.clear()
    assert remote(agent, ticket)["work_notes"].count("Please hurry.") == 1

    address = reverse("tickets:amendment_discard", args=[ticket.pk, delivery.pk])
    client_for(operator).post(address)
    delivery.refresh_from_db()
    assert delivery.status == Status.DISCARDED


def test_changes_arrive_in_the_order_they_were_made(
    sent: Sent, operator: User, instance: Running, agent: Person
) -> None:
    ticket = sent(priority="low")
    first = amendments.edit(ticket, {"priority": "high"}, actor=operator)
    assert first
    second = note(ticket)
    instance.faults.add("error", method="PATCH", count=1)
    step(first)

    assert step(second).attempts == 0
    later(first, 4000)
    assert step(first).status == Status.DELIVERED
    assert step(second).status == Status.DELIVERED


def test_a_refused_change_keeps_no_note_up(
    sent: Sent, operator: User, instance: Running
) -> None:
    ticket = sent(priority="low")
    first = amendments.edit(ticket, {"priority": "high"}, actor=operator)
    assert first
    instance.faults.add("business_rule", method="PATCH", count=1)
    assert step(first).status == Status.STOPPED
    assert step(note(ticket)).status == Status.DELIVERED


def test_nothing_is_amended_before_the_ticket_is_there(
    queued: Callable[..., Delivery], instance: Running
) -> None:
    create = queued()
    second = note(create.ticket)
    assert step(second).attempts == 0
    step(create)
    assert step(second).status == Status.DELIVERED


def test_a_typed_note_survives_its_errors_and_a_second_submit(
    sent: Sent, operator: User, client_for: SignIn, instance: Running
) -> None:
    ticket, client = sent(), client_for(operator)
    address = reverse("tickets:note", args=[ticket.pk])
    once = "0f5a8a1e-3d7b-4a52-9c1e-0d7a6d0a3f11"
    wrong = client.post(address, {"text": "Kept", "element": "?", "once": once})
    assert wrong.status_code == 422
    assert "Kept" in wrong.content.decode()
    assert once in wrong.content.decode()
    for _ in range(2):
        client.post(address, {"text": "Kept", "element": "comments", "once": once})

    [delivery] = Delivery.objects.amendments()
    assert step(delivery).status == Status.DELIVERED
    assert "comments" in delivery.payload


def test_an_edit_with_an_error_loses_nothing(
    sent: Sent, operator: User, client_for: SignIn, instance: Running
) -> None:
    ticket, client = sent(), client_for(operator)
    address = reverse("tickets:edit", args=[ticket.pk])
    typed = {"name": "Typed name", "priority": "low", "due_date": "2020-01-01"}
    page = client.post(address, typed)

    assert page.status_code == 422
    assert "Typed name" in page.content.decode()
    assert not Delivery.objects.amendments().exists()


def test_an_open_form_undoes_nothing_a_poll_brought(
    sent: Sent, operator: User, client_for: SignIn
) -> None:
    ticket, client = sent(), client_for(operator)
    address = reverse("tickets:edit", args=[ticket.pk])
    page = client.get(address).content.decode()
    shown = {
        name: escape(getattr(ticket, name) or "")
        for name in ("name", "priority", "due_date")
    }
    assert all(f'name="initial-{name}"' in page for name in shown)
    form = {**shown, **{f"initial-{name}": value for name, value in shown.items()}}
    Ticket.objects.filter(pk=ticket.pk).update(name="Renamed there")

    client.post(address, {**form, "priority": "low"})
    [delivery] = Delivery.objects.amendments()
    assert delivery.before.keys() == {"priority"}

    delivery.delete()
    renamed = {**form, "name": "Renamed here"}
    page = client.post(address, renamed)
    assert page.status_code == 422
    assert "Renamed there" in page.content.decode()
    assert "Renamed here" in page.content.decode()
    assert 'name="initial-name" value="Renamed there"' in page.content.decode()
    assert not Delivery.objects.amendments().exists()

    client.post(address, {**renamed, "initial-name": "Renamed there"})
    assert Delivery.objects.amendments().get().before == {"name": "Renamed there"}


CLOSE = {"close_code": "Solution provided", "close_notes": "Done."}


def _resolved(
    sent: Sent, agent: Person, linked: Connection, state: str = "6"
) -> Ticket:
    ticket = sent()
    agent.write(ticket, state="6", **CLOSE)
    if state != "6":
        agent.write(ticket, state=state)
    sync.pull(linked, forced=True)
    ticket.refresh_from_db()
    assert ticket.remote_state == state
    return ticket


def _reopen(ticket: Ticket) -> amendments.Told:
    return amendments.reopen(ticket, "No points gained.", author="x", once="1")


def _send_all(ticket: Ticket) -> list[str]:
    for delivery in ticket.deliveries.order_by("pk"):
        outbox.deliver(delivery.pk)
    return [d.status for d in ticket.deliveries.order_by("pk")]


def test_a_resolved_incident_is_reopened_with_the_reason(
    sent: Sent, agent: Person, linked: Connection
) -> None:
    ticket = _resolved(sent, agent, linked)
    assert _reopen(ticket) == amendments.Told.REOPENED
    assert _reopen(ticket) == amendments.Told.BEFORE

    assert _send_all(ticket) == [Status.DELIVERED] * 3
    row = remote(agent, ticket)
    assert (row["state"], row["reopen_count"]) == ("2", "1")
    assert "No points gained." in row["work_notes"]
    ticket.refresh_from_db()
    assert ticket.remote_state == "2"


def test_an_incident_that_was_closed_meanwhile_is_not_touched(
    sent: Sent, agent: Person, linked: Connection
) -> None:
    ticket = _resolved(sent, agent, linked)
    agent.write(ticket, state="7")
    _reopen(ticket)

    assert _send_all(ticket)[-1] == Status.STOPPED
    update = ticket.deliveries.get(operation="update")
    assert update.error_code == "changed_meanwhile"
    assert "state" in update.error_words
    assert remote(agent, ticket)["state"] == "7"


def test_a_closed_incident_gets_the_reason_as_a_note_alone(
    sent: Sent, agent: Person, linked: Connection
) -> None:
    ticket = _resolved(sent, agent, linked, "7")
    assert _reopen(ticket) == amendments.Told.NOTED

    assert _send_all(ticket) == [Status.DELIVERED] * 2
    row = remote(agent, ticket)
    assert row["state"] == "7"
    assert "No points gained." in row["work_notes"]


def test_a_reopening_whose_answer_was_lost_is_not_repeated(
    sent: Sent, agent: Person, linked: Connection, instance: Running
) -> None:
    ticket = _resolved(sent, agent, linked)
    _reopen(ticket)
    note_, update = ticket.deliveries.exclude(operation="create").order_by("pk")
    step(note_)
    instance.faults.add("cut_after_commit", method="PATCH", count=1)
    assert step(update).status == Status.QUEUED
    later(update, 3600)
    assert step(update).status == Status.DELIVERED
    assert remote(agent, ticket)["reopen_count"] == "1"
