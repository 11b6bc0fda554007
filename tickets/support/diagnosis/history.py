"""The inbound calls of a repository, counted by purpose, outcome and agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tickets.support.models import Repository

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
# Of the newest failures the words and request IDs are read.
_NEWEST = 200
_GROUPED = ("purpose", "status", "code", "user_name", "occasion")

TOKEN_CODES = (
    *("token_missing", "token_malformed", "token_algorithm", "token_signature"),
    *("token_expired", "token_not_yet_valid", "token_issuer", "token_audience"),
    *("token_tenant", "token_application", "token_not_application"),
)
KEY_CODES = ("signing_keys_pending", "signing_keys_unavailable")
AT_THE_DOOR = frozenset((*TOKEN_CODES, *KEY_CODES))


class Tally(NamedTuple):
    """Calls of one purpose with one outcome by one agent."""

    purpose: str
    status: int | None
    code: str
    user_name: str
    # What the agent did, where the app says it.
    occasion: str
    first: datetime
    last: datetime
    in_a_day: int
    total: int

    @property
    def is_good(self) -> bool:
        return self.status is not None and self.status < 400


@dataclass(frozen=True)
class Refused:
    """Calls that failed in the same way, as evidence."""

    first: datetime
    last: datetime
    in_a_day: int
    total: int
    # Agents by name, or else the addresses the calls came from.
    by: tuple[str, ...]
    purposes: tuple[str, ...]
    words: str
    request_ids: tuple[str, ...]


class History:
    """What the portal's own log says of the calls of one repository."""

    def __init__(self, repository: Repository) -> None:
        self._calls = ConnectorCall.objects.filter(
            repository=repository, direction=ConnectorCall.Direction.INBOUND
        )

    @cached_property
    def tallies(self) -> list[Tally]:
        """All calls that are still in the log."""
        return self._counted(Q())

    def _counted(self, wanted: Q) -> list[Tally]:
        day = Q(at__gte=timezone.now() - DAY)
        rows = (
            self._calls.filter(wanted)
            .order_by()
            .values(*_GROUPED)
            .annotate(
                first=Min("at"),
                last=Max("at"),
                in_a_day=Count("pk", filter=day),
                total=Count("pk"),
            )
            .values_list(*_GROUPED, "first", "last", "in_a_day", "total")
        )
        return [Tally(*row) for row in rows]

    @cached_property
    def failures(self) -> list[ConnectorCall]:
        """The newest failures, newest first."""
        failed = self._calls.filter(Q(status=None) | Q(status__gte=400))
        return list(failed[:_NEWEST])

    @property
    def last(self) -> datetime | None:
        """When the last call came, whatever became of it."""
        return self.newest(lambda _tally: True)

    def newest(self, wanted: Callable[[Tally], bool]) -> datetime | None:
        """Return when the last of the wanted calls came."""
        return max((one.last for one in self.tallies if wanted(one)), default=None)

    @property
    def let_in(self) -> datetime | None:
        """When the last call came whose token was accepted."""
        return self.newest(lambda one: one.code not in AT_THE_DOOR)

    def answered(self, status: int, begin: datetime, end: datetime) -> bool:
        """Say whether a call was answered so in this time."""
        return self._calls.filter(status=status, at__range=(begin, end)).exists()

    def succeeded(
        self, purposes: Iterable[str] = (), user_name: str | None = None
    ) -> datetime | None:
        """Return when the last call succeeded, of these purposes, of this agent."""
        wanted = frozenset(purposes)
        return self.newest(
            lambda one: (
                one.is_good
                and (not wanted or one.purpose in wanted)
                and (user_name is None or one.user_name == user_name)
            )
        )

    def refused(
        self, wanted: Callable[[Tally], bool], after: datetime | None = None
    ) -> Refused | None:
        """Return the wanted failures put together; `after` narrows since when."""
        rows = self._counted(Q(at__gt=after)) if after else self.tallies
        tallies = [one for one in rows if not one.is_good and wanted(one)]
        if not tallies:
            return None
        calls = [one for one in self.failures if wanted(as_tally(one))]
        if after:
            calls = [one for one in calls if one.at > after]
        return Refused(
            first=min(one.first for one in tallies),
            last=max(one.last for one in tallies),
            in_a_day=sum(one.in_a_day for one in tallies),
            total=sum(one.total for one in tallies),
            by=_by(tallies, calls),
            purposes=_unique(one.purpose for one in tallies),
            words=next((one.words for one in calls if one.words), ""),
            request_ids=_unique(one.request_id for one in calls)[:3],
        )


def as_tally(call: ConnectorCall) -> Tally:
    """Return one call as if it were counted."""
    return Tally(
        *(call.purpose, call.status, call.code, call.user_name, call.occasion),
        *(call.at, call.at, 0, 1),
    )


def _by(tallies: list[Tally], calls: list[ConnectorCall]) -> tuple[str, ...]:
    names = _unique(one.user_name for one in tallies)
    return names or _unique(one.ip_address for one in calls)


def _unique(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values if value))
