"""The state of a connection as the pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from connector.budget import Reading, reading
from connector.messages import Explanation, explain
from connector.models import Connection
from connector.probes import FAILED, OK, UNKNOWN, Probe, stored

if TYPE_CHECKING:
    from django.http import HttpRequest

Status = Connection.Status

# After this the page says that the background worker may be the reason.
_SLOW_AFTER = timedelta(seconds=20)
# After this the page stops asking.
_PATIENCE = timedelta(seconds=90)
_PROVISIONING = ("token", "owner", "task", "change_request", "incident")


class Step(NamedTuple):
    """One step of the set-up, for ui/steps.html."""

    label: str
    state: str
    href: str = ""


@dataclass(frozen=True)
class Panel:
    """A connection (or none), and the check that was asked for at `since`."""

    connection: Connection | None
    since: datetime | None = None

    @classmethod
    def of(cls, request: HttpRequest, connection: Connection | None) -> Panel:
        """Return the panel for a page; its address may name a check under way."""
        try:
            since = parse_datetime(request.GET.get("since", ""))
        except ValueError:
            since = None
        if since is not None and timezone.is_naive(since):
            since = None
        return cls(connection, since)

    @property
    def is_authorizing(self) -> bool:
        return bool(self.connection) and self._status == Status.AUTHORIZING

    @property
    def is_checking(self) -> bool:
        if self.connection is None or self.since is None:
            return False
        checked_at = self.connection.checked_at
        is_done = checked_at is not None and checked_at >= self.since
        return not is_done and timezone.now() - self.since < _PATIENCE

    @property
    def is_pending(self) -> bool:
        """Whether the page should ask again soon."""
        return self.is_authorizing or self.is_checking

    @property
    def is_slow(self) -> bool:
        started = self._authorizing_since if self.is_authorizing else self.since
        return (
            self.is_pending
            and started is not None
            and timezone.now() - started > _SLOW_AFTER
        )

    @property
    def _authorizing_since(self) -> datetime | None:
        pending = (self.connection and self.connection.pending_code) or {}
        return parse_datetime(pending.get("at", ""))

    @property
    def _status(self) -> str:
        return self.connection.status if self.connection else ""

    @property
    def is_authorized(self) -> bool:
        return self._status in {Status.CONNECTED, Status.BROKEN}

    @property
    def poll_url(self) -> str:
        query = {"since": self.since.isoformat()} if self.since else {}
        if self.connection:
            query["connection"] = str(self.connection.pk)
        return f"{reverse('connector:setup_status')}?{urlencode(query)}"

    @property
    def error(self) -> Explanation | None:
        """What went wrong last, unless an authorization is under way."""
        if not self.connection or self.is_authorizing:
            return None
        code = self.connection.last_error_code
        return explain(code) if code else None

    @cached_property
    def budget(self) -> Reading | None:
        """The requests of the hour that runs."""
        return reading(self.connection) if self.connection else None

    @property
    def probes(self) -> list[Probe]:
        """What was checked last; good news from before the connection broke is none."""
        known = stored(self.connection) if self.connection else []
        was_good = not any(probe.verdict == FAILED for probe in known)
        if self._status == Status.BROKEN and was_good:
            return [Probe(probe.id, UNKNOWN, "not_asked_since") for probe in known]
        return known

    @property
    def steps(self) -> list[Step]:
        """The way from nothing to a connection."""
        place = self._place()
        labels = [
            _("Prepare ServiceNow"),
            _("Enter the details"),
            _("Authorize"),
            _("Connected"),
        ]
        return [
            Step(label, "done" if n < place else "current" if n == place else "todo")
            for n, label in enumerate(labels)
        ]

    def _place(self) -> int:
        if self.connection is None:
            return 0
        return 4 if self._status == Status.CONNECTED else 2

    @property
    def provisioning(self) -> list[Probe]:
        """What must be in order for cards and sharing, step by step."""
        known = {probe.id: probe for probe in self.probes}
        return [
            self._connected(),
            *(
                known.get(name, Probe(name, UNKNOWN, "not_asked_yet"))
                for name in _PROVISIONING
            ),
            self._cards(),
        ]

    def _connected(self) -> Probe:
        connection = self.connection
        if connection is None:
            return Probe("connected", FAILED, "none")
        facts = {"host": connection.host}
        if connection.status == Status.BROKEN:
            words = connection.last_error_words
            return Probe("connected", FAILED, connection.last_error_code, facts, words)
        verdicts = {Status.CONNECTED.value: OK, Status.AUTHORIZING.value: UNKNOWN}
        verdict = verdicts.get(connection.status, FAILED)
        return Probe("connected", verdict, connection.status, facts)

    def _cards(self) -> Probe:
        if self.connection and self.connection.cards_enabled:
            return Probe("cards", OK, "on")
        return Probe("cards", FAILED, "off")
