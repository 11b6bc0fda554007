"""The shapes charts are made of, and the paper they lie on.

Coordinates are strings: a localised number would not be valid in SVG.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 352, 12, 150
LABEL_LINE = 172
MOST_DAY_TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A mark on an axis; `anchor` keeps its label inside the drawing."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Line:
    """Samples without a gap, as the points of a polyline."""

    points: str
    tone: str
    stroke: str


@dataclass(frozen=True)
class Dot:
    """One sample that is marked."""

    x: str
    y: str
    label: str
    tone: str = "navy"


@dataclass(frozen=True)
class Area:
    """A rectangle: a band, a bar, or the strip that shows a day's values."""

    x: str
    y: str
    width: str
    height: str
    label: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Frame:
    """The view box and the plot in it."""

    view_box: str = f"0 0 {WIDTH} {HEIGHT}"
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM
    label_line: int = LABEL_LINE
    label_left: int = LEFT - 6


@dataclass(frozen=True)
class Row:
    """One row of the table that says the same; values are written out."""

    head: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """Everything the template needs, in the units of the view box."""

    days: tuple[Tick, ...]
    values: tuple[Tick, ...]
    summary: str
    heads: tuple[str, ...]
    # Newest first.
    rows: tuple[Row, ...]
    strips: tuple[Area, ...]
    legend: tuple[tuple[str, str, str], ...] = ()
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    bands: tuple[Area, ...] = ()
    bars: tuple[Area, ...] = ()
    baseline: str = str(BOTTOM)
    frame: Frame = field(default_factory=Frame)


def strip(left: float, width: float, row: Row, heads: Sequence[str]) -> Area:
    """Return the strip that shows what a row says, over the whole height."""
    pairs = zip(heads, row.values, strict=True)
    told = [f"{head}: {value}" if head else value for head, value in pairs]
    return Area(
        text(left),
        text(TOP),
        text(width),
        text(BOTTOM - TOP),
        "\n".join([row.head, *told]),
    )


def text(value: float) -> str:
    """Write a coordinate."""
    return f"{value:.1f}"
