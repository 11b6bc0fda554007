"""One attempt to bring a ticket into ServiceNow: look for it, or create it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils import timezone

from connector import tokens
from connector.exceptions import ConnectorError, Evidence, Refused
from connector.servicenow.query import Query
from tickets import mapping
from tickets.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import Q, QuerySet

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record
    from tickets.models import Ticket
    from tickets.support.service_requests.models import RequestDelivery

    # Both outboxes look before they repeat, and wait alike.
    AnyDelivery = Delivery | RequestDelivery
    # What is wanted of a row at a moment.
    Condition = Callable[[datetime], Q]


@dataclass(frozen=True)
class Outcome:
    """A record that is in ServiceNow now."""

    record: Record
    # Whether an earlier attempt, or somebody else, had created it.
    was_there: bool
    # Further records with the same reference: there must never be any.
    others: tuple[Record, ...] = ()


class StillOpen(Exception):
    """An earlier create may still be committed: nothing may be sent before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class ClaimLost(Exception):
    """Another worker took the delivery over meanwhile; it is theirs now."""


def run(delivery: Delivery) -> Outcome:
    """Create the ticket's record, or return the one that is there already.

    Raises `ConnectorError`, `StillOpen` or `ClaimLost`.
    """
    client = tokens.servicenow(delivery.ticket.connection)
    if is_first(delivery):
        return _create(client, delivery)
    found = _look_up(client, delivery.ticket)
    if found:
        return Outcome(found[0], was_there=True, others=tuple(found[1:]))
    wait_for_answer(delivery)
    hold(delivery)
    return _create(client, delivery)


def is_first(delivery: AnyDelivery) -> bool:
    """Whether nothing was sent before: there is nothing to look for then."""
    return delivery.attempts == 1 and delivery.unanswered_at is None


def _create(client: ServiceNow, delivery: Delivery) -> Outcome:
    ticket = delivery.ticket
    make_ready(delivery)
    values = delivery.payload or mapping.payload(ticket)
    try:
        record = client.create(ticket.kind, values, fields=mapping.FIELDS)
    except Refused as error:
        return _despite(client, ticket, error)
    return Outcome(record, was_there=False)


def make_ready(delivery: Delivery) -> None:
    """Renew the token if need be; raises `ClaimLost` when that took too long."""
    # Before the look at the clock, not after.
    tokens.prepare(delivery.ticket.connection)
    if delivery.has_lapsed:
        raise ClaimLost


def _despite(client: ServiceNow, ticket: Ticket, error: Refused) -> Outcome:
    """Return the record that is there although the create was refused.

    A row can be inserted and then be hidden from its author, which is answered by 403.
    The refusal ends the transaction, so one look is enough.
    """
    if error.committed != "maybe":
        raise error
    found = _look_up(client, ticket)
    if not found:
        raise Refused(error.code, error.evidence) from error
    return Outcome(found[0], was_there=True, others=tuple(found[1:]))


def _look_up(client: ServiceNow, ticket: Ticket) -> list[Record]:
    """Return the records that carry the ticket's reference, the oldest first."""
    wanted = str(ticket.correlation_id)
    query = (
        Query()
        .equals("correlation_id", wanted)
        .order_by("sys_created_on")
        .order_by("sys_id")
    )
    page = client.list(ticket.kind, query, fields=mapping.FIELDS, limit=2)
    # A field the instance does not know is ignored in a query: compare what came.
    found = [r for r in page.records if r.value("correlation_id") == wanted]
    if not page.records and page.total:
        raise Refused("hidden_record", Evidence(method="GET"), committed="maybe")
    return found


def wait_for_answer(delivery: AnyDelivery) -> None:
    """Raise `StillOpen` while an unanswered request may still be carried out."""
    if delivery.unanswered_at is None:
        return
    until = delivery.unanswered_at + timedelta(seconds=settings.OUTBOX_SETTLE)
    if timezone.now() < until:
        raise StillOpen(until)


def take(
    rows: QuerySet[Any], now: datetime, *due: Condition, lapsed: Condition
) -> bool:
    """Claim a row if it is due, or was left by a dead worker; False if it is neither.

    The conditions are tried in their order.
    """
    mark = {"status": "sending", "claimed_at": now, "attempts": F("attempts") + 1}
    for is_due in due:
        if rows.filter(is_due(now)).update(**mark):
            return True
    # Whoever held it died in mid-work: it may have been carried out.
    held = Least(F("claimed_at"), Value(now))
    return bool(rows.filter(lapsed(now)).update(**mark, unanswered_at=held))


def hold(delivery: AnyDelivery) -> None:
    """Renew the claim before a repeated create: the look-up may have taken long."""
    now = timezone.now()
    mine = type(delivery).objects.filter(
        pk=delivery.pk,
        status=Delivery.Status.SENDING,
        claimed_at=delivery.claimed_at,
    )
    if mine.update(claimed_at=now) != 1:
        raise ClaimLost
    delivery.claimed_at = now


def is_uncertain(error: ConnectorError) -> bool:
    """Whether the record may have been created although the attempt failed."""
    return error.committed == "maybe"
