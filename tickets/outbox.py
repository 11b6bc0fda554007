"""The outbox: nothing that is to be sent is lost, and nothing is sent twice.

A delivery is claimed with compare-and-set, so any number of workers, sweeps and
repeated messages do no harm. Only its row decides; the broker merely wakes workers.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils import timezone

from connector import audit, connections
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.models import Connection
from tickets import attempts, changes, mapping, states
from tickets.models import Delivery, Ticket, TicketEvent
from tickets.queries import has_lapsed, is_due
from tickets.waking import look_again, wake

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connector.servicenow.records import Record
    from tickets.attempts import Outcome

logger = logging.getLogger(__name__)

# The most deliveries one sweep wakes workers for.
SWEEP_LIMIT = 200
# Shorter waits than this do not wait for a sweep as well.
_SHORT_WAIT = 35

_QUEUED = Delivery.Status.QUEUED
_SENDING = Delivery.Status.SENDING
_WAITING = Delivery.Status.WAITING
_STOPPED = Delivery.Status.STOPPED
_DELIVERED = Delivery.Status.DELIVERED
_NO_ERROR = {
    "error_code": "",
    "error_words": "",
    "error_status": None,
    "error_request_id": "",
}


@dataclass
class Work:
    """A claimed delivery and when work on it began."""

    delivery: Delivery
    started: float = field(default_factory=time.monotonic)

    @property
    def ticket(self) -> Ticket:
        ticket: Ticket = self.delivery.ticket
        return ticket

    @property
    def connection(self) -> Connection:
        connection: Connection = self.ticket.connection
        return connection

    def facts(self, **more: Any) -> dict[str, Any]:
        took = round(1000 * (time.monotonic() - self.started))
        return {"attempt": self.delivery.attempts, "duration_ms": took, **more}

    def leave(self, status: str, **values: Any) -> bool:
        """Give the delivery out of hand; False if it is no longer ours to give."""
        mine = Delivery.objects.filter(
            pk=self.delivery.pk, status=_SENDING, claimed_at=self.delivery.claimed_at
        )
        return mine.update(status=status, claimed_at=None, **values) == 1


def enqueue(ticket: Ticket) -> Delivery:
    """Write down that the ticket is to be created; called in the ticket's transaction."""
    delivery = Delivery.objects.create(ticket=ticket, payload=mapping.payload(ticket))
    TicketEvent.objects.create(
        ticket=ticket,
        action=TicketEvent.Action.CREATED,
        actor_name=ticket.created_by_name,
        at=ticket.created_at,
    )
    wake("deliver", delivery.pk)
    return delivery


def claim(pk: int) -> Delivery | None:
    """Return the delivery if it is due and nobody else works on it, else None."""
    now = timezone.now()
    row = Delivery.objects.filter(pk=pk)
    taken = row.filter(is_due(now)).update(
        status=_SENDING, claimed_at=now, attempts=F("attempts") + 1
    ) or row.filter(has_lapsed(now)).update(
        # Whoever held it died in mid-work: its create may have been carried out.
        unanswered_at=Least(F("claimed_at"), Value(now)),
        claimed_at=now,
        attempts=F("attempts") + 1,
    )
    if not taken:
        return None
    delivery: Delivery = row.with_ticket().get()
    return delivery if delivery.claimed_at == now else None


def deliver(pk: int) -> None:
    """Take the delivery one step further if it is due; harmless if it is not."""
    delivery = claim(pk)
    if delivery is None:
        return
    work = Work(delivery)
    if not work.connection.is_connected:
        work.leave(_WAITING, attempts=F("attempts") - 1)
        return
    try:
        _finish(work, attempts.run(delivery))
    except attempts.ClaimLost:
        logger.warning("delivery %s was taken over", delivery.pk)
    except attempts.StillOpen as wait:
        _come_back(work, wait.until)
    except ConnectorError as error:
        _fail(work, error)
    except Exception:
        logger.exception("delivery %s failed in the portal itself", delivery.pk)
        _fail(work, Unavailable("internal_error", committed="maybe"))


def _finish(work: Work, outcome: Outcome) -> None:
    """Write down that the ticket is in ServiceNow, whoever holds the claim now."""
    row = Delivery.objects.filter(pk=work.delivery.pk).exclude(status=_DELIVERED)
    # Before the transaction: while one is open, no other worker can write to SQLite.
    states.see(work.connection, [(work.ticket.kind, outcome.record)])
    with transaction.atomic():
        is_news = changes.link(work.ticket, outcome.record, connection=work.connection)
        row.update(
            status=_DELIVERED,
            claimed_at=None,
            unanswered_at=None,
            finished_at=timezone.now(),
            **_NO_ERROR,
        )
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
    _log(work, action, "", facts)
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
    now = timezone.now()
    idle = Delivery.objects.filter(
        ticket=ticket, status__in=[_QUEUED, _WAITING, _STOPPED]
    )
    if idle.update(status=_SENDING, claimed_at=now) == 1:
        work = Work(Delivery.objects.with_ticket().get(ticket=ticket))
        _finish(work, attempts.Outcome(record, was_there=True))


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


def _come_back(work: Work, until: datetime) -> None:
    """Look again soon, and once more when nothing can be committed any longer."""
    due_at = min(until, timezone.now() + _pause(work.delivery.attempts, None))
    facts = work.facts(code="not_there_yet", next_attempt_at=due_at)
    with transaction.atomic():
        if work.leave(_QUEUED, due_at=due_at):
            _log(work, TicketEvent.Action.FAILED, "", facts)
            _wake_at(work, due_at)


