"""Which closed ticket brought which points, so that none are counted twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from portal.score import categories
from portal.score.effect_models import TicketEffect
from portal.score.models import ControlProfile
from portal.score.status import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from connector.models import Tenant
    from tickets.models import Ticket

_ASSERTED = (ActionStatus.THIRD_PARTY, ActionStatus.ALTERNATE)
HEADER = (
    *("Ticket", "Kind", "Ticket name", "Created (UTC)", "Closed (UTC)"),
    *("Control ID", "Improvement action", "Category", "Points when created"),
    *("Points at the end", "Points gained (observed)", "Points gained (asserted)"),
)
# Every ticket that was ever closed is read: no more of it than is told.
_NEEDED = (
    *("control_id", "closed_at", "shared_points"),
    *(f"ticket__{name}" for name in ("number", "kind", "name", "created_at")),
)


@dataclass(frozen=True)
class Earning:
    """A closed ticket and one of its actions, with the points between two moments.

    `after` is of today, or of the day the action's next closed ticket was made.
    """

    ticket: Ticket
    control_id: str
    title: str
    category: str
    closed_at: Any
    before: float | None
    after: float | None
    maximum: float | None
    is_asserted: bool
    is_succeeded: bool

    @property
    def is_known(self) -> bool:
        return self.before is not None and self.after is not None

    @property
    def gained(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0) if self.is_known else 0.0

    @property
    def observed(self) -> float:
        return 0.0 if self.is_asserted else self.gained

    @property
    def asserted(self) -> float:
        return self.gained if self.is_asserted else 0.0


@dataclass(frozen=True)
class Total:
    """A sum over some of the ledger."""

    key: Any
    tickets: int
    observed: float
    asserted: float


def earnings(tenant: Tenant) -> list[Earning]:
    """Return what each closed ticket brought, the one closed last first."""
    rows = TicketEffect.objects.closed(tenant).with_now().select_related("ticket")
    effects = list(rows.only(*_NEEDED).order_by("ticket__created_at", "pk"))
    actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
    wanted = actions.filter(status__in=_ASSERTED)
    asserted = set(wanted.values_list("control_id", flat=True))
    by_control: defaultdict[str, list[TicketEffect]] = defaultdict(list)
    for effect in effects:
        by_control[effect.control_id].append(effect)
    found = [
        _earning(effect, following, asserted)
        for mine in by_control.values()
        for effect, following in zip(mine, [*mine[1:], None], strict=True)
    ]
    return sorted(found, key=lambda e: (e.closed_at, e.ticket.pk), reverse=True)


def _earning(
    effect: Any, following: TicketEffect | None, asserted: set[str]
) -> Earning:
    return Earning(
        ticket=effect.ticket,
        control_id=effect.control_id,
        title=effect.title,
        category=categories.label(effect.category),
        closed_at=effect.closed_at,
        before=effect.shared_points,
        after=following.shared_points if following else effect.now,
        maximum=effect.maximum,
        is_asserted=following is None and effect.control_id in asserted,
        is_succeeded=following is not None,
    )


def by_month(rows: Iterable[Earning]) -> list[Total]:
    """Sum by the month of the close, the newest first; the key is its first day."""
    return sorted(_totals(rows, _month), key=lambda total: total.key, reverse=True)


def by_category(rows: Iterable[Earning]) -> list[Total]:
    """Sum by the category of the action."""
    return sorted(_totals(rows, lambda row: row.category), key=lambda total: total.key)


def total(rows: Sequence[Earning]) -> Total:
    """Sum all of them."""
    return _total(None, rows)


def sheet(rows: Iterable[Earning]) -> Iterable[Sequence[Any]]:
    """Yield the rows of the file under HEADER."""
    for row in rows:
        ticket = row.ticket
        gained = (row.observed, row.asserted) if row.is_known else (None, None)
        yield (
            *(ticket.number, ticket.kind, ticket.name),
            *(ticket.created_at, row.closed_at),
            *(row.control_id, row.title, row.category, row.before, row.after),
            *(None if value is None else round(value, 2) for value in gained),
        )


def _month(row: Earning) -> date:
    day: date = timezone.localdate(row.closed_at)
    return day.replace(day=1)


def _totals(rows: Iterable[Earning], key: Callable[[Earning], Any]) -> list[Total]:
    groups: defaultdict[Any, list[Earning]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [_total(name, mine) for name, mine in groups.items()]


def _total(key: Any, rows: Sequence[Earning]) -> Total:
    return Total(
        key=key,
        tickets=len({row.ticket.pk for row in rows}),
        observed=sum(row.observed for row in rows),
        asserted=sum(row.asserted for row in rows),
    )
