"""What is read from Graph's uneven data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.graph.records import (
    Unreadable,
    parse_control_profile,
    parse_secure_score,
)


def _score(**values: Any) -> dict[str, Any]:
    return {"createdDateTime": "2026-11-20T00:00:00Z", **values}


def _profile(**values: Any) -> dict[str, Any]:
    return {"id": "AdminMFAV2", **values}


@pytest.mark.parametrize(
    "row", [{}, {"createdDateTime": None}, _score(createdDateTime="soon")]
)
def test_a_score_without_a_day_is_unreadable(row: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parse_secure_score(row)


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": "  "}])
def test_a_profile_without_id_is_unreadable(row: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parse_control_profile(row)


def test_a_bare_row_has_plain_values() -> None:
    score, profile = parse_secure_score(_score()), parse_control_profile(_profile())
    assert (score.current, score.maximum, score.controls) == (0.0, 0.0, ())
    assert (profile.title, profile.state, profile.rank) == (
        "AdminMFAV2",
        "Default",
        None,
    )


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Low", "low"),
        ("medium", "moderate"),
        ("Moderate", "moderate"),
        ("HIGH", "high"),
        ("Unknown", "unknown"),
        ("none told", "unknown"),
        (None, "unknown"),
        (3, "unknown"),
    ],
)
def test_levels_have_one_spelling(told: Any, read: str) -> None:
    profile = parse_control_profile(_profile(userImpact=told, implementationCost=told))
    assert profile.user_impact == profile.implementation_cost == read


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (5, 5.0),
        ("5.25", 5.25),
        ("a lot", 0.0),
        (None, 0.0),
        ("NaN", 0.0),
        (float("inf"), 0.0),
        (-3, 0.0),
        ([], 0.0),
        (10**400, 0.0),
    ],
)
def test_numbers_may_be_texts_or_missing(told: Any, read: float) -> None:
    assert parse_secure_score(_score(currentScore=told)).current == read
    assert parse_control_profile(_profile(maxScore=told)).max_score == read


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (3, 3),
        ("7", 7),
        (None, None),
        (-1, None),
        (2**40, None),
        ("many", None),
        (True, None),
    ],
)
def test_a_rank_is_a_number_the_database_holds(told: Any, read: int | None) -> None:
    assert parse_control_profile(_profile(rank=told)).rank == read


def test_threats_have_one_spelling_each() -> None:
    told = [
        "Account Breach",
        "Account breach",
        "accountBreach",
        "Data Exfiltration",
        None,
    ]
    profile = parse_control_profile(_profile(threats=told))
    assert profile.threats == ("Account breach", "Data exfiltration")


@pytest.mark.parametrize(
    ("updates", "state"),
    [
        ([], "Default"),
        ([{"state": "Default", "updatedDateTime": None}], "Default"),
        (
            [
                {"state": "Ignored", "updatedDateTime": "2026-01-02T00:00:00.1234567Z"},
                {"state": "thirdparty", "updatedDateTime": "2026-03-02T00:00:00Z"},
                {"state": "Default", "updatedDateTime": None},
            ],
            "ThirdParty",
        ),
        ([{"state": "Invented", "updatedDateTime": "2026-03-02T00:00:00Z"}], "Default"),
        ("nothing", "Default"),
    ],
)
def test_the_newest_state_counts(updates: Any, state: str) -> None:
    assert parse_control_profile(_profile(controlStateUpdates=updates)).state == state


def test_a_top_level_state_counts_without_updates() -> None:
    assert parse_control_profile(_profile(state="Ignored")).state == "Ignored"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("2026-11-19T05:06:07.1234567Z", datetime(2026, 11, 19, 5, 6, 7, 123456, UTC)),
        ("2026-11-19T05:06:07", datetime(2026, 11, 19, 5, 6, 7, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_moments(told: Any, read: datetime | None) -> None:
    control = {"controlName": "A", "lastSynced": told}
    score = parse_secure_score(_score(controlScores=[control]))
    assert score.controls[0].last_synced == read


def test_extras_of_comparisons_are_kept_as_far_as_shown() -> None:
    told = {
        "basis": "TotalSeats",
        "averageScore": "42.5",
        "SeatSizeRangeLowerValue": "1",
        "SeatSizeRangeUpperValue": 100,
        "appsScore": 3,
    }
    [comparison] = parse_secure_score(
        _score(averageComparativeScores=[told])
    ).comparisons
    assert (comparison.average, comparison.seats) == (42.5, "1 - 100")


def test_a_control_told_twice_counts_once() -> None:
    told = [{"controlName": "A", "score": 1}, {"controlName": "A", "score": 2}, {}]
    controls = parse_secure_score(_score(controlScores=told)).controls
    assert [(control.name, control.score) for control in controls] == [("A", 2.0)]


def test_control_characters_are_dropped() -> None:
    assert parse_control_profile(_profile(title="A\x00B\x07")).title == "AB"
