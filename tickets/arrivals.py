"""What came of a delivery: the record is in ServiceNow, or holds what was sent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connector import audit
from tickets import attempts, changes, profiles, states
from tickets.models import Delivery, Ticket, TicketEvent
from tickets.turns import in_turn
from tickets.waking import look_again, wake
from tickets.work import Work

if TYPE_CHECKING:
    from connector.servicenow.records import Record
    from tickets.attempts import Outcome

logger = logging.getLogger(__name__)

Status = Delivery.Status
_IDLE = [Status.QUEUED, Status.WAITING, Status.STOPPED]


def finish(work: Work, outcome: Outcome) -> None:
    """Write down that the ticket is in ServiceNow, whoever holds the claim now."""
    ticket, record = work.ticket, outcome.record
    # Before the transaction: while one is open, no other worker can write to SQLite.
    states.see(work.connection, [(ticket.kind, record)])
    profile = profiles.of(ticket)
    with in_turn(), transaction.atomic():
        is_news = changes.link(
            ticket, record, connection=work.connection, profile=profile
        )
        work.close()
        if is_news:
            _tell(work, outcome)
    if not is_news:
        _compare(work, outcome)
    if work.connection.last_error_code:
        look_again(work.connection)
    logger.info("delivered %s", work.delivery.pk)


def _tell(work: Work, outcome: Outcome) -> None:
    record, was_there = outcome.record, outcome.was_there
    action = TicketEvent.Action.ADOPTED if was_there else TicketEvent.Action.DELIVERED
    facts = work.facts(number=record.value("number"), request_id=record.request_id)
    facts["status"] = 200 if was_there else 201
    work.log(action, "", facts)
    audit.record(
        f"ticket.{action.value}",
        tenant=work.connection.tenant,
        target=work.ticket,
        sys_id=record.sys_id,
        attempt=work.delivery.attempts,
    )
    if outcome.others:
        _report_duplicates(work, [other.value("number") for other in outcome.others])


def adopt(ticket: Ticket, record: Record) -> None:
    """Link the ticket to a record a poll found, unless a worker is at it right now."""
    creates = Delivery.objects.filter(
        ticket=ticket, operation=Delivery.Operation.CREATE
    )
    idle = creates.filter(status__in=_IDLE)
    if idle.update(status=Status.SENDING, claimed_at=timezone.now()) == 1:
        work = Work(creates.with_ticket().get())
        finish(work, attempts.Outcome(record, was_there=True))


def report_copy(ticket: Ticket, record: Record) -> None:
    """Tell once that a second record carries the ticket's reference."""
    number = record.value("number")
    event = TicketEvent(
        ticket=ticket,
        action=TicketEvent.Action.FAILED,
        facts={"code": "duplicates", "numbers": [number]},
        key=f"copy:{record.sys_id}",
    )
    known = TicketEvent.objects.filter(ticket=ticket, key=event.key)
    if not known.exists():
        logger.error("ticket %s is in ServiceNow again as %s", ticket.pk, number)
        TicketEvent.objects.bulk_create([event], ignore_conflicts=True)
        audit.record(
            "ticket.duplicated", tenant=ticket.tenant, target=ticket, numbers=[number]
        )


def _compare(work: Work, outcome: Outcome) -> None:
    known = Ticket.objects.values_list("sys_id", flat=True).get(pk=work.ticket.pk)
    if known != outcome.record.sys_id:
        _report_duplicates(work, [outcome.record.value("number")])


def _report_duplicates(work: Work, numbers: list[str]) -> None:
    ticket = work.ticket
    logger.error("ticket %s is in ServiceNow more than once: %s", ticket.pk, numbers)
    TicketEvent.objects.create(
        ticket=ticket,
        action=TicketEvent.Action.FAILED,
        facts=work.facts(code="duplicates", numbers=numbers),
    )
    audit.record(
        "ticket.duplicated",
        tenant=work.connection.tenant,
        target=ticket,
        numbers=numbers,
    )


def amend(work: Work, outcome: Outcome) -> None:
    """Write down that a change or note is in ServiceNow."""
    ticket, record = work.ticket, outcome.record
    states.see(work.connection, [(ticket.kind, record)])
    profile = profiles.of(ticket)
    with in_turn(), transaction.atomic():
        changes.apply(
            ticket,
            record,
            connection=work.connection,
            profile=profile,
            ours=work.delivery.before,
        )
        if work.close():
            facts = work.facts(request_id=record.request_id)
            work.log(TicketEvent.Action.AMENDED, "", facts)
    if work.connection.last_error_code:
        look_again(work.connection)
    following = Delivery.objects.filter(ticket=ticket, status=Status.QUEUED)
    for pk in following.order_by("pk").values_list("pk", flat=True)[:1]:
        wake("deliver", pk)
    logger.info("delivered %s", work.delivery.pk)
