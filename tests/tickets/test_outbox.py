"""Whatever happens on the way, a ticket arrives once."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector import connections
from connector.models import AuditEvent, Connection
from tests.tickets.conftest import later, stored
from tickets import attempts, outbox, tasks
from tickets.models import Delivery, Kind, SyncCursor, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from connector.sandbox.server import Running

    Queued = Callable[..., Delivery]

Action = TicketEvent.Action
Status = Delivery.Status


def _events(delivery: Delivery, action: str) -> list[TicketEvent]:
    return list(TicketEvent.objects.filter(ticket=delivery.ticket, action=action))


def _step(delivery: Delivery) -> Delivery:
    """Take the delivery one step further and return it as it is then."""
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


@pytest.mark.parametrize("kind", Kind.values)
def test_a_ticket_arrives_at_the_first_attempt(
    queued: Queued, instance: Running, kind: str
) -> None:
    delivery = _step(queued(kind, priority="high"))

    assert delivery.status == Status.DELIVERED
    ticket = Ticket.objects.get()
    [row] = stored(instance, ticket)
    assert (ticket.sys_id, ticket.number) == (row["sys_id"], row["number"])
    assert row["short_description"] == ticket.name
    assert row["priority"] == "2"
    assert ticket.priority == "high"
    assert ticket.remote_state == ("-5" if kind == Kind.CHANGE_REQUEST else "1")
    [event] = _events(delivery, Action.DELIVERED)
    assert event.facts["status"] == 201
    assert event.facts["attempt"] == 1
    assert event.facts["request_id"]
    assert instance.app.api.requests["table"] == 1
    assert not _events(delivery, Action.CHANGED)


def test_a_delivery_asks_the_database_little(queued: Queued) -> None:
    _step(queued())
    delivery = queued()

    with CaptureQueriesContext(database) as asked:
        outbox.deliver(delivery.pk)

    assert len(asked) <= 10
    assert not any("EXISTS" in query["sql"] for query in asked)


def test_a_delivered_ticket_is_never_sent_again(
    queued: Queued, instance: Running
) -> None:
    delivery = _step(queued())
    Delivery.objects.update(due_at=timezone.now())

    outbox.deliver(delivery.pk)

    assert len(stored(instance, delivery.ticket)) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("cut_after_commit", "connection_lost"),
        ("error_after_commit", "transaction_cancelled"),
        ("truncated", "incomplete_answer"),
    ],
)
def test_a_lost_answer_is_looked_for_and_adopted(
    queued: Queued, instance: Running, fault: str, code: str
) -> None:
    instance.faults.add(fault, method="POST", count=1)

    delivery = _step(queued())

    assert delivery.status == Status.QUEUED
    assert delivery.error_code == code
    assert delivery.unanswered_at is not None
    later(delivery, 10)
    _step(delivery)
    assert delivery.status == Status.DELIVERED
    assert delivery.error_code == ""
    [row] = stored(instance, delivery.ticket)
    assert Ticket.objects.get().sys_id == row["sys_id"]
    [event] = _events(delivery, Action.ADOPTED)
    assert event.facts["number"] == row["number"]


@pytest.mark.parametrize("fault", ["cut", "error", "accepted", "hibernating"])
def test_an_unclear_answer_is_not_repeated_before_it_has_settled(
    queued: Queued, instance: Running, fault: str
) -> None:
    instance.faults.add(fault, method="POST", count=1)
    delivery = _step(queued())
    assert delivery.unanswered_at is not None

    later(delivery, 10)
    _step(delivery)

    assert delivery.status == Status.QUEUED
    assert stored(instance, delivery.ticket) == []
    assert _events(delivery, Action.FAILED)[0].facts["code"] == "not_there_yet"
    settled_at = delivery.unanswered_at + timedelta(seconds=70)
    assert delivery.due_at <= settled_at
    later(delivery, 70)
    _step(delivery)
    assert delivery.status == Status.DELIVERED
    assert len(stored(instance, delivery.ticket)) == 1


def test_a_create_that_is_committed_late_is_not_doubled(
    queued: Queued, instance: Running, agent: Any
) -> None:
    instance.faults.add("cut", method="POST", count=1)
    delivery = _step(queued())
    later(delivery, 10)
    _step(delivery)
    agent.call("POST", "incident", **delivery.payload)

    later(delivery, 70)
    _step(delivery)

    assert delivery.status == Status.DELIVERED
    assert len(stored(instance, delivery.ticket)) == 1


def test_the_pace_the_instance_asks_for_is_kept(
    queued: Queued, instance: Running
) -> None:
    instance.faults.add("rate_limit", method="POST", count=1, retry_after=120)

    delivery = _step(queued())

    wait = delivery.due_at - timezone.now()
    assert timedelta(seconds=118) < wait < timedelta(seconds=151)
    assert (delivery.error_code, delivery.error_status) == ("rate_limited", 429)
    assert delivery.unanswered_at is None
    later(delivery, 160)
    assert _step(delivery).status == Status.DELIVERED


def test_attempts_become_rarer_but_never_end(queued: Queued, instance: Running) -> None:
    instance.close()
    delivery = queued()
    waits = []
    for _ in range(8):
        _step(delivery)
        assert delivery.status == Status.QUEUED
        assert delivery.error_code == "connection_refused"
        assert delivery.unanswered_at is None
        waits.append((delivery.due_at - timezone.now()).total_seconds())
        later(delivery, 5000)

    for wait, meant in zip(
        waits, (5, 30, 60, 300, 1200, 3600, 3600, 3600), strict=True
    ):
        assert 0.75 * meant < wait < 1.25 * meant


def test_a_business_rule_stops_the_ticket_with_the_remote_words(
    queued: Queued, instance: Running
) -> None:
    rule = instance.faults.add("business_rule", method="POST", rule="No changes today")

    delivery = _step(queued())

    assert delivery.status == Status.STOPPED
    assert delivery.error_code == "business_rule"
    assert "No changes today" in delivery.error_words
    assert delivery.error_request_id
    [event] = _events(delivery, Action.STOPPED)
    assert "No changes today" in event.text
    assert AuditEvent.objects.filter(action="ticket.stopped").exists()
    assert Connection.objects.get().status == Connection.Status.CONNECTED
    later(delivery, 5000)
    _step(delivery)
    assert rule.struck == 1


def test_a_refusal_after_the_insert_is_adopted(
    queued: Queued, instance: Running
) -> None:
    instance.faults.add("forbidden_after_commit", method="POST")

    delivery = _step(queued())

    assert delivery.status == Status.DELIVERED
    assert len(stored(instance, delivery.ticket)) == 1
    assert _events(delivery, Action.ADOPTED)


def test_a_stopped_ticket_goes_out_when_somebody_tries_again(
    queued: Queued, instance: Running, operator: User
) -> None:
    instance.faults.add("business_rule", method="POST", count=1)
    delivery = _step(queued())

    assert outbox.retry(delivery, actor=operator)
    _step(delivery)

    assert delivery.status == Status.DELIVERED
    [event] = _events(delivery, Action.RETRIED)
    assert event.actor_name == operator.get_username()
    assert not outbox.retry(delivery, actor=operator)


def test_a_token_that_ends_in_mid_work_is_renewed(
    queued: Queued, instance: Running
) -> None:
    instance.faults.add("unauthorized", method="POST", count=1)

    assert _step(queued()).status == Status.DELIVERED


def test_the_first_refused_token_holds_back_everything_until_it_is_mended(
    queued: Queued, linked: Connection, instance: Running
) -> None:
    rule = instance.faults.add("unauthorized")
    first, second = queued(), queued()

    _step(first)

    second.refresh_from_db()
    assert (first.status, second.status) == (Status.WAITING, Status.WAITING)
    linked.refresh_from_db()
    assert linked.status == Connection.Status.BROKEN
    struck = rule.struck
    _step(second)
    outbox.sweep()
    assert rule.struck == struck

    instance.faults.clear()
    connections.report_success(linked)

    for delivery in (first, second):
        delivery.refresh_from_db()
        assert delivery.status == Status.QUEUED
        assert _step(delivery).status == Status.DELIVERED
    assert second.attempts == 1


def test_a_delivery_parked_while_the_connection_was_mended_is_swept_up(
    queued: Queued,
) -> None:
    delivery = queued()
    Delivery.objects.update(status=Status.WAITING)

    outbox.sweep()

    assert _step(delivery).status == Status.DELIVERED


def test_two_workers_send_one_ticket_once(
    transactional_db: None, queued: Queued, instance: Running
) -> None:
    instance.faults.add("latency", ms=200)
    delivery = queued()
    start = Barrier(4)

    def work() -> None:
        start.wait()
        outbox.deliver(delivery.pk)
        database.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stored(instance, delivery.ticket)) == 1
    assert Delivery.objects.get().attempts == 1


def test_the_ticket_of_a_dead_worker_is_taken_over(
    queued: Queued, instance: Running
) -> None:
    delivery = queued()
    assert outbox.claim(delivery.pk)
    assert outbox.claim(delivery.pk) is None

    later(delivery, 61)
    _step(delivery)
    assert delivery.status == Status.QUEUED
    assert stored(instance, delivery.ticket) == []
    later(delivery, 10)

    assert _step(delivery).status == Status.DELIVERED
    assert len(stored(instance, delivery.ticket)) == 1


def test_a_clock_that_is_set_back_holds_nothing_up(
    queued: Queued, instance: Running
) -> None:
    fresh, held = queued(), queued()
    assert outbox.claim(held.pk)
    for delivery in (fresh, held):
        later(delivery, -3600)

    assert set(Delivery.objects.due()) == {fresh, held}
    assert _step(fresh).status == Status.DELIVERED
    # Whether the worker that held it sent it is unknown: it is looked for first.
    assert _step(held).status == Status.QUEUED
    assert stored(instance, held.ticket) == []
    later(held, 71)
    assert _step(held).status == Status.DELIVERED
    assert len(stored(instance, held.ticket)) == 1


def test_a_worker_that_died_after_the_create_leaves_one_ticket(
    queued: Queued, instance: Running
) -> None:
    delivery = queued()
    claimed = outbox.claim(delivery.pk)
    assert claimed
    attempts.run(claimed)

    later(delivery, 61)
    _step(delivery)

    assert delivery.status == Status.DELIVERED
    assert len(stored(instance, delivery.ticket)) == 1
    assert _events(delivery, Action.ADOPTED)


def test_a_worker_that_slept_past_its_lease_sends_nothing(
    queued: Queued, instance: Running
) -> None:
    delivery = queued()
    claimed = outbox.claim(delivery.pk)
    assert claimed
    claimed.claimed_at -= timedelta(seconds=61)

    with pytest.raises(attempts.ClaimLost):
        attempts.run(claimed)

    assert stored(instance, delivery.ticket) == []


def test_two_records_of_one_ticket_are_reported_and_the_older_is_followed(
    queued: Queued, instance: Running, agent: Any
) -> None:
    delivery = queued()
    Delivery.objects.update(attempts=1)
    older = agent.call("POST", "incident", **delivery.payload)
    newer = agent.call("POST", "incident", **delivery.payload)
    sql = "UPDATE task SET sys_created_on = '2026-01-01 00:00:00' WHERE sys_id = ?"
    instance.store.execute(sql, [older["sys_id"]])

    _step(delivery)

    assert Ticket.objects.get().sys_id == older["sys_id"]
    [event] = _events(delivery, Action.FAILED)
    assert event.facts["numbers"] == [newer["number"]]
    assert AuditEvent.objects.filter(action="ticket.duplicated").exists()


def test_a_record_that_may_not_be_read_is_not_created_again(
    queued: Queued, instance: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = queued()
    Delivery.objects.update(attempts=1)
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Page

    monkeypatch.setattr(ServiceNow, "list", lambda *_a, **_k: Page((), 1))

    _step(delivery)

    assert (delivery.status, delivery.error_code) == (Status.STOPPED, "hidden_record")
    assert stored(instance, delivery.ticket) == []


def test_an_error_in_the_portal_itself_is_logged_and_tried_again(
    queued: Queued,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_delivery: Delivery) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(attempts, "run", fail)

    delivery = _step(queued())

    assert (delivery.status, delivery.error_code) == (Status.QUEUED, "internal_error")
    assert "a bug" in caplog.text


def test_a_waiting_outage_ends_with_the_next_good_poll(
    queued: Queued, linked: Connection
) -> None:
    delivery = queued()
    Delivery.objects.update(
        due_at=timezone.now() + timedelta(hours=1), attempts=6, error_code="timeout"
    )

    outbox.hasten(linked)

    assert _step(delivery).status == Status.DELIVERED


@pytest.mark.parametrize(
    ("code", "is_polled"), [("hibernating", True), ("rate_limited", False), ("", False)]
)
def test_an_instance_that_took_a_ticket_is_polled_again(
    queued: Queued, linked: Connection, code: str, is_polled: bool
) -> None:
    later_on = timezone.now() + timedelta(minutes=5)
    connections.update(linked, last_error_code="hibernating")
    SyncCursor.objects.create(connection=linked, due_at=later_on, error_code=code)

    _step(queued())

    assert (SyncCursor.objects.get().due_at < later_on) == is_polled


def test_a_mended_connection_is_polled_at_once(linked: Connection) -> None:
    later_on = timezone.now() + timedelta(minutes=5)
    SyncCursor.objects.create(connection=linked, due_at=later_on, error_code="timeout")
    connections.update(linked, status=Connection.Status.BROKEN)

    connections.report_success(linked)

    assert SyncCursor.objects.get().due_at < later_on


def test_a_sweep_wakes_what_is_due_and_not_too_much(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = [queued() for _ in range(4)]
    Delivery.objects.filter(pk=deliveries[0].pk).update(
        due_at=timezone.now() + timedelta(hours=1)
    )
    woken: list[int] = []
    monkeypatch.setattr(outbox, "wake", lambda _name, pk, **_: woken.append(pk))
    monkeypatch.setattr(outbox, "SWEEP_LIMIT", 2)

    tasks.sweep()

    assert woken == [deliveries[1].pk, deliveries[2].pk]


def test_secrets_are_in_no_event_and_no_log(
    queued: Queued,
    linked: Connection,
    instance: Running,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    for fault in ("error", "business_rule", "rate_limit"):
        instance.faults.add(fault, method="POST", count=1)
        _step(queued())

    written = caplog.text + str(list(TicketEvent.objects.values()))
    written += str(list(AuditEvent.objects.values()))
    written += str(list(Delivery.objects.values()))
    for secret in (linked.access_token, linked.refresh_token, linked.client_secret):
        assert secret not in written