def _fail(work: Work, error: ConnectorError) -> None:
    logger.warning("delivery %s: %s", work.delivery.pk, error)
    values = _error_values(error)
    if attempts.is_uncertain(error):
        values["unanswered_at"] = timezone.now()
    if isinstance(error, Unauthorized | Misconfigured):
        _wait_for_connection(work, error, values)
    elif isinstance(error, Refused):
        give_up(work, error, values)
    else:
        _try_later(work, error, values)


def _try_later(work: Work, error: ConnectorError, values: dict[str, Any]) -> None:
    wish = error.retry_after if isinstance(error, Unavailable) else None
    due_at = timezone.now() + _pause(work.delivery.attempts, wish)
    facts = work.facts(**_error_facts(error), next_attempt_at=due_at)
    with transaction.atomic():
        if work.leave(_QUEUED, due_at=due_at, **values):
            _log(work, TicketEvent.Action.FAILED, error.evidence.words, facts)
            _wake_at(work, due_at)


def _wake_at(work: Work, due_at: datetime) -> None:
    wait = (due_at - timezone.now()).total_seconds()
    if wait < _SHORT_WAIT:
        wake("deliver", work.delivery.pk, after=wait + 0.05)


def give_up(work: Work, error: ConnectorError, values: dict[str, Any]) -> None:
    """Leave the delivery to a person: ServiceNow said no, and would again."""
    with transaction.atomic():
        if not work.leave(_STOPPED, **values):
            return
        facts = work.facts(**_error_facts(error))
        _log(work, TicketEvent.Action.STOPPED, error.evidence.words, facts)
        audit.record(
            "ticket.stopped",
            tenant=work.connection.tenant,
            target=work.ticket,
            code=error.code,
        )


def _wait_for_connection(
    work: Work, error: ConnectorError, values: dict[str, Any]
) -> None:
    """Stop all deliveries of the connection after its first failure, not its last."""
    connections.report_failure(work.connection, error)
    with transaction.atomic():
        if work.leave(_WAITING, **values):
            facts = work.facts(**_error_facts(error))
            _log(work, TicketEvent.Action.FAILED, error.evidence.words, facts)
        queued = Delivery.objects.filter(
            ticket__connection=work.connection, status=_QUEUED
        )
        queued.update(status=_WAITING)


def release(connection: Connection) -> int:
    """Queue everything that waited for the connection, due now; return how much."""
    waiting = Delivery.objects.filter(ticket__connection=connection, status=_WAITING)
    count: int = waiting.update(status=_QUEUED, due_at=timezone.now())
    if count:
        wake("sweep")
    return count


def hasten(connection: Connection) -> None:
    """Try again now what only waits because the instance was away."""
    now = timezone.now()
    Delivery.objects.filter(
        ticket__connection=connection, status=_QUEUED, due_at__gt=now
    ).exclude(error_code__in=["", "rate_limited"]).update(due_at=now)


def retry(delivery: Delivery, *, actor: User) -> bool:
    """Send a stopped or waiting delivery again now; False if it is not one."""
    idle = Delivery.objects.filter(
        pk=delivery.pk, status__in=[_STOPPED, _WAITING, _QUEUED]
    )
    with transaction.atomic():
        # What was refused is built anew: the field mapping may have been mended.
        idle.filter(status=_STOPPED, operation=Delivery.Operation.CREATE).update(
            payload=mapping.payload(delivery.ticket)
        )
        if idle.update(status=_QUEUED, due_at=timezone.now()) != 1:
            return False
        ticket = delivery.ticket
        TicketEvent.objects.create(
            ticket=ticket,
            action=TicketEvent.Action.RETRIED,
            actor_name=actor.get_username(),
        )
        audit.record("ticket.retried", tenant=ticket.tenant, actor=actor, target=ticket)
        wake("deliver", delivery.pk)
    return True


def sweep() -> None:
    """Wake workers for what is due and was not woken, or whose worker died."""
    # A mended connection releases by itself; this is for a delivery that was parked
    # in the very moment.
    Delivery.objects.filter(
        status=_WAITING, ticket__connection__status=Connection.Status.CONNECTED
    ).update(status=_QUEUED, due_at=timezone.now())
    due = Delivery.objects.due().order_by("due_at").values_list("pk", flat=True)
    for pk in due[:SWEEP_LIMIT]:
        wake("deliver", pk)


def _pause(attempt: int, wish: float | None) -> timedelta:
    """Return how long to wait after the attempt; not all at the same second."""
    if wish is not None:
        return timedelta(seconds=wish * random.uniform(1, 1.25))  # noqa: S311
    steps = settings.OUTBOX_BACK_OFF
    seconds = steps[min(attempt, len(steps)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


def _error_values(error: ConnectorError) -> dict[str, Any]:
    return {
        "error_code": error.code,
        "error_words": error.evidence.words,
        "error_status": error.evidence.status,
        "error_request_id": error.evidence.request_id,
    }


def _error_facts(error: ConnectorError) -> dict[str, Any]:
    return {
        "code": error.code,
        "status": error.evidence.status,
        "request_id": error.evidence.request_id,
    }


def _log(
    work: Work, action: TicketEvent.Action, words: str, facts: dict[str, Any]
) -> None:
    TicketEvent.objects.create(
        ticket=work.ticket, action=action, text=words, facts=facts
    )
