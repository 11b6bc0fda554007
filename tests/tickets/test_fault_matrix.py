"""Every fault of an instance, met while a ticket is sent, changed, read, or a token renewed.

One row per fault: what the portal calls it, and what it does then. After the fault
nothing is lost, nothing is there twice, and the page has named the cause.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from connector import connections, runs, tasks
from connector.messages import explain, is_known
from connector.models import Connection
from connector.sandbox.faults import KINDS
from tests.tickets.conftest import Person, later, stored
from tickets import amendments, outbox, sync
from tickets.models import Delivery, SyncCursor, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from connector.sandbox.server import Running

    Queued = Callable[..., Delivery]
    Sent = Callable[..., Ticket]
    SignIn = Callable[[User], Client]

Status = Delivery.Status
GOES_ON = Status.QUEUED
STOPS = Status.STOPPED
WAITS = Status.WAITING
ARRIVES = Status.DELIVERED
SLOW_MS = 1000
PATIENCE = 0.5


class Row(NamedTuple):
    """What a create meets: the code, what becomes of the delivery, rows over there."""

    code: str
    then: str
    rows: int = 0
    is_open: bool = False


# A change of a ticket and a note into it fare as its creation does.
CREATE = {
    # The instance is still at it when the portal's patience ends.
    "latency": Row("timeout", GOES_ON, 1, is_open=True),
    "unauthorized": Row("token_rejected", WAITS),
    "business_rule": Row("business_rule", STOPS),
    "data_policy": Row("data_policy", STOPS),
    "acl": Row("acl", STOPS),
    "insufficient_rights": Row("query_acl", STOPS),
    "api_acl": Row("api_acl", WAITS),
    "missing_scope": Row("scope", WAITS),
    "ip_filter": Row("ip_restricted", WAITS),
    "cross_scope": Row("cross_scope", STOPS),
    "rate_limit": Row("rate_limited", GOES_ON),
    "error": Row("transaction_cancelled", GOES_ON, is_open=True),
    "unavailable": Row("maintenance", GOES_ON, is_open=True),
    "bad_gateway": Row("bad_gateway", GOES_ON, is_open=True),
    "hibernating": Row("hibernating", GOES_ON, is_open=True),
    "asleep": Row("hibernating", GOES_ON, is_open=True),
    "redirect": Row("sign_in_page", GOES_ON, is_open=True),
    "truncated": Row("incomplete_answer", GOES_ON, 1, is_open=True),
    "broken_off": Row("incomplete_answer", GOES_ON, 1, is_open=True),
    "accepted": Row("dropped", GOES_ON, is_open=True),
    "cut": Row("connection_lost", GOES_ON, is_open=True),
    "error_after_commit": Row("transaction_cancelled", GOES_ON, 1, is_open=True),
    "cut_after_commit": Row("connection_lost", GOES_ON, 1, is_open=True),
    # Looked for at once: a refusal ends the transaction.
    "forbidden_after_commit": Row("", ARRIVES, 1),
}
READ = {
    **{kind: row.code for kind, row in CREATE.items()},
    "forbidden_after_commit": "acl",
}
# The token endpoint says no in one way only; whose address is kept out, is told.
RENEWAL = {
    **{kind: Row(row.code, GOES_ON) for kind, row in CREATE.items()},
    **dict.fromkeys(
        (
            *("unauthorized", "business_rule", "data_policy", "acl"),
            *("insufficient_rights", "missing_scope", "forbidden_after_commit"),
            *("api_acl", "cross_scope"),
        ),
        Row("refresh_rejected", WAITS),
    ),
    "ip_filter": Row("ip_restricted", WAITS),
}


@pytest.fixture(autouse=True)
def _impatient(request: pytest.FixtureRequest, settings: SettingsWrapper) -> None:
    # Where nothing is meant to be slow, a busy machine must not look like it.
    if "[latency" in request.node.name:
        settings.HTTP_READ_TIMEOUT = PATIENCE


def strike(instance: Running, kind: str, **where: str) -> None:
    instance.faults.add(kind, ms=SLOW_MS, **where)


def settle(instance: Running, kind: str) -> None:
    """End the fault, and let the instance finish what it is at."""
    instance.faults.clear()
    if kind == "latency":
        time.sleep(SLOW_MS / 1000)


def mend(connection: Connection) -> None:
    """Do what a person does: have it checked, if it is broken."""
    connection.refresh_from_db()
    if connection.status == Connection.Status.BROKEN:
        tasks.examine(runs.begin(connection).pk)


def bring_home(delivery: Delivery, actor: User) -> None:
    """Let time pass, with a person who tries again what was stopped."""
    mend(delivery.ticket.connection)
    delivery.refresh_from_db()
    if delivery.status == STOPS:
        outbox.retry(delivery, actor=actor)
    for _ in range(3):
        later(delivery, 4000)
        outbox.deliver(delivery.pk)
    delivery.refresh_from_db()


def arrived_once(instance: Running, delivery: Delivery) -> bool:
    ticket = Ticket.objects.get(pk=delivery.ticket_id)
    [row] = stored(instance, ticket)
    delivered = TicketEvent.objects.filter(
        ticket=ticket, action__in=["delivered", "adopted"]
    )
    return (
        delivery.status == ARRIVES
        and delivery.error_code == ""
        and ticket.sys_id == row["sys_id"]
        and delivered.count() == 1
    )


def amend(ticket: Ticket, operation: str, actor: User) -> Delivery:
    """Queue a change of the ticket or a note into it."""
    if operation == "note":
        delivery = amendments.note(ticket, "Look here", author="x", once="1")
    else:
        delivery = amendments.edit(ticket, {"name": "As it is"}, actor=actor)
    assert delivery
    return delivery


def written(agent: Person, ticket: Ticket, operation: str) -> int:
    """Return how often the instance holds the change or the note."""
    path = f"{ticket.kind}/{ticket.sys_id}?sysparm_display_value=true"
    row = agent.call("GET", path)
    if operation == "note":
        return int(row["work_notes"].count("Look here"))
    return int(row["short_description"] == "As it is")


def names_the_cause(
    client: Client, address: str, code: str, *, is_open: bool = False
) -> bool:
    """Say whether a page names what happened and what is, or can be, done about it."""
    assert is_known(code)
    explanation = explain(code)
    text = client.get(address).content.decode()
    what_next = "the portal looks there" if is_open else explanation.repair
    return escape(explanation.title) in text and escape(what_next) in text


def test_every_fault_has_its_row() -> None:
    for table in (CREATE, READ, RENEWAL):
        assert set(table) >= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_while_a_ticket_is_created(
    kind: str, queued: Queued, instance: Running, admin: User, client_for: SignIn
) -> None:
    expected = CREATE[kind]
    strike(instance, kind, method="POST", table="incident")
    delivery = queued()
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()

    assert (delivery.error_code, delivery.status) == (expected.code, expected.then)
    assert (delivery.unanswered_at is not None) is expected.is_open
    if expected.code:
        page = reverse("tickets:detail", args=[delivery.ticket_id])
        assert names_the_cause(
            client_for(admin), page, expected.code, is_open=expected.is_open
        )
    settle(instance, kind)
    assert len(stored(instance, delivery.ticket)) == expected.rows

    bring_home(delivery, admin)
    assert arrived_once(instance, delivery)
    assert Connection.objects.get().status == Connection.Status.CONNECTED


@pytest.mark.parametrize("operation", ["update", "note"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_while_a_ticket_is_changed(
    kind: str,
    operation: str,
    sent: Sent,
    agent: Person,
    instance: Running,
    admin: User,
    client_for: SignIn,
) -> None:
    expected = CREATE[kind]
    ticket = sent(name="As it was")
    strike(instance, kind, method="PATCH", table="incident")
    delivery = amend(ticket, operation, admin)
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()

    assert (delivery.error_code, delivery.status) == (expected.code, expected.then)
    assert (delivery.unanswered_at is not None) is expected.is_open
    if expected.code:
        page = reverse("tickets:detail", args=[ticket.pk])
        assert names_the_cause(
            client_for(admin), page, expected.code, is_open=expected.is_open
        )
    settle(instance, kind)
    assert written(agent, ticket, operation) == expected.rows

    bring_home(delivery, admin)
    assert (delivery.status, delivery.error_code) == (ARRIVES, "")
    assert written(agent, ticket, operation) == 1
    told = TicketEvent.objects.filter(ticket=ticket, action="amended")
    assert told.count() == 1
    assert Connection.objects.get().status == Connection.Status.CONNECTED


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_while_changes_are_read(
    kind: str,
    sent: Sent,
    linked: Connection,
    agent: Person,
    instance: Running,
    admin: User,
    client_for: SignIn,
) -> None:
    ticket = sent()
    agent.write(ticket, state="2")
    strike(instance, kind, method="GET", table="task")
    sync.pull(linked, forced=True)

    cursor = SyncCursor.objects.get()
    assert cursor.error_code == READ[kind]
    assert cursor.claimed_at is None
    assert cursor.due_at > timezone.now()
    page = reverse("connector:configuration")
    assert names_the_cause(client_for(admin), page, READ[kind])
    settle(instance, kind)
    mend(linked)

    for _ in range(2):
        sync.pull(linked, forced=True)
    changes = TicketEvent.objects.filter(ticket=ticket, field="state")
    assert [change.new for change in changes] == ["2"]
    ticket.refresh_from_db()
    assert (ticket.remote_state, ticket.missing_since) == ("2", None)
    linked.refresh_from_db()
    assert (linked.status, linked.last_error_code) == ("connected", "")
    assert SyncCursor.objects.get().error_code == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_while_the_token_is_renewed(
    kind: str,
    queued: Queued,
    linked: Connection,
    instance: Running,
    admin: User,
    client_for: SignIn,
) -> None:
    expected = RENEWAL[kind]
    refresh_token = linked.refresh_token
    delivery = queued()
    soon = timezone.now() + timedelta(seconds=5)
    connections.update(linked, access_token_expires_at=soon)
    strike(instance, kind, path="oauth", method="POST")
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()

    assert (delivery.error_code, delivery.status) == (expected.code, expected.then)
    # The ticket itself was not on its way yet.
    assert delivery.unanswered_at is None
    assert stored(instance, delivery.ticket) == []
    page = reverse("tickets:detail", args=[delivery.ticket_id])
    assert names_the_cause(client_for(admin), page, expected.code)
    linked.refresh_from_db()
    assert linked.renewal_claimed_at is None
    assert linked.refresh_token == refresh_token
    settle(instance, kind)

    bring_home(delivery, admin)
    assert arrived_once(instance, delivery)
    linked.refresh_from_db()
    assert linked.status == Connection.Status.CONNECTED
    assert linked.has_fresh_token()
