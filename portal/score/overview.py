"""What the overview and the home card show of the newest score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.score import categories, listing
from portal.score.charts import LineChart, Sample, line_chart
from portal.score.models import ControlProfile, ScoreSync, Snapshot
from portal.score.status import ActionStatus

if TYPE_CHECKING:
    from connector.models import Tenant

CHART_DAYS = 90
TOP_ACTIONS = 8
# Graph has a new score once a day; older than this, something is wrong.
STALE_AFTER = timedelta(hours=48)


@dataclass(frozen=True)
class Category:
    """The points of one category."""

    label: str
    achieved: float
    maximum: float
    url: str

    @property
    def percent(self) -> float:
        return 100 * self.achieved / self.maximum if self.maximum else 0.0


@dataclass(frozen=True)
class Counter:
    """How many actions need a look, and the list of them."""

    label: str
    tone: str
    count: int
    url: str


@dataclass(frozen=True)
class Comparison:
    """One bar of the comparison, in percent."""

    label: str
    percent: float
    tone: str


@dataclass(frozen=True)
class Overview:
    """The overview of a tenant that was synced at least once."""

    snapshot: Snapshot
    chart: LineChart | None
    categories: list[Category]
    counters: list[Counter]
    top: list[listing.Row]
    comparisons: list[Comparison]


def overview(tenant: Tenant) -> Overview | None:
    """Return everything the overview shows, or None before the first sync."""
    snapshot = Snapshot.objects.latest_for(tenant)
    if snapshot is None:
        return None
    actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
    return Overview(
        snapshot=snapshot,
        chart=_chart(tenant),
        categories=category_points(tenant),
        counters=_counters(tenant, snapshot),
        top=listing.rows(actions.most_to_win()[:TOP_ACTIONS], snapshot),
        comparisons=_comparisons(snapshot),
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


def _chart(tenant: Tenant) -> LineChart | None:
    days = Snapshot.objects.last_days(tenant, CHART_DAYS)
    samples = [Sample(snapshot.date, snapshot.percent) for snapshot in days]
    return line_chart(samples, most=100.0, unit="%")


def _counters(tenant: Tenant, snapshot: Snapshot) -> list[Counter]:
    reference = Snapshot.objects.to_compare_with(snapshot)
    actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
    counts = actions.with_news(reference).counts()
    shown = [
        (_("Regressed"), "red", "regressed", {"flag": "regressed"}),
        *(
            (status.label, tone, status.value, {"status": status.value})
            for status, tone in (
                (ActionStatus.TO_ADDRESS, "grey"),
                (ActionStatus.RISK_ACCEPTED, "purple"),
                (ActionStatus.THIRD_PARTY, "teal"),
                (ActionStatus.COMPLETED, "blue"),
            )
        ),
        (_("Recently added"), "navy", "added", {"flag": "added"}),
    ]
    return [
        Counter(str(label), tone, counts[name], _actions(**query))
        for label, tone, name, query in shown
    ]


def _comparisons(snapshot: Snapshot) -> list[Comparison]:
    averages = {row.get("basis"): row for row in snapshot.comparisons}
    shown = [Comparison(_("Your score"), snapshot.percent, "blue")]
    for basis, label in (
        ("TotalSeats", _size_label(averages.get("TotalSeats", {}))),
        ("IndustryTypes", _("Organizations like yours: same industry")),
        ("AllTenants", _("All organizations")),
    ):
        average = averages.get(basis, {}).get("averageScore", 0)
        # Zero means that too few organisations are alike.
        if average > 0:
            shown.append(Comparison(label, average, "indigo"))
    return shown


def _size_label(average: dict[str, str]) -> str:
    if seats := average.get("seats"):
        return _("Organizations like yours: %(seats)s seats") % {"seats": seats}
    return _("Organizations like yours: similar size")


def _actions(**query: str) -> str:
    return reverse("score:actions", query=query)
