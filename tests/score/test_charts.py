"""The geometry of charts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation

from portal.score.charts import BOTTOM, LEFT, RIGHT, TOP, Sample, line_chart

FIRST = date(2026, 8, 24)


def _samples(*values: float | None) -> list[Sample]:
    return [
        Sample(FIRST + timedelta(days=day), value)
        for day, value in enumerate(values)
        if value is not None
    ]


def _corners(line: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in line.split()]  # type: ignore[misc]


def test_without_days_there_is_no_chart() -> None:
    assert line_chart([], most=100) is None


def test_the_line_spans_the_plot_from_corner_to_corner() -> None:
    chart = line_chart(_samples(0, 50, 100), most=100)
    assert chart is not None
    [line] = chart.lines
    assert _corners(line) == [
        (LEFT, BOTTOM),
        ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2),
        (RIGHT, TOP),
    ]


def test_missing_days_interrupt_the_line() -> None:
    chart = line_chart(_samples(1, 2, None, 4, None, 5, 6), most=10)
    assert chart is not None
    assert [len(_corners(line)) for line in chart.lines] == [2, 2]
    # The day on its own, and the newest.
    assert [dot.label for dot in chart.dots] == ["Aug 27: 4", "Aug 30: 6"]


def test_a_single_day_is_one_dot() -> None:
    chart = line_chart(_samples(5), most=10)
    assert chart is not None
    assert (chart.lines, len(chart.dots), len(chart.days)) == ((), 1, 1)


@pytest.mark.parametrize(("value", "most"), [(15, 10), (3, 0), (-1, 10)])
def test_values_never_leave_the_plot(value: float, most: float) -> None:
    chart = line_chart(_samples(value, value), most=most)
    assert chart is not None
    assert all(TOP <= y <= BOTTOM for _x, y in _corners(chart.lines[0]))


def test_axes_are_labelled_at_both_ends() -> None:
    chart = line_chart(_samples(*range(90)), most=100, unit="%")
    assert chart is not None
    assert [tick.label for tick in chart.values] == ["0%", "50%", "100%"]
    assert [tick.label for tick in chart.days] == [
        "Aug 24",
        "Oct 7",
        "Nov 21",
    ]
    assert [tick.anchor for tick in chart.days] == ["start", "middle", "end"]


def test_coordinates_are_not_localised() -> None:
    with translation.override("sv"):
        chart = line_chart(_samples(1.5, 2.25), most=10)
    assert chart is not None
    assert len(_corners(chart.lines[0])) == 2
    assert chart.dots[0].label.endswith("2,25")


def test_the_table_has_every_day_newest_first() -> None:
    samples = _samples(1, None, 3)
    chart = line_chart(samples, most=10)
    assert chart is not None
    assert list(chart.rows) == samples[::-1]
