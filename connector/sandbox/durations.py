"""Durations: kept as a moment that long after the beginning of 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORMAT = "%Y-%m-%d %H:%M:%S"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (("Day", 86_400), ("Hour", 3600), ("Minute", 60), ("Second", 1))


def between(start: str, end: str) -> int:
    """Return the seconds between two times of a row, 0 if one is missing."""
    if not (start and end):
        return 0
    span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(int(span.total_seconds()), 0)


def kept(seconds: int) -> str:
    """Return what is stored for so many seconds."""
    return (_BEGINNING + timedelta(seconds=seconds)).strftime(_FORMAT)


def read(text: str) -> str | None:
    """Return what is stored for a text; None if it is no duration."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.strftime(_FORMAT) if moment >= _BEGINNING else None


def shown(value: str) -> str:
    """Return a stored duration in words."""
    if not value:
        return ""
    left = between("1970-01-01 00:00:00", value)
    words = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(words) or "0 Seconds"
