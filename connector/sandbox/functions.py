"""The gs.* functions that values of a query may call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%d %H:%M:%S"
_CALL = re.compile(r"\Ajavascript:gs\.(\w+)\(([^)]*)\)\Z")
_CALL_IN_LIST = re.compile(
    r"(?:\A|(?<=[@,]))javascript:gs\.(\w+)\(([^)]*)\)(?=[@,]|\Z)"
)
_AGO = re.compile(r"(second|minute|hour|day|week|month|quarter|year)sAgo(Start|End|)")
_NAMED = re.compile(r"(beginning|end)Of(This|Last|Next)(Week|Month|Quarter|Year)")
_DAY = re.compile(r"(beginningOf|endOf|)(Today|Yesterday|Tomorrow)", re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_FIXED = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Session:
    """Who asks, when, and in which time zone."""

    user_id: str
    user_name: str
    now: float
    time_zone: ZoneInfo


def resolve(value: str, session: Session, *, is_list: bool = False) -> str:
    """Replace a value that is a call by what it gives; an unknown call gives nothing.

    A list has several values between "@" or "," of which each may be one.
    """
    if "javascript:" not in value:
        return value
    pattern = _CALL_IN_LIST if is_list else _CALL
    return pattern.sub(lambda call: _answer(call[1], call[2], session), value)


def _answer(name: str, words: str, session: Session) -> str:
    if name == "getUserID":
        return session.user_id
    if name == "getUserName":
        return session.user_name
    if name == "dateGenerate":
        return " ".join(word.strip(" '\"") for word in words.split(","))
    now = datetime.fromtimestamp(session.now, session.time_zone)
    moment = _moment(name, words.strip(), now)
    return moment.astimezone(UTC).strftime(FORMAT) if moment else ""


def _moment(name: str, words: str, now: datetime) -> datetime | None:
    if name in {"now", "nowDateTime"}:
        return now
    if match := _DAY.fullmatch(name):
        day = shift(now, "day", _DAYS[match[2].lower()])
        return _edge(day, "day", is_end=match[1] == "endOf")
    if match := _NAMED.fullmatch(name):
        unit = match[3].lower()
        count = {"This": 0, "Last": -1, "Next": 1}[match[2]]
        # From its start, so that no month is skipped for being too short.
        then = shift(floor(now, unit), unit, count)
        return _edge(then, unit, is_end=match[1] == "end")
    if (match := _AGO.fullmatch(name)) and re.fullmatch(r"-?\d{1,6}", words):
        then = shift(now, match[1], -int(words))
        return _edge(then, match[1], is_end=match[2] == "End") if match[2] else then
    return None


def _edge(moment: datetime | None, unit: str, *, is_end: bool) -> datetime | None:
    if moment is None:
        return None
    start = floor(moment, unit)
    after = shift(start, unit, 1)
    return after - _SECOND if is_end and after else start


def shift(moment: datetime, unit: str, count: int) -> datetime | None:
    """Return a moment so many units later; None if the calendar has none."""
    try:
        if unit in _FIXED:
            return moment + _FIXED[unit] * count
        return _shift_months(moment, count * _MONTHS[unit])
    except (KeyError, OverflowError, ValueError):
        return None


def _shift_months(moment: datetime, count: int) -> datetime:
    months = moment.year * 12 + moment.month - 1 + count
    first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def floor(moment: datetime, unit: str) -> datetime:
    """Return the start of the minute, day, week… a moment lies in."""
    start = moment.replace(microsecond=0)
    if unit == "second":
        return start
    start = start.replace(second=0)
    if unit == "minute":
        return start
    start = start.replace(minute=0)
    if unit == "hour":
        return start
    start = start.replace(hour=0)
    if unit == "week":
        return start - timedelta(days=start.weekday())
    if unit in _MONTHS:
        month = start.month
        month -= (month - 1) % _MONTHS[unit]
        return start.replace(month=month, day=1)
    return start
