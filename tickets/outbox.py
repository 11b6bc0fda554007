"""The outbox: nothing that is to be sent is lost, and nothing is sent twice.

A delivery is claimed with compare-and-set, so any number of workers, sweeps and
repeated messages do no harm. Only its row decides; the broker merely wakes workers.
"""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
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
from tickets import amending, arrivals, attempts, mapping
from tickets.models import Delivery, TicketEvent
from tickets.queries import has_lapsed, is_due, is_due_create
from tickets.turns import in_turn
from tickets.waking import wake
from tickets.work import Work

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from tickets.models import Ticket

logger = logging.getLogger(__name__)

# The most deliveries one sweep wakes workers for.
SWEEP_LIMIT = 200
# Shorter waits than this do not wait for a sweep as well.
_SHORT_WAIT = 35

_QUEUED = Delivery.Status.QUEUED
_SENDING = Delivery.Status.SENDING
_WAITING = Delivery.Status.WAITING
_STOPPED = Delivery.Status.STOPPED
# What a person has decided who sends it again all the same.
_DECIDED: dict[str, dict[str, Any]] = {
    "changed_meanwhile": {"before": {}},
    "note_unverifiable": {"unanswered_at": None, "attempts": 0},
}


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
    row = Delivery.objects.filter(pk=pk)
    with in_turn():
        now = timezone.now()
        # The first is enough for most, without a look at what else the ticket has.
        if not attempts.take(row, now, is_due_create, is_due, lapsed=has_lapsed):
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
        _send(work)
    except attempts.ClaimLost:
        logger.warning("delivery %s was taken over", delivery.pk)
    except attempts.StillOpen as wait:
        _come_back(work, wait.until)
    except ConnectorError as error:
        _fail(work, error)
    except Exception:
        logger.exception("delivery %s failed in the portal itself", delivery.pk)
        _fail(work, Unavailable("internal_error", committed="maybe"))


def _send(work: Work) -> None:
    delivery = work.delivery
    if work.is_create:
        arrivals.finish(work, attempts.run(delivery))
    elif delivery.operation == Delivery.Operation.NOTE:
        arrivals.amend(work, amending.write_note(delivery))
    else:
        arrivals.amend(work, amending.change(delivery))


def _come_back(work: Work, until: datetime) -> None:
    """Look again soon, and once more when nothing can be committed any longer."""
    due_at = min(until, timezone.now() + pause(work.delivery.attempts, None))
    facts = work.facts(code="not_there_yet", next_attempt_at=due_at)
    with transaction.atomic():
        if work.leave(_QUEUED, due_at=due_at):
            work.log(TicketEvent.Action.FAILED, "", facts)
            _wake_at(work, due_at)


def _fail(work: Work, error: ConnectorError) -> None:
    logger.warning("delivery %s: %s", work.delivery.pk, error)
    values = error_values(error)
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
    due_at = timezone.now() + pause(work.delivery.attempts, wish)
    facts = work.facts(**_error_facts(error), next_attempt_at=due_at)
    with transaction.atomic():
        if work.leave(_QUEUED, due_at=due_at, **values):
            work.log(TicketEvent.Action.FAILED, error.evidence.words, facts)
            _wake_at(work, due_at)


def _wake_at(work: Work, due_at: datetime) -> None:
    wait = short_wait(due_at)
    if wait is not None:
        wake("deliver", work.delivery.pk, after=wait)


def short_wait(due_at: datetime) -> float | None:
    """Return in how many seconds to wake a worker; None where a sweep is soon enough."""
    wait = (due_at - timezone.now()).total_seconds()
    return wait + 0.05 if wait < _SHORT_WAIT else None


def give_up(work: Work, error: ConnectorError, values: dict[str, Any]) -> None:
    """Leave the delivery to a person: ServiceNow said no, and would again."""
    with transaction.atomic():
        if not work.leave(_STOPPED, **values):
            return
        facts = work.facts(**_error_facts(error))
        work.log(TicketEvent.Action.STOPPED, error.evidence.words, facts)
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
            work.log(TicketEvent.Action.FAILED, error.evidence.words, facts)
        park(work.connection)


def release(connection: Connection) -> int:
    """Queue everything that waited for the connection, due now; return how much."""
    waiting = Delivery.objects.filter(ticket__connection=connection, status=_WAITING)
    count: int = waiting.update(status=_QUEUED, due_at=timezone.now())
    if count:
        wake("sweep")
    return count


def park(connection: Connection) -> None:
    """Have what is queued wait until the connection comes back."""
    queued = Delivery.objects.filter(ticket__connection=connection, status=_QUEUED)
    queued.update(status=_WAITING)


def hasten(connection: Connection) -> None:
    """Try again now what only waits because the instance was away."""
    now = timezone.now()
    Delivery.objects.filter(
        ticket__connection=connection, status=_QUEUED, due_at__gt=now
    ).exclude(error_code__in=["", "rate_limited"]).update(due_at=now)


def retry(delivery: Delivery, *, actor: User) -> bool:
    """Send a stopped or waiting delivery again now; False if it is not one.

    What belongs to a removed connection is history and stays as it is.
    """
    idle = Delivery.objects.filter(
        pk=delivery.pk,
        status__in=[_STOPPED, _WAITING, _QUEUED],
        ticket__connection__removed_at__isnull=True,
    )
    with transaction.atomic():
        values = _DECIDED.get(delivery.error_code, {})
        # What was refused is built anew: the field mapping may have been mended.
        idle.filter(status=_STOPPED, operation=Delivery.Operation.CREATE).update(
            payload=mapping.payload(delivery.ticket)
        )
        if idle.update(status=_QUEUED, due_at=timezone.now(), **values) != 1:
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


def pause(attempt: int, wish: float | None) -> timedelta:
    """Return how long to wait after the attempt; not all at the same second."""
    if wish is not None:
        return timedelta(seconds=wish * random.uniform(1, 1.25))  # noqa: S311
    steps = settings.OUTBOX_BACK_OFF
    seconds = steps[min(attempt, len(steps)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


def error_values(error: ConnectorError) -> dict[str, Any]:
    """Return what the row of a failed attempt keeps of the error."""
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
