"""Daily values to the geometry of line charts; the templates draw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.score import numbers
from portal.score.shapes import (
    BOTTOM,
    LEFT,
    MOST_DAY_TICKS,
    RIGHT,
    TOP,
    Area,
    Chart,
    Dot,
    Line,
    Row,
    Tick,
    strip,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_Thing = TypeVar("_Thing")

# Above so many days one in a week is drawn, one in two weeks, one in four.
DAILY_UNTIL = 120
_STEPS = ((DAILY_UNTIL, 1), (2 * 366, 7), (4 * 366, 14))
# What is not reached yet is drawn this far right of the newest day.
FUTURE = 52


@dataclass(frozen=True)
class Sample:
    """The value of one day."""

    day: date
    value: float


@dataclass(frozen=True)
class Series:
    """One line: its name, its colour, and how it is drawn ("solid", "dashed", "dotted")."""

    label: str
    samples: Sequence[Sample]
    tone: str = "navy"
    stroke: str = "solid"


@dataclass(frozen=True)
class Band:
    """A coloured stretch of values, such as a score zone."""

    label: str
    low: float
    high: float
    tone: str


@dataclass(frozen=True)
class Goal:
    """A value that could be reached: a broken line from the newest day to the right."""

    label: str
    value: float
    tone: str


def line_chart(
    samples: Sequence[Sample], *, most: float, unit: str = "", tone: str = "navy"
) -> Chart | None:
    """Return the chart of daily values from 0 to `most`, or None without any."""
    return trend([Series("", samples, tone)], most=most, unit=unit)


def trend(
    series: Sequence[Series],
    *,
    most: float,
    unit: str = "",
    bands: Sequence[Band] = (),
    goals: Sequence[Goal] = (),
) -> Chart | None:
    """Return the chart of one or several lines, or None without any value.

    Missing days interrupt a line: nothing is known about them. A day on its own
    becomes a dot, as does the newest. Long spans are drawn by week.
    """
    known = [one for one in series if one.samples]
    if not known:
        return None
    step = _step([sample.day for one in known for sample in one.samples])
    drawn = [_thinned(one, step) for one in known]
    shown = sorted({sample.day for one in drawn for sample in one.samples})
    scale = _Scale(shown[0], shown[-1], most, RIGHT - (FUTURE if goals else 0))
    rows = _rows(drawn, shown, unit)
    lines, dots = [], []
    for one in drawn:
        runs = _runs(one.samples, step)
        lines += [scale.line(run, one) for run in runs if len(run) > 1]
        dots += [scale.dot(s, one, unit) for s in _marked(runs)]
    for goal in goals:
        lines.append(scale.goal_line(drawn[0].samples[-1], goal))
        dots.append(scale.goal_dot(goal, unit))
    return Chart(
        days=scale.day_ticks(has_future=bool(goals)),
        values=scale.value_ticks(unit),
        summary=_summary(drawn, unit),
        heads=tuple(one.label for one in drawn),
        rows=tuple(reversed(rows)),
        strips=scale.strips(shown, rows, [one.label for one in drawn]),
        legend=_legend(drawn),
        lines=tuple(lines),
        dots=tuple(dots),
        bands=tuple(scale.band(band) for band in bands),
    )


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    most: float
    right: float = RIGHT

    def x(self, day: date) -> float:
        span = (self.last - self.first).days
        share = (day - self.first).days / span if span else 1.0
        return LEFT + share * (self.right - LEFT)

    def y(self, value: float) -> float:
        share = min(max(value / self.most, 0.0), 1.0) if self.most > 0 else 0.0
        return BOTTOM - share * (BOTTOM - TOP)

    def line(self, run: Sequence[Sample], of: Series) -> Line:
        points = (f"{self.x(s.day):.1f},{self.y(s.value):.1f}" for s in run)
        return Line(" ".join(points), of.tone, of.stroke)

    def dot(self, sample: Sample, of: Series, unit: str) -> Dot:
        label = f"{_day(sample.day)}: {numbers.points(sample.value)}{unit}"
        return Dot(text(self.x(sample.day)), text(self.y(sample.value)), label, of.tone)

    def goal_line(self, newest: Sample, goal: Goal) -> Line:
        start = f"{self.x(newest.day):.1f},{self.y(newest.value):.1f}"
        return Line(
            f"{start} {RIGHT:.1f},{self.y(goal.value):.1f}", goal.tone, "dashed"
        )

    def goal_dot(self, goal: Goal, unit: str) -> Dot:
        label = f"{goal.label}: {numbers.points(goal.value)}{unit}"
        return Dot(text(RIGHT), text(self.y(goal.value)), label, goal.tone)

    def band(self, band: Band) -> Area:
        top, bottom = self.y(band.high), self.y(band.low)
        return Area(
            text(LEFT),
            text(top),
            text(RIGHT - LEFT),
            text(bottom - top),
            band.label,
            band.tone,
        )

    def strips(
        self, days: Sequence[date], rows: Sequence[Row], heads: Sequence[str]
    ) -> tuple[Area, ...]:
        """Return a strip around each day that is drawn, for its values on hover."""
        xs = [self.x(day) for day in days]
        edges = [LEFT, *((a + b) / 2 for a, b in pairwise(xs)), xs[-1] + 1]
        return tuple(
            strip(edges[n], edges[n + 1] - edges[n], row, heads)
            for n, row in enumerate(rows)
        )

    def day_ticks(self, *, has_future: bool) -> tuple[Tick, ...]:
        most = MOST_DAY_TICKS - has_future
        span = (self.last - self.first).days
        count = min(span, most - 1)
        write = _month if span > DAILY_UNTIL * 3 else _day
        later = (Tick(text(RIGHT), _("Future"), "end"),) if has_future else ()
        if not count:
            return (Tick(text(self.x(self.last)), write(self.last), "end"), *later)
        steps = [round(span * step / count) for step in range(count + 1)]
        anchors = ["start", *["middle"] * (count - 1), "end"]
        days = [self.first + timedelta(days=step) for step in steps]
        return (
            *(
                Tick(text(self.x(day)), write(day), anchor)
                for day, anchor in zip(days, anchors, strict=True)
            ),
            *later,
        )

    def value_ticks(self, unit: str) -> tuple[Tick, ...]:
        values = (0.0, self.most / 2, self.most)
        return tuple(
            Tick(text(self.y(v)), f"{numbers.points(v)}{unit}", "end") for v in values
        )


def drawn_days(days: Sequence[date]) -> list[date]:
    """Return which of a line's days, given in order, a chart may draw.

    What is dear to read needs to be read for these alone.
    """
    return list(_last_of(days, days, _step(days)).values()) if days else []


def _step(days: Sequence[date]) -> int:
    span = (max(days) - min(days)).days
    return next((step for most, step in _STEPS if span <= most), 28)


def _thinned(series: Series, step: int) -> Series:
    """Keep the last day of each week, or of several; the newest always stays."""
    ordered = sorted(series.samples, key=lambda sample: sample.day)
    kept = list(_last_of([sample.day for sample in ordered], ordered, step).values())
    return Series(series.label, kept, series.tone, series.stroke)


def _last_of(
    days: Sequence[date], things: Sequence[_Thing], step: int
) -> dict[int, _Thing]:
    """Return the last thing of each step, counted back from the newest day."""
    # The later day of a week replaces the earlier ones, in their place.
    newest = days[-1]
    pairs = zip(days, things, strict=True)
    return {(newest - day).days // step: thing for day, thing in pairs}


def _runs(ordered: Sequence[Sample], step: int) -> list[list[Sample]]:
    """Split where days are missing; of a week that is drawn by one day, some may."""
    gap = timedelta(days=2 * step - 1)
    runs = [[ordered[0]]]
    for before, sample in pairwise(ordered):
        if sample.day - before.day > gap:
            runs.append([])
        runs[-1].append(sample)
    return runs


def _marked(runs: Sequence[Sequence[Sample]]) -> list[Sample]:
    alone = [run[0] for run in runs if len(run) == 1]
    newest = runs[-1][-1]
    return alone if newest in alone else [*alone, newest]


def _rows(series: Sequence[Series], days: Sequence[date], unit: str) -> list[Row]:
    known = [{s.day: s.value for s in one.samples} for one in series]
    language = get_language()
    return [
        Row(
            _full_day(day, language),
            tuple(
                f"{numbers.points(values[day])}{unit}" if day in values else "-"
                for values in known
            ),
        )
        for day in days
    ]


def _summary(series: Sequence[Series], unit: str) -> str:
    return " ".join(_course(one, unit) for one in series)


def _course(series: Series, unit: str) -> str:
    first, last = series.samples[0], series.samples[-1]
    words = {
        "first": f"{numbers.points(first.value)}{unit}",
        "first_day": formats.date_format(first.day, "DATE_FORMAT"),
        "last": f"{numbers.points(last.value)}{unit}",
        "last_day": formats.date_format(last.day, "DATE_FORMAT"),
    }
    told = _("From %(first)s on %(first_day)s to %(last)s on %(last_day)s.") % words
    return f"{series.label}: {told}" if series.label else told


def _legend(series: Sequence[Series]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.label, one.tone, one.stroke) for one in series if one.label)


# The charts of a page are of the same days.
@lru_cache(maxsize=2048)
def _full_day(day: date, _language: str | None) -> str:
    return formats.date_format(day, "DATE_FORMAT")


def _day(day: date) -> str:
    return formats.date_format(day, "MONTH_DAY_FORMAT")


def _month(day: date) -> str:
    return formats.date_format(day, "YEAR_MONTH_FORMAT")
