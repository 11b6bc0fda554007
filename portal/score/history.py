"""The history: who did what, which points came and went, overall and per action."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.score import buckets, categories
from portal.score.bars import bars
from portal.score.charts import Sample, line_chart
from portal.score.models import ControlProfile, ControlScore, ScoreEvent
from portal.score.status import TOLERANCE, ActionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from connector.models import Tenant
    from portal.score.queries import ScoreEventQuerySet
    from portal.score.shapes import Chart

CHART_DAYS = 90
Kind = ScoreEvent.Kind
# Graph's states in the words of people.
_STATES = {
    "Default": ActionStatus.TO_ADDRESS.label,
    "Ignored": ActionStatus.RISK_ACCEPTED.label,
    "ThirdParty": ActionStatus.THIRD_PARTY.label,
    "Reviewed": gettext_lazy("Reviewed"),
}


@dataclass(frozen=True)
class Entry:
    """One entry of the history as the page shows it."""

    event: ScoreEvent

    @property
    def title(self) -> str:
        return str(self.event.title)  # type: ignore[attr-defined]

    @property
    def control_id(self) -> str:
        """The action, while it has a page."""
        is_known = bool(self.event.known_title)  # type: ignore[attr-defined]
        return str(self.event.control_id) if is_known else ""

    @property
    def change(self) -> float:
        return float((self.event.after or 0.0) - (self.event.before or 0.0))

    @property
    def amount(self) -> float:
        return abs(self.change)

    @property
    def status(self) -> str:
        return status_label(self.event.status)

    @property
    def category(self) -> str:
        return categories.label(self.event.category)

    @property
    def is_of_day(self) -> bool:
        """Whether only the day is known: points are calculated once a day."""
        return self.event.kind not in {Kind.MARKED, Kind.UPDATED}


@dataclass(frozen=True)
class Event:
    """One change of the points of a single control."""

    day: date
    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class ControlHistory:
    """The points of one control: its last 90 days drawn, all its changes listed."""

    chart: Chart | None
    events: Sequence[Event]


def entries(events: Iterable[ScoreEvent]) -> list[Entry]:
    """Return the rows of one page; the events need their titles."""
    return [Entry(event) for event in events]


def status_label(status: str) -> str:
    """Return a status in words: Graph's, or one of this portal's."""
    if status in ActionStatus.values:
        return str(ActionStatus(status).label)
    return str(_STATES.get(status, status))


def movements(events: ScoreEventQuerySet) -> Chart | None:
    """Return the points these events gained and lost, drawn by day, week or month."""
    change = F("after") - F("before")
    rows = (
        events.order_by("date")
        .filter(kind__in=[Kind.GAINED, Kind.REGRESSED])
        .values("date")
        .annotate(
            gained=Sum(change, filter=Q(kind=Kind.GAINED)),
            lost=Sum(-change, filter=Q(kind=Kind.REGRESSED)),
        )
    )
    days = [(row["date"], row["gained"] or 0.0, row["lost"] or 0.0) for row in rows]
    heads = (_("Points gained"), _("Points regressed"))
    return bars(buckets.of(days), heads=heads)


def of_control(tenant: Tenant, profile: ControlProfile) -> ControlHistory:
    """Return the history of one improvement action."""
    scores = ControlScore.objects.of_control(tenant, profile.control_id)
    samples = [
        Sample(day, score)
        for day, score in scores.values_list("snapshot__date", "score")
    ]
    most = profile.max_score or max((s.value for s in samples), default=0.0)
    events = [
        Event(after.day, before.value, after.value)
        for before, after in pairwise(samples)
        if abs(after.value - before.value) >= TOLERANCE
    ]
    chart = line_chart(samples[-CHART_DAYS:], most=most, tone="blue")
    return ControlHistory(chart, events[::-1])
