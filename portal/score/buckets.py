"""Days put together to weeks and months, so that a long span still reads well."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.score.bars import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAYS_UNTIL, WEEKS_UNTIL = 45, 366


def of(days: Sequence[tuple[date, float, float]]) -> list[Bar]:
    """Return gains and losses by day, week or month; spans without any are zero.

    `days` are day, gained and lost, oldest first.
    """
    if not days:
        return []
    first, last = days[0][0], days[-1][0]
    start, after, label = _kind(last - first)
    sums: dict[date, list[float]] = {}
    place = start(first)
    while place <= last:
        sums[place] = [0.0, 0.0]
        place = after(place)
    for day, gained, lost in days:
        found = sums[start(day)]
        found[0] += gained
        found[1] += lost
    return [Bar(label(day), *pair) for day, pair in sums.items()]


def _kind(
    span: timedelta,
) -> tuple[Callable[[date], date], Callable[[date], date], Callable[[date], str]]:
    if span.days <= DAYS_UNTIL:
        return _same, _next_day, _day
    if span.days <= WEEKS_UNTIL:
        return _monday, _next_week, _week
    return _first, _next_month, _month


def _same(day: date) -> date:
    return day


def _next_day(day: date) -> date:
    return day + timedelta(days=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _next_week(day: date) -> date:
    return day + timedelta(days=7)


def _first(day: date) -> date:
    return day.replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _day(day: date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")


def _week(day: date) -> str:
    return _("Week of %(day)s") % {"day": _day(day)}


def _month(day: date) -> str:
    return date_format(day, "YEAR_MONTH_FORMAT")
