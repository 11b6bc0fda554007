"""Numbers to the geometry of a line chart; the template draws it.

Coordinates are strings: a localised number would not be valid in SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils import formats

from portal.score import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 44, 354, 10, 142
LABEL_LINE = 162
MOST_DAY_TICKS = 3


@dataclass(frozen=True)
class Sample:
    """The value of one day."""

    day: date
    value: float


@dataclass(frozen=True)
class Tick:
    """A mark on an axis; `anchor` keeps its label inside the drawing."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Dot:
    """One sample that is marked."""

    x: str
    y: str
    label: str


@dataclass(frozen=True)
class LineChart:
    """Everything the template needs, in the units of the view box."""

    view_box: str
    left: int
    right: int
    top: int
    bottom: int
    label_line: int
    label_left: int
    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    days: tuple[Tick, ...]
    values: tuple[Tick, ...]
    # Newest first, for the table that says the same.
    rows: tuple[Sample, ...]
    unit: str

    @property
    def newest(self) -> Sample:
        return self.rows[0]

    @property
    def oldest(self) -> Sample:
        return self.rows[-1]


def line_chart(
    samples: Sequence[Sample], *, most: float, unit: str = ""
) -> LineChart | None:
    """Return the chart of daily values from 0 to `most`, or None without any.

    Missing days interrupt the line: nothing is known about them. A day on its own
    becomes a dot, as does the newest.
    """
    ordered = sorted(samples, key=lambda sample: sample.day)
    if not ordered:
        return None
    scale = _Scale(ordered[0].day, ordered[-1].day, most)
    runs = _runs(ordered)
    alone = [run[0] for run in runs if len(run) == 1]
    marked = alone if ordered[-1] in alone else [*alone, ordered[-1]]
    return LineChart(
        view_box=f"0 0 {WIDTH} {HEIGHT}",
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        label_line=LABEL_LINE,
        label_left=LEFT - 6,
        lines=tuple(scale.line(run) for run in runs if len(run) > 1),
        dots=tuple(scale.dot(sample, unit) for sample in marked),
        days=scale.day_ticks(),
        values=scale.value_ticks(unit),
        rows=tuple(reversed(ordered)),
        unit=unit,
    )


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    most: float

    def x(self, day: date) -> str:
        span = (self.last - self.first).days
        share = (day - self.first).days / span if span else 1.0
        return f"{LEFT + share * (RIGHT - LEFT):.1f}"

    def y(self, value: float) -> str:
        share = min(max(value / self.most, 0.0), 1.0) if self.most > 0 else 0.0
        return f"{BOTTOM - share * (BOTTOM - TOP):.1f}"

    def line(self, run: Sequence[Sample]) -> str:
        return " ".join(f"{self.x(s.day)},{self.y(s.value)}" for s in run)

    def dot(self, sample: Sample, unit: str) -> Dot:
        text = f"{_day(sample.day)}: {numbers.points(sample.value)}{unit}"
        return Dot(self.x(sample.day), self.y(sample.value), text)

    def day_ticks(self) -> tuple[Tick, ...]:
        span = (self.last - self.first).days
        count = min(span, MOST_DAY_TICKS - 1)
        if not count:
            return (Tick(self.x(self.last), _day(self.last), "end"),)
        steps = [round(span * step / count) for step in range(count + 1)]
        anchors = ["start", *["middle"] * (count - 1), "end"]
        days = [self.first + timedelta(days=step) for step in steps]
        ticks = zip(days, anchors, strict=True)
        return tuple(Tick(self.x(day), _day(day), anchor) for day, anchor in ticks)

    def value_ticks(self, unit: str) -> tuple[Tick, ...]:
        values = (0.0, self.most / 2, self.most)
        return tuple(
            Tick(self.y(v), f"{numbers.points(v)}{unit}", "end") for v in values
        )


def _runs(ordered: Sequence[Sample]) -> list[list[Sample]]:
    """Split where days are missing."""
    runs = [[ordered[0]]]
    for before, sample in pairwise(ordered):
        if sample.day - before.day > timedelta(days=1):
            runs.append([])
        runs[-1].append(sample)
    return runs


def _day(day: date) -> str:
    return formats.date_format(day, "MONTH_DAY_FORMAT")
