"""What the overview and the home card show of the newest score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.score import categories
from portal.score.board import VIEWS, Action, Board, Category, Counter, Reach, View
from portal.score.board import actions_url as _actions
from portal.score.charts import Goal, Sample, Series, trend
from portal.score.history import Entry, entries
from portal.score.models import (
    ControlProfile,
    ScoreEvent,
    ScoreSync,
    ScoreZone,
    Snapshot,
)
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from connector.models import Tenant
    from portal.score.ranges import Range
    from portal.score.shapes import Chart

RECENT_EVENTS = 6
# Graph has a new score once a day; older than this, something is wrong.
STALE_AFTER = timedelta(hours=48)


@dataclass(frozen=True)
class Comparison:
    """One bar of the comparison, in percent; None where too few are alike."""

    label: str
    percent: float | None
    tone: str


@dataclass(frozen=True)
class TicketState:
    """How many tickets are in one state."""

    label: str
    count: int


@dataclass(frozen=True)
class Overview:
    """The overview of a tenant that was synced at least once."""

    snapshot: Snapshot
    board: Board
    chart: Chart | None
    breakdown: list[Category]
    counters: list[Counter]
    top: list[Action]
    reaches: tuple[Reach, ...]
    comparisons: list[Comparison]
    events: list[Entry]
    tickets: list[TicketState]
    zone: str

    @property
    def ticket_count(self) -> int:
        return sum(state.count for state in self.tickets)


def included(query: QueryDict) -> list[View]:
    """Return the views the address switches on."""
    wanted = set(query.getlist("include"))
    return [view for view in VIEWS if view.value in wanted]


def overview(
    tenant: Tenant,
    span: Range,
    views: Sequence[View] = (),
    *,
    by_product: bool = False,
) -> Overview | None:
    """Return everything the overview shows, or None before the first sync."""
    snapshot = Snapshot.objects.latest_for(tenant)
    if snapshot is None:
        return None
    board = Board(snapshot, views)
    reaches = board.reaches()
    events = ScoreEvent.objects.for_tenant(tenant).with_titles()
    return Overview(
        snapshot=snapshot,
        board=board,
        chart=_chart(snapshot, span, reaches),
        breakdown=board.by_product() if by_product else board.by_category(),
        counters=board.counters(),
        top=board.top(),
        reaches=reaches,
        comparisons=_comparisons(snapshot),
        events=entries(events[:RECENT_EVENTS]),
        tickets=_tickets(tenant),
        zone=zone_of(snapshot.percent, zones(tenant)),
    )


def category_points(tenant: Tenant) -> list[Category]:
    """Return the points of each category, in Microsoft's order."""
    scored = ControlProfile.objects.for_tenant(tenant).scored()
    found = {row["category"]: row for row in scored.points_by_category()}
    return [
        Category(
            label=categories.label(name),
            achieved=found[name]["achieved"],
            maximum=found[name]["maximum"],
            url=_actions(category=name),
        )
        for name in sorted(found, key=categories.position)
    ]


def zones(tenant: Tenant) -> ScoreZone:
    """Return what the organisation calls okay and good; the defaults if it never said."""
    found: ScoreZone | None = getattr(tenant, "score_zone", None)
    return found or ScoreZone(tenant=tenant)


def zone_of(percent: float, limits: ScoreZone) -> str:
    """Return "good", "okay" or "bad"."""
    if percent >= limits.good_from:
        return "good"
    return "okay" if percent >= limits.okay_from else "bad"


def is_stale(sync: ScoreSync) -> bool:
    """Say whether the last success is so long ago that the numbers may mislead."""
    succeeded_at = sync.succeeded_at
    return succeeded_at is not None and timezone.now() - succeeded_at > STALE_AFTER


def is_under_way(sync: ScoreSync) -> bool:
    """Say whether a sync runs, or was asked for and should start at any moment."""
    now = timezone.now()
    running = (
        sync.tried_at is not None
        and sync.due_at > now
        and (sync.finished_at is None or sync.finished_at < sync.tried_at)
    )
    return running or now - timedelta(minutes=1) < sync.due_at <= now


def _chart(snapshot: Snapshot, span: Range, reaches: Sequence[Reach]) -> Chart | None:
    days = Snapshot.objects.up_to(snapshot, span.days)
    samples = [
        Sample(day, 100 * current / most if most else 0.0)
        for day, current, most in days.values_list("date", "current_score", "max_score")
    ]
    goals = [Goal(str(r.view.label), r.percent, r.view.tone) for r in reaches]
    return trend([Series("", samples)], most=100.0, unit="%", goals=goals)


def _tickets(tenant: Tenant) -> list[TicketState]:
    """Return the tickets by state: names as people gave them, the most first."""
    counts: dict[str, int] = {}
    for label, count in Ticket.objects.for_tenant(tenant).count_by_state():
        name = label or _("Not in ServiceNow yet")
        counts[name] = counts.get(name, 0) + count
    rows = [TicketState(label, count) for label, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.label))


def _comparisons(snapshot: Snapshot) -> list[Comparison]:
    averages = {row.get("basis"): row for row in snapshot.comparisons}
    shown = [Comparison(_("Your score"), snapshot.percent, "blue")]
    for basis, label in (
        ("TotalSeats", size_label(averages.get("TotalSeats", {}))),
        ("IndustryTypes", _("Organizations like yours: same industry")),
        ("AllTenants", _("All organizations")),
    ):
        # Zero means that too few organisations are alike.
        average = averages.get(basis, {}).get("averageScore") or None
        shown.append(Comparison(label, average, "indigo"))
    return shown


def size_label(average: dict[str, str]) -> str:
    """Return what organisations of the same size are called."""
    if seats := average.get("seats"):
        return _("Organizations like yours: %(seats)s seats") % {"seats": seats}
    return _("Organizations like yours: similar size")
