"""Whether a closed ticket changed anything: its actions' points, written down once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portal.score.effect_models import TicketEffect
from portal.score.effect_queries import closed_tickets
from portal.score.models import ControlScore, Snapshot
from tickets import closings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connector.models import Tenant
    from tickets.models import Ticket

    _Key = tuple[int, str]

# Microsoft calculates a score once a day: after two days a change has to show.
SETTLES_AFTER = timedelta(hours=48)
BATCH = 500
_POINTS = (
    "closed_at",
    "shared_points",
    "closed_points",
    "settled_on",
    "settled_points",
)


def refresh(tenant: Tenant) -> None:
    """Bring the effects of all closed tickets up to the newest score; may run twice."""
    tickets = list(closed_tickets(tenant).prefetch_related("actions"))
    if not tickets:
        return
    days = _Days(tenant)
    known = {
        (effect.ticket_id, effect.control_id): effect
        for effect in TicketEffect.objects.for_tenant(tenant)
    }
    stale = [
        (effect, ticket)
        for ticket, effect in _expected(tenant, tickets, known)
        if effect.pk is None or effect.settled_on is None
    ]
    points = days.points(stale)
    for effect, ticket in stale:
        _measure(effect, ticket, days, points)
    fresh = [effect for effect, _ticket in stale if effect.pk is None]
    TicketEffect.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    old = [effect for effect, _ticket in stale if effect.pk is not None]
    TicketEffect.objects.bulk_update(old, _POINTS, batch_size=BATCH)


def _expected(
    tenant: Tenant, tickets: Sequence[Ticket], known: dict[_Key, TicketEffect]
) -> Iterable[tuple[Ticket, TicketEffect]]:
    """Yield each closed ticket with its effects; one closed anew starts afresh."""
    closed = closings.closed_at(tenant, tickets)
    for ticket in tickets:
        for control_id in ticket.control_ids:
            effect = known.get((ticket.pk, control_id))
            at = closed.get(ticket.pk)
            if effect is None:
                effect = TicketEffect(
                    tenant=tenant, ticket=ticket, control_id=control_id
                )
                effect.closed_at = at or ticket.remote_updated_at or ticket.created_at
            elif at and at != effect.closed_at:
                effect.closed_at, effect.settled_on = at, None
            yield ticket, effect


class _Days:
    """The days of an organisation's score, by the moment each was calculated."""

    def __init__(self, tenant: Tenant) -> None:
        rows = Snapshot.objects.for_tenant(tenant).order_by("calculated_at")
        self._rows = list(rows.values_list("calculated_at", "pk", "date"))
        self._moments = [row[0] for row in self._rows]

    def until(self, at: datetime) -> int | None:
        """Return the newest one then, else the first there is."""
        place = max(bisect_right(self._moments, at) - 1, 0)
        return self._rows[place][1] if self._rows else None

    def since(self, at: datetime) -> tuple[int, Any] | None:
        """Return key and day of the first one from then on."""
        place = bisect_left(self._moments, at)
        return self._rows[place][1:] if place < len(self._rows) else None

    def points(self, stale: Sequence[tuple[TicketEffect, Ticket]]) -> dict[_Key, float]:
        """Return what is asked of these, by day and control."""
        wanted: set[int] = set()
        for effect, ticket in stale:
            settled = self.since(effect.closed_at + SETTLES_AFTER)
            then = [self.until(ticket.created_at), self.until(effect.closed_at)]
            wanted |= {day for day in then if day is not None}
            wanted |= {settled[0]} if settled else set()
        found = ControlScore.objects.filter(
            snapshot_id__in=wanted,
            control_id__in={effect.control_id for effect, _ticket in stale},
        )
        rows = found.values_list("snapshot_id", "control_id", "score")
        return {(day, name): score for day, name, score in rows}


def _measure(
    effect: TicketEffect, ticket: Ticket, days: _Days, points: dict[_Key, float]
) -> None:
    def on(day: int | None) -> float | None:
        return points.get((day or 0, effect.control_id))

    effect.shared_points = on(days.until(ticket.created_at))
    effect.closed_points = on(days.until(effect.closed_at))
    settled = days.since(effect.closed_at + SETTLES_AFTER)
    effect.settled_on = settled[1] if settled else None
    effect.settled_points = on(settled[0]) if settled else None
