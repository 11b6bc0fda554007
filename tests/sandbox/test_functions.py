"""The gs.* functions of queries."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.sandbox.functions import FORMAT, Session, resolve

ZONE = ZoneInfo("America/Los_Angeles")
NOON = datetime(2024, 3, 31, 12, 30, 15, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("nowDateTime()", "2024-03-31 12:30:15"),
        ("beginningOfYesterday()", "2024-03-30 00:00:00"),
        ("endOfTomorrow()", "2024-04-01 23:59:59"),
        ("yesterday()", "2024-03-30 00:00:00"),
        ("beginningOfThisWeek()", "2024-03-25 00:00:00"),
        ("endOfLastWeek()", "2024-03-24 23:59:59"),
        ("beginningOfLastMonth()", "2024-02-01 00:00:00"),
        ("endOfLastMonth()", "2024-02-29 23:59:59"),
        ("endOfNextMonth()", "2024-04-30 23:59:59"),
        ("beginningOfThisQuarter()", "2024-01-01 00:00:00"),
        ("endOfNextQuarter()", "2024-06-30 23:59:59"),
        ("endOfThisYear()", "2024-12-31 23:59:59"),
        ("minutesAgo(20)", "2024-03-31 12:10:15"),
        ("minutesAgoStart(20)", "2024-03-31 12:10:00"),
        ("hoursAgoEnd(1)", "2024-03-31 11:59:59"),
        ("daysAgo(-1)", "2024-04-01 12:30:15"),
        ("monthsAgo(1)", "2024-02-29 12:30:15"),
        ("quartersAgoStart(1)", "2023-10-01 00:00:00"),
        ("yearsAgo(1)", "2023-03-31 12:30:15"),
    ],
)
def test_functions_give_moments_in_the_time_zone_of_the_user(
    call: str, expected: str
) -> None:
    session = Session("id", "name", NOON.timestamp(), ZONE)
    wanted = datetime.fromisoformat(expected).replace(tzinfo=ZONE).astimezone(UTC)
    assert resolve(f"javascript:gs.{call}", session) == wanted.strftime(FORMAT)


@pytest.mark.parametrize(
    "call", ["yearsAgo(9999)", "daysAgo(999999)", "monthsAgo(-999999)"]
)
def test_a_moment_outside_the_calendar_is_nothing(call: str) -> None:
    session = Session("id", "name", NOON.timestamp(), ZONE)
    assert resolve(f"javascript:gs.{call}", session) == ""


@pytest.mark.parametrize(
    ("value", "is_list", "expected"),
    [
        ("javascript:gs.getUserID()", False, "id"),
        ("a javascript:gs.getUserID()", False, "a javascript:gs.getUserID()"),
        ("javascript:gs.getUserID() a", False, "javascript:gs.getUserID() a"),
        ("x@javascript:gs.getUserID()", False, "x@javascript:gs.getUserID()"),
        ("x@javascript:gs.getUserName()", True, "x@name"),
        ("javascript:gs.getUserID(),javascript:gs.getUserName()", True, "id,name"),
    ],
)
def test_only_a_whole_value_is_a_call(value: str, is_list: bool, expected: str) -> None:
    session = Session("id", "name", NOON.timestamp(), ZONE)
    assert resolve(value, session, is_list=is_list) == expected
