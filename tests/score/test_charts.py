"""The geometry of charts."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.utils import translation

from portal.score.bars import Bar, bars
from portal.score.charts import Band, Goal, Sample, Series, line_chart, trend
from portal.score.shapes import BOTTOM, LEFT, RIGHT, TOP, Line

FIRST = date(2026, 8, 24)


def _samples(*values: float | None) -> list[Sample]:
    return [
        Sample(FIRST + timedelta(days=day), value)
        for day, value in enumerate(values)
        if value is not None
    ]


def _corners(line: Line) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in line.points.split()]  # type: ignore[misc]


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
    chart = line_chart(_samples(*range(91)), most=100, unit="%")
    assert chart is not None
    assert [tick.label for tick in chart.values] == ["0%", "50%", "100%"]
    assert [tick.label for tick in chart.days] == [
        "Aug 24",
        "Sep 23",
        "Oct 23",
        "Nov 22",
    ]
    assert [tick.anchor for tick in chart.days] == ["start", "middle", "middle", "end"]


def test_coordinates_are_not_localised() -> None:
    with translation.override("sv"):
        chart = line_chart(_samples(1.5, 2.25), most=10)
    assert chart is not None
    assert len(_corners(chart.lines[0])) == 2
    assert chart.dots[0].label.endswith("2,25")


def test_the_table_has_every_day_newest_first() -> None:
    chart = line_chart(_samples(1, None, 3), most=10, unit="%")
    assert chart is not None
    assert [(row.head, row.values) for row in chart.rows] == [
        ("Aug 26, 2026", ("3%",)),
        ("Aug 24, 2026", ("1%",)),
    ]


def test_every_day_has_a_strip_that_tells_all_values() -> None:
    both = [Series("Yours", _samples(1, 2)), Series("Others", _samples(None, 4))]
    chart = trend(both, most=10, unit="%")
    assert chart is not None
    assert [strip.label for strip in chart.strips] == [
        "Aug 24, 2026\nYours: 1%\nOthers: -",
        "Aug 25, 2026\nYours: 2%\nOthers: 4%",
    ]
    edges = [(float(s.x), float(s.x) + float(s.width)) for s in chart.strips]
    assert edges[0][0] == LEFT
    assert edges[0][1] == edges[1][0] == (LEFT + RIGHT) / 2


def test_strips_cover_the_plot_without_a_gap() -> None:
    chart = line_chart(_samples(*range(30)), most=30)
    assert chart is not None
    for before, after in pairwise(chart.strips):
        end = float(before.x) + float(before.width)
        assert end == pytest.approx(float(after.x), abs=0.11)


@pytest.mark.parametrize(
    ("days", "drawn"),
    [(90, 90), (121, 121), (200, 29), (700, 100), (3 * 365, 79), (1500, 54)],
)
def test_long_spans_are_thinned_and_keep_the_newest(days: int, drawn: int) -> None:
    chart = line_chart(_samples(*range(days)), most=days)
    assert chart is not None
    assert len(chart.rows) == len(chart.strips) == drawn
    assert chart.rows[0].values == (f"{days - 1}",)
    assert len(chart.lines) == 1


def test_a_gap_is_a_gap_in_thinned_lines_as_well() -> None:
    values = [None if 100 <= day < 150 else 1.0 for day in range(300)]
    chart = line_chart(_samples(*values), most=10)
    assert chart is not None
    assert len(chart.lines) == 2


def test_what_could_be_reached_is_a_broken_line_to_the_right() -> None:
    goal = Goal("Planned score", 75.0, "teal")
    chart = trend([Series("", _samples(0, 50))], most=100, unit="%", goals=[goal])
    assert chart is not None
    now, future = chart.lines
    (x, y), (end, height) = _corners(future)
    assert (x, y) == _corners(now)[-1]
    assert (end, height) == (RIGHT, BOTTOM - 0.75 * (BOTTOM - TOP))
    assert (future.stroke, future.tone) == ("dashed", "teal")
    assert chart.days[-1].label == "Future"
    assert chart.dots[-1].label == "Planned score: 75%"


def test_bands_lie_between_their_values() -> None:
    bands = [Band("Good", 70, 100, "success"), Band("Bad", 0, 40, "danger")]
    chart = trend([Series("", _samples(1, 2))], most=100, bands=bands)
    assert chart is not None
    good, bad = chart.bands
    assert float(good.y) == TOP
    assert float(good.height) == pytest.approx(0.3 * (BOTTOM - TOP), abs=0.05)
    assert float(bad.y) + float(bad.height) == pytest.approx(BOTTOM, abs=0.05)


def test_the_summary_tells_each_line_from_first_to_last() -> None:
    both = [Series("Yours", _samples(1, 2)), Series("Others", _samples(3, 4))]
    chart = trend(both, most=10)
    assert chart is not None
    assert chart.summary == (
        "Yours: From 1 on Aug 24, 2026 to 2 on Aug 25, 2026. "
        "Others: From 3 on Aug 24, 2026 to 4 on Aug 25, 2026."
    )


def test_gains_stand_on_the_line_and_losses_hang_below() -> None:
    found = [Bar("Mon", 10, 0), Bar("Tue", 0, 5), Bar("Wed", 0, 0)]
    chart = bars(found, heads=("Gained", "Regressed"))
    assert chart is not None
    up, down = chart.bars
    base = float(chart.baseline)
    assert (float(up.y), float(up.height)) == (TOP, pytest.approx(base - TOP))
    assert float(down.y) == base
    assert float(up.height) == pytest.approx(2 * float(down.height), abs=0.1)
    assert (up.tone, down.tone) == ("teal", "red")
    assert [tick.label for tick in chart.values] == ["0", "+10", "−5"]  # noqa: RUF001
    assert chart.rows[0].head == "Wed"


def test_nothing_gained_or_lost_is_a_flat_line() -> None:
    chart = bars([Bar("Mon", 0, 0)], heads=("Gained", "Regressed"))
    assert chart is not None
    assert (chart.bars, float(chart.baseline)) == ((), BOTTOM)
    assert bars([], heads=("Gained", "Regressed")) is None
