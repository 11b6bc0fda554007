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

from connector import guidance, report, runs
from connector.budget import Reading, reading
from connector.messages import Explanation, explain
from connector.models import Connection, ProbeRun
from connector.probes import FAILED, OK, UNKNOWN, Finding, probe_of, probes, stored
from connector.probes.catalogue import GROUPS, routine
from connector.probes.findings import read

if TYPE_CHECKING:
    from connector.guidance import NextAction

Status = Connection.Status

# After this the page says that the background worker may be the reason.
_SLOW_AFTER = timedelta(seconds=20)
_HISTORY = 10


@dataclass(frozen=True)
class Round:
    """One round of questions in the history."""

    run: ProbeRun

    @property
    def question(self) -> str:
        """The one question it asked."""
        probe = probe_of(self.run.only)
        return str(probe.question) if probe else self.run.only

    @property
    def counts(self) -> list[tuple[str, int]]:
        return runs.counts(read(self.run.answers))


class Group(NamedTuple):
    """Questions of one kind, with the worst verdict among them."""

    id: str
    name: str
    findings: list[Finding]
    verdict: str


@dataclass(frozen=True)
class Panel:
    """A connection, or none, and what is known about it."""

    connection: Connection | None

    @cached_property
    def run(self) -> ProbeRun | None:
        """The round of questions that is under way."""
        return runs.under_way(self.connection) if self.connection else None

    @property
    def is_authorizing(self) -> bool:
        return bool(self.connection) and self._status == Status.AUTHORIZING

    @property
    def is_checking(self) -> bool:
        return self.run is not None

    @property
    def is_pending(self) -> bool:
        """Whether the page should ask again soon."""
        return self.is_authorizing or self.is_checking

    @property
    def is_slow(self) -> bool:
        """Whether it looks as if nobody worked at what is pending."""
        if self.is_authorizing:
            started = self._authorizing_since
        else:
            started = (
                self.run.started_at if self.run and not self.run.claimed_at else None
            )
        return started is not None and timezone.now() - started > _SLOW_AFTER

    @property
    def was_broken_off(self) -> bool:
        """Whether the last round never ended: its worker died."""
        newest = next(iter(self.history), None)
        if newest is None or newest.run.finished_at or self.is_checking:
            return False
        # What was left open over there is taken up again by itself.
        probe = probe_of(newest.run.only)
        return probe is None or not probe.on_request

    @property
    def done(self) -> int:
        """How many questions of the round under way have an answer."""
        return len(self.run.answers) if self.run else 0

    @property
    def total(self) -> int:
        """How many questions the round under way asks."""
        return 1 if self.run and self.run.only else len(routine())

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
        address = reverse("connector:setup_status")
        if self.connection is None or self.connection.is_default:
            return address
        return f"{address}?{urlencode({'connection': self.connection.pk})}"

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

    @cached_property
    def findings(self) -> list[Finding]:
        """What is known; good news from before the connection broke is none."""
        known = {finding.id: finding for finding in self._stored()}
        if self.run:
            known |= {finding.id: finding for finding in read(self.run.answers)}
        return [known[probe.id] for probe in probes() if probe.id in known]

    @property
    def is_outdated(self) -> bool:
        """Whether nothing was asked since the connection broke."""
        return any(finding.code == "not_asked_since" for finding in self.findings)

    def _stored(self) -> list[Finding]:
        known = stored(self.connection) if self.connection else []
        was_good = not any(finding.verdict == FAILED for finding in known)
        if self._status == Status.BROKEN and was_good:
            return [
                Finding(finding.id, UNKNOWN, "not_asked_since") for finding in known
            ]
        return known

    @property
    def troubles(self) -> list[Finding]:
        """What failed or gives cause for a warning."""
        return [finding for finding in self.findings if finding.is_trouble]

    @property
    def counts(self) -> list[tuple[str, int]]:
        return runs.counts(self.findings)

    @cached_property
    def next_action(self) -> NextAction:
        """The one thing to do first."""
        own = [self._connected(), self._cards()]
        return guidance.next_action(self.connection, self.findings, own)

    @property
    def groups(self) -> list[Group]:
        """Every question there is, by what it is about."""
        known = {finding.id: finding for finding in self.findings}
        found: dict[str, list[Finding]] = {name: [] for name in GROUPS}
        found["portal"] = [self._connected(), self._cards()]
        for probe in probes():
            unasked = Finding(probe.id, UNKNOWN, _never(probe.id))
            found[probe.group].append(known.get(probe.id, unasked))
        return [
            Group(name, str(GROUPS[name]), rows, runs.counts(rows)[0][0])
            for name, rows in found.items()
            if rows
        ]

    @cached_property
    def history(self) -> list[Round]:
        """The last rounds, the newest first."""
        if self.connection is None:
            return []
        rows = ProbeRun.objects.filter(connection=self.connection)
        return [Round(run) for run in rows.select_related("asked_by")[:_HISTORY]]

    @property
    def report(self) -> str:
        """Everything above as plain text, without secrets."""
        return report.of(self.connection, self.groups) if self.connection else ""

    def _connected(self) -> Finding:
        connection = self.connection
        if connection is None:
            return Finding("connected", FAILED, "none")
        facts = {"host": connection.host}
        if connection.status == Status.BROKEN:
            words = connection.last_error_words
            return Finding(
                "connected", FAILED, connection.last_error_code, facts, words
            )
        verdicts = {Status.CONNECTED.value: OK, Status.AUTHORIZING.value: UNKNOWN}
        verdict = verdicts.get(connection.status, FAILED)
        return Finding("connected", verdict, connection.status, facts)

    def _cards(self) -> Finding:
        if self.connection and self.connection.cards_enabled:
            return Finding("cards", OK, "on")
        return Finding("cards", FAILED, "off")


def _never(name: str) -> str:
    """Return the code of a question that was not asked yet."""
    probe = probe_of(name)
    return "on_request" if probe and probe.on_request else "not_asked_yet"
