"""Some tickets change their connection, all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from tickets import mapping
from tickets.adoption.comparing import Finding, Verdict
from tickets.models import Delivery, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from tickets.adoption.models import Adoption

_MOVED = [
    "connection",
    "sys_id",
    "number",
    "is_test",
    "remote_updated_at",
    "remote_mod_count",
    "misses",
    "missing_since",
]


def move_key(adoption: Adoption) -> str:
    """Return the key of the event that tells of the move, once per ticket."""
    return f"moved:{adoption.pk}"


def take(adoption: Adoption, findings: Mapping[int, Finding]) -> set[int]:
    """Move the tickets to where they were found; called inside a transaction.

    Those that are being sent this very moment stay for the next time. Return those
    whose record belongs to another ticket of the target: they stay for good.
    """
    rows = Ticket.objects.filter(connection=adoption.source, pk__in=findings)
    there = list(rows.select_for_update().order_by("pk"))
    taken = _taken(adoption, there, findings)
    busy = _busy(findings) | taken
    tickets = [t for t in there if t.pk not in busy and _fits(t, findings[t.pk])]
    events = [_event(adoption, ticket, findings[ticket.pk]) for ticket in tickets]
    for ticket in tickets:
        _point(ticket, adoption, findings[ticket.pk])
    Ticket.objects.bulk_update(tickets, _MOVED)
    TicketEvent.objects.bulk_create(events, ignore_conflicts=True)
    _readdress([ticket for ticket in tickets if not ticket.sys_id])
    return taken


def _taken(
    adoption: Adoption, tickets: list[Ticket], findings: Mapping[int, Finding]
) -> set[int]:
    wanted = {ticket.pk: _sys_id(ticket, findings[ticket.pk]) for ticket in tickets}
    theirs = Ticket.objects.filter(
        connection=adoption.target, sys_id__in=filter(None, wanted.values())
    )
    sys_ids = set(theirs.values_list("sys_id", flat=True))
    return {pk for pk, sys_id in wanted.items() if sys_id in sys_ids}


def _fits(ticket: Ticket, finding: Finding) -> bool:
    """Whether it was not sent since it was looked up."""
    return finding.verdict != Verdict.UNDELIVERED or not ticket.sys_id


def _busy(findings: Collection[int]) -> set[int]:
    """Return what is being sent; the rest cannot begin to be before the commit."""
    rows = Delivery.objects.filter(ticket_id__in=findings).select_for_update()
    sending = Delivery.Status.SENDING
    return {row.ticket_id for row in rows if row.status == sending}


def _sys_id(ticket: Ticket, finding: Finding) -> str:
    return finding.sys_id or ticket.sys_id


def _point(ticket: Ticket, adoption: Adoption, finding: Finding) -> None:
    ticket.connection = adoption.target
    ticket.sys_id = _sys_id(ticket, finding)
    ticket.number = finding.number or ticket.number
    # The record there may be older than what was last seen: it counts all the same.
    ticket.remote_updated_at = ticket.remote_mod_count = None
    if finding.verdict == Verdict.MISSING:
        ticket.misses = 2
        ticket.missing_since = ticket.missing_since or timezone.now()
    else:
        ticket.misses, ticket.missing_since = 0, None
    if finding.verdict == Verdict.UNDELIVERED:
        ticket.is_test = adoption.target.is_test


def _event(adoption: Adoption, ticket: Ticket, finding: Finding) -> TicketEvent:
    facts: dict[str, Any] = {
        "from": adoption.source.host,
        "to": adoption.target.host,
        "verdict": finding.verdict,
        "old_number": ticket.number,
        "number": finding.number or ticket.number,
    }
    return TicketEvent(
        ticket=ticket,
        action=TicketEvent.Action.MOVED,
        facts=facts,
        key=move_key(adoption),
    )


def _readdress(tickets: Collection[Ticket]) -> None:
    """Have what was not sent yet go to the new connection, in its words."""
    mine = {ticket.pk: ticket for ticket in tickets}
    rows = Delivery.objects.filter(ticket_id__in=mine, operation="create")
    deliveries = list(rows)
    for delivery in deliveries:
        delivery.payload = mapping.payload(mine[delivery.ticket_id])
    Delivery.objects.bulk_update(deliveries, ["payload"])
