"""Points gained and lost to the geometry of a bar chart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    Row,
    Tick,
    strip,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bar:
    """What was gained (up) and lost (down) in one span of days."""

    label: str
    gained: float
    lost: float


def bars(found: Sequence[Bar], *, heads: tuple[str, str]) -> Chart | None:
    """Return the chart of gains above and losses below a line, or None without any."""
    if not found:
        return None
    up = ceiling(max(bar.gained for bar in found))
    down = ceiling(max(bar.lost for bar in found))
    height = (BOTTOM - TOP) / ((up + down) or 1.0)
    base = TOP + up * height if up + down else BOTTOM
    width = (RIGHT - LEFT) / len(found)
    rows = [
        Row(b.label, (numbers.signed(b.gained), numbers.minus(b.lost))) for b in found
    ]
    return Chart(
        days=_bar_ticks([bar.label for bar in found], width),
        values=_bar_values(up, down, base, height),
        summary=_bar_summary(found),
        heads=heads,
        rows=tuple(reversed(rows)),
        strips=tuple(
            strip(LEFT + place * width, width, row, heads)
            for place, row in enumerate(rows)
        ),
        legend=((heads[0], "teal", "solid"), (heads[1], "red", "solid")),
        bars=tuple(_bar_areas(found, base, height, width)),
        baseline=text(base),
    )


def _bar_areas(
    found: Sequence[Bar], base: float, height: float, width: float
) -> list[Area]:
    thick = min(max(width * 0.7, 1.5), 22)
    areas = []
    for place, bar in enumerate(found):
        left = LEFT + place * width + (width - thick) / 2
        for value, top, tone in (
            (bar.gained, base - bar.gained * height, "teal"),
            (bar.lost, base, "red"),
        ):
            if value > 0:
                areas.append(
                    Area(
                        text(left),
                        text(top),
                        text(thick),
                        text(max(value * height, 1.0)),
                        tone=tone,
                    )
                )
    return areas


def _bar_ticks(labels: Sequence[str], width: float) -> tuple[Tick, ...]:
    count = min(len(labels), MOST_DAY_TICKS - 1)
    places = {round((len(labels) - 1) * n / max(count - 1, 1)) for n in range(count)}
    anchors = {0: "start", len(labels) - 1: "end"} if len(labels) > 2 else {}
    ticks = []
    for place in sorted(places):
        anchor = anchors.get(place, "middle")
        at = {"start": LEFT, "end": RIGHT}.get(anchor, LEFT + (place + 0.5) * width)
        ticks.append(Tick(text(at), labels[place], anchor))
    return tuple(ticks)


def _bar_values(up: float, down: float, base: float, height: float) -> tuple[Tick, ...]:
    ticks = [Tick(text(base), "0", "end")]
    if up:
        ticks.append(Tick(text(base - up * height), numbers.signed(up), "end"))
    if down:
        ticks.append(Tick(text(base + down * height), numbers.minus(down), "end"))
    return tuple(ticks)


def _bar_summary(found: Sequence[Bar]) -> str:
    words = {
        "gained": numbers.points(sum(bar.gained for bar in found)),
        "lost": numbers.points(sum(bar.lost for bar in found)),
        "first": found[0].label,
        "last": found[-1].label,
    }
    return (
        _("%(gained)s points gained, %(lost)s regressed, from %(first)s to %(last)s.")
        % words
    )


def ceiling(value: float) -> float:
    """Return the next round number, so that the axis reads well."""
    if value <= 0:
        return 0.0
    unit: float = 10.0 ** math.floor(math.log10(value))
    return next(unit * n for n in (1, 2, 2.5, 5, 10) if unit * n >= value - 1e-9)
