"""Metrics and trends: how the score, its losses and its comparisons went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.score import buckets
from portal.score.bars import bars, ceiling
from portal.score.charts import Band, Sample, Series, drawn_days, trend
from portal.score.models import Snapshot
from portal.score.overview import size_label, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from portal.score.models import ScoreZone
    from portal.score.ranges import Range
    from portal.score.shapes import Chart

_COLUMNS = (
    *("date", "current_score", "max_score", "gained", "regressed"),
    *("asserted", "accepted"),
)
_IS_COMPARED = ~Q(comparisons=[])
_BASES = (
    ("TotalSeats", "indigo", "dashed"),
    ("IndustryTypes", "teal", "dotted"),
    ("AllTenants", "grey", "dashed"),
)

_Day = dict[str, Any]


@dataclass(frozen=True)
class Changes:
    """The points of a span: gained, regressed, and what Microsoft added or took away."""

    gained: float
    regressed: float
    total: float

    @property
    def other(self) -> float:
        return self.total - self.gained + self.regressed


@dataclass(frozen=True)
class Trends:
    """Everything the page shows."""

    percent: float
    zone: str
    zones: Chart | None
    changes: Changes
    movements: Chart | None
    regression: Chart | None
    comparison: Chart | None
    acceptance: Chart | None
    accepted: int
    evidence: Chart | None
    asserted: float
    observed: float


def trends(latest: Snapshot, span: Range, limits: ScoreZone) -> Trends:
    """Return the trends of the span that ends with the latest day."""
    found = Snapshot.objects.up_to(latest, span.days)
    days = list(found.values(*_COLUMNS, is_compared=_IS_COMPARED))
    asserted = latest.asserted or 0.0
    return Trends(
        percent=latest.percent,
        zone=zone_of(latest.percent, limits),
        zones=trend(
            [Series("", _samples(days, _percent))],
            most=100.0,
            unit="%",
            bands=_bands(limits),
        ),
        changes=_changes(days),
        movements=_movements(days),
        regression=_regression(days),
        comparison=_comparison(days, _compared(found, days)),
        acceptance=_acceptance(days),
        accepted=latest.accepted or 0,
        evidence=_evidence(days),
        asserted=asserted,
        observed=max(0.0, latest.current_score - asserted),
    )


def _samples(
    days: Sequence[_Day], value: Callable[[_Day], float | None]
) -> list[Sample]:
    told = ((day["date"], value(day)) for day in days)
    return [Sample(day, number) for day, number in told if number is not None]


def _percent(day: _Day) -> float:
    most = day["max_score"]
    return 100 * day["current_score"] / most if most else 0.0


def _bands(limits: ScoreZone) -> list[Band]:
    okay, good = float(limits.okay_from), float(limits.good_from)
    return [
        Band(_("Good"), good, 100.0, "success"),
        Band(_("Okay"), okay, good, "warning"),
        Band(_("Bad"), 0.0, okay, "danger"),
    ]


def _changes(days: Sequence[_Day]) -> Changes:
    """Sum the span up; its first day is what the others are measured against."""
    later = days[1:]
    first, last = days[0]["current_score"], days[-1]["current_score"]
    return Changes(
        gained=sum(day["gained"] or 0.0 for day in later),
        regressed=sum(day["regressed"] or 0.0 for day in later),
        total=last - first,
    )


def _movements(days: Sequence[_Day]) -> Chart | None:
    found: list[tuple[date, float, float]] = [
        (day["date"], day["gained"] or 0.0, day["regressed"] or 0.0) for day in days[1:]
    ]
    heads = (_("Points gained"), _("Points regressed"))
    return bars(buckets.of(found), heads=heads)


def _regression(days: Sequence[_Day]) -> Chart | None:
    total, samples = 0.0, []
    for place, day in enumerate(days):
        total += (day["regressed"] or 0.0) if place else 0.0
        samples.append(Sample(day["date"], total))
    most = ceiling(total) or 10.0
    return trend([Series("", samples, "red")], most=most)


def _compared(found: QuerySet[Any], days: Sequence[_Day]) -> list[_Day]:
    """Read how others did, on no more days than are drawn: it is most of a day's data."""
    known = drawn_days([day["date"] for day in days if day["is_compared"]])
    return list(found.filter(date__in=known).values("date", "comparisons"))


def _comparison(days: Sequence[_Day], compared: Sequence[_Day]) -> Chart | None:
    series = [Series(_("Your score"), _samples(days, _percent), "blue")]
    for basis, tone, stroke in _BASES:
        averages = _averages(basis, compared)
        series.append(Series(_label(basis, compared), averages, tone, stroke))
    return trend(series, most=100.0, unit="%")


def _averages(basis: str, days: Sequence[_Day]) -> list[Sample]:
    """Return the average of each day; zero means that too few were alike."""
    return _samples(days, lambda day: _average(basis, day).get("averageScore") or None)


def _average(basis: str, day: _Day) -> dict[str, Any]:
    rows: list[dict[str, Any]] = day["comparisons"]
    return next((row for row in rows if row.get("basis") == basis), {})


def _label(basis: str, days: Sequence[_Day]) -> str:
    labels = {"IndustryTypes": _("Same industry"), "AllTenants": _("All organizations")}
    return labels.get(basis) or size_label(_average(basis, days[-1]) if days else {})


def _acceptance(days: Sequence[_Day]) -> Chart | None:
    samples = _samples(days, lambda day: day["accepted"])
    most = max((sample.value for sample in samples), default=0.0)
    return trend([Series("", samples, "purple")], most=ceiling(most) or 10.0)


def _evidence(days: Sequence[_Day]) -> Chart | None:
    known = [day for day in days if day["asserted"] is not None]
    most = max((day["max_score"] for day in known), default=0.0)
    all_points = _samples(known, lambda day: day["current_score"])
    observed = _samples(known, lambda day: day["current_score"] - day["asserted"])
    return trend(
        [
            Series(_("All points"), all_points, "navy"),
            Series(_("Observed by Microsoft"), observed, "teal", "dashed"),
        ],
        most=most,
    )
