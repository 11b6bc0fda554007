"""How many requests each connection makes an hour, and how many it may make."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from connector.models import Connection, RequestBudget

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connector.servicenow.limits import RateLimit

    _Rows = QuerySet[RequestBudget]

logger = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
# Requests are counted in memory and written in lots: a process that is killed takes
# at most one lot with it, and the meter then shows that much too little.
LOT = 50
LOT_SECONDS = 5.0
# A rule that was not named for so long is gone.
LIMIT_LASTS = 2 * HOUR
# What a poll takes, and how much of what is left polls may take: tickets come first.
_POLL_COST = 2
_POLL_SHARE = 0.5


@dataclass
class _Lot:
    """What one process counted for one connection and has not written yet."""

    written_at: float = -LOT_SECONDS
    requests: int = 0
    named: RateLimit | None = None

    @property
    def is_due(self) -> bool:
        waited = time.monotonic() - self.written_at
        return self.requests >= LOT or waited >= LOT_SECONDS


_lots: dict[int, _Lot] = {}
_lock = threading.Lock()
# A forked worker counts from nothing; its parent writes what it counted itself.
os.register_at_fork(after_in_child=_lots.clear)


@dataclass(frozen=True)
class Reading:
    """The meter of one connection at one moment."""

    requests: int
    ends_at: datetime
    # None when the instance names no rule.
    limit: int | None = None
    rule: str = ""
    blocked_until: datetime | None = None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.requests)

    @property
    def high(self) -> int:
        """Where the gauge turns to a warning."""
        return (self.limit or 0) * 4 // 5

    @property
    def pause(self) -> timedelta:
        """How long the next poll should wait, so that the hour is not used up."""
        now = timezone.now()
        if self.blocked_until:
            return self.blocked_until - now
        if self.left is None:
            return timedelta()
        rest = max(timedelta(), self.ends_at - now)
        polls = self.left * _POLL_SHARE / _POLL_COST
        return rest / polls if polls >= 1 else rest


def note(connection_pk: int, named: RateLimit | None) -> None:
    """Count one request, and keep what its answer said about a rule."""
    with _lock:
        lot = _lots.setdefault(connection_pk, _Lot())
        lot.requests += 1
        lot.named = named or lot.named
        is_due = lot.is_due or (named is not None and named.is_reached)
    if is_due:
        flush(connection_pk)


def flush(connection_pk: int) -> None:
    """Write what this process has counted."""
    with _lock:
        lot = _lots.get(connection_pk)
        if lot is None or not lot.requests:
            return
        _lots[connection_pk] = _Lot(time.monotonic())
    try:
        _write(connection_pk, lot)
    except DatabaseError:
        # The request itself went well: its caller must not fail for the meter's sake.
        logger.warning("requests of connection %s not counted", connection_pk)


def forget() -> None:
    """Drop what was counted and not written."""
    _lots.clear()


def reading(connection: Connection) -> Reading | None:
    """Return what the meter shows, or None when nothing was counted yet."""
    row = RequestBudget.objects.filter(connection=connection).first()
    return _read(row) if row else None


def pause(connection: Connection) -> timedelta:
    """Return how long to wait before the next poll, zero if the hour allows it."""
    flush(connection.pk)
    meter = reading(connection)
    return meter.pause if meter else timedelta()


def _read(row: RequestBudget) -> Reading:
    now = timezone.now()
    is_over = row.ends_at <= now
    is_known = row.named_at is not None and now - row.named_at < LIMIT_LASTS
    is_blocked = row.blocked_until is not None and row.blocked_until > now
    return Reading(
        requests=0 if is_over else row.requests,
        ends_at=_full_hour(now) if is_over else row.ends_at,
        limit=row.limit if is_known else None,
        rule=row.rule if is_known else "",
        blocked_until=row.blocked_until if is_blocked else None,
    )


def _write(connection_pk: int, lot: _Lot) -> None:
    now = timezone.now()
    rows = RequestBudget.objects.filter(connection_id=connection_pk)
    values = _named(lot.named, now) if lot.named else {}
    is_written = (
        _add(rows, now, lot.requests, values)
        or _turn(rows, now, lot.requests, values)
        or _begin(connection_pk, now, lot.requests, values)
    )
    if not is_written:
        # Another process began the hour in between.
        _add(rows, now, lot.requests, values)


def _add(rows: _Rows, now: datetime, requests: int, values: dict[str, Any]) -> int:
    running = rows.filter(ends_at__gt=now)
    return running.update(**{**values, "requests": F("requests") + requests})


def _turn(rows: _Rows, now: datetime, requests: int, values: dict[str, Any]) -> int:
    over = rows.filter(ends_at__lte=now)
    fresh = {"ends_at": _full_hour(now), "requests": requests}
    return over.update(**{**fresh, **values})


def _begin(pk: int, now: datetime, requests: int, values: dict[str, Any]) -> bool:
    if not Connection.objects.filter(pk=pk).exists():
        return True
    fresh = {"ends_at": _full_hour(now), "requests": requests}
    _, is_new = RequestBudget.objects.get_or_create(
        connection_id=pk, defaults={**fresh, **values}
    )
    return is_new


def _named(named: RateLimit, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "limit": named.limit,
        "rule": named.rule,
        "named_at": now,
    }
    # Another clock may run ahead; a rule's hour never lasts longer than ours.
    ends_at = named.resets_at and min(named.resets_at, now + HOUR)
    if ends_at and ends_at > now:
        values["ends_at"] = ends_at
    if named.is_reached:
        wait = named.retry_after
        values["blocked_until"] = ends_at if wait is None else now + _bounded(wait)
    return values


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(seconds, HOUR.total_seconds()))


def _full_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + HOUR
