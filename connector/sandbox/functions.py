"""The gs.* functions that values of a query may call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

_CALL = re.compile(r"(?:javascript:)gs\.(\w+)\(([^)]*)\)")
_UNITS = {
    "seconds": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "days": "days",
}


@dataclass(frozen=True)
class Session:
    """Who asks, when, and in which time zone."""

    user_id: str
    user_name: str
    now: float
    time_zone: ZoneInfo


def resolve(value: str, session: Session) -> str:
    """Replace the calls in a value by what they give; unknown calls give nothing."""
    if "javascript:" not in value:
        return value
    return _CALL.sub(lambda call: _answer(call[1], call[2], session), value)


def _answer(name: str, words: str, session: Session) -> str:
    if name == "getUserID":
        return session.user_id
    if name == "getUserName":
        return session.user_name
    if name == "dateGenerate":
        return " ".join(word.strip(" '\"") for word in words.split(","))
    moment = _moment(name, words, session)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _moment(name: str, words: str, session: Session) -> datetime | None:
    now = datetime.fromtimestamp(session.now, session.time_zone)
    if name in _NAMED:
        return _NAMED[name](now)
    match = re.fullmatch(r"(\w+?)Ago(Start|End|)", name)
    if match is None or match[1] not in _UNITS or not words.strip().isdigit():
        return None
    then = now - timedelta(**{_UNITS[match[1]]: int(words)})
    return {"Start": _midnight, "End": _day_end}.get(match[2], lambda at: at)(then)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _day_end(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=0)


def _last_month(moment: datetime) -> datetime:
    return (_midnight(moment).replace(day=1) - timedelta(days=1)).replace(day=1)


_NAMED: dict[str, Callable[[datetime], datetime]] = {
    "now": lambda moment: moment,
    "nowDateTime": lambda moment: moment,
    "beginningOfToday": _midnight,
    "endOfToday": _day_end,
    "beginningOfYesterday": lambda at: _midnight(at - timedelta(days=1)),
    "beginningOfThisMonth": lambda at: _midnight(at).replace(day=1),
    "beginningOfLastMonth": _last_month,
}
