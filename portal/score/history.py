"""What moved from day to day, of the whole score and of one action."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from portal.score import categories
from portal.score.charts import LineChart, Sample, line_chart
from portal.score.models import ControlProfile, ControlScore, Snapshot
from portal.score.status import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from connector.models import Tenant

SHOWN_AT_ONCE = 3
CHART_DAYS = 90


@dataclass(frozen=True)
class Move:
    """The points of one control changed; None where it was not scored."""

    control_id: str
    title: str
    category: str
    before: float | None
    after: float | None
    # Only an action that is still known has a page.
    url: str = ""

    @property
    def change(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True)
class Day:
    """One day of the history against the day before it that is known."""

    snapshot: Snapshot
    previous: Snapshot | None
    moves: Sequence[Move]

    @property
    def change(self) -> float:
        if self.previous is None:
            return 0.0
        change: float = self.snapshot.current_score - self.previous.current_score
        return change

    @property
    def first_moves(self) -> Sequence[Move]:
        return self.moves[:SHOWN_AT_ONCE]

    @property
    def further_moves(self) -> Sequence[Move]:
        return self.moves[SHOWN_AT_ONCE:]


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

    chart: LineChart | None
    events: Sequence[Event]


def days(tenant: Tenant, snapshots: Sequence[Snapshot]) -> list[Day]:
    """Return the days of one page, newest first, each with what moved."""
    if not snapshots:
        return []
    older = Snapshot.objects.before(snapshots[-1])
    chain = [*snapshots, older] if older else [*snapshots]
    points = _points(chain)
    known = _Titles(tenant)
    told = [
        Day(after, before, _moves(points[before.pk], points[after.pk], known))
        for after, before in pairwise(chain)
    ]
    return told if older else [*told, Day(snapshots[-1], None, ())]


def of_control(tenant: Tenant, profile: ControlProfile) -> ControlHistory:
    """Return the history of one improvement action."""
    scores = list(ControlScore.objects.of_control(tenant, profile.control_id))
    samples = [Sample(score.snapshot.date, score.score) for score in scores]
    most = profile.max_score or max((s.value for s in samples), default=0.0)
    events = [
        Event(after.day, before.value, after.value)
        for before, after in pairwise(samples)
        if abs(after.value - before.value) >= TOLERANCE
    ]
    chart = line_chart(samples[-CHART_DAYS:], most=most)
    return ControlHistory(chart, events[::-1])


class _Titles:
    """The names of the tenant's controls, read at once."""

    def __init__(self, tenant: Tenant) -> None:
        profiles = ControlProfile.objects.for_tenant(tenant)
        self._known = {p.control_id: p for p in profiles.only("control_id", "title")}

    def move(
        self, control_id: str, before: ControlScore | None, after: ControlScore | None
    ) -> Move:
        profile = self._known.get(control_id)
        some = after or before
        return Move(
            control_id=control_id,
            title=profile.title if profile else control_id,
            category=categories.label(some.category if some else ""),
            before=before.score if before else None,
            after=after.score if after else None,
            url=profile.get_absolute_url() if profile else "",
        )


_Points = dict[str, ControlScore]


def _points(snapshots: Sequence[Snapshot]) -> defaultdict[int, _Points]:
    found: defaultdict[int, _Points] = defaultdict(dict)
    scores = ControlScore.objects.filter(snapshot__in=snapshots)
    for score in scores.defer("implementation_status"):
        found[score.snapshot_id][score.control_id] = score
    return found


def _moves(before: _Points, after: _Points, known: _Titles) -> list[Move]:
    """Return what moved, the largest change first."""
    controls = before.keys() | after.keys()
    moves = [known.move(name, before.get(name), after.get(name)) for name in controls]
    changed = [
        move
        for move in moves
        if abs(move.change) >= TOLERANCE
        or (move.before is None) != (move.after is None)
    ]
    return sorted(changed, key=lambda move: (-abs(move.change), move.title))
