"""One round of questions: asks the instance everything once, in bounded time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from django.conf import settings
from django.utils import timezone

from connector import addresses, http, tokens
from connector.exceptions import ConnectorError
from connector.probes import findings
from connector.probes.findings import FAILED, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from datetime import datetime

    from connector.models import Connection
    from connector.probes.catalogue import Probe
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.limits import RateLimit
    from connector.servicenow.query import Query
    from connector.servicenow.records import Page, Record

_T = TypeVar("_T")

# No question is begun later than this, and none waits longer: under a minute in all.
LONGEST = 40.0
PATIENCE = 10.0
# A rule of 100 requests an hour must survive a check.
MOST_REQUESTS = 25


class Exhausted(Exception):
    """The time or the requests of the round are used up; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unsettled(Exception):
    """Something is still open over there; the same round is to be taken up later."""


class Examination:
    """What a round has learnt so far; every request is made at most once."""

    def __init__(
        self,
        connection: Connection,
        *,
        run_key: str = "",
        keep: Callable[[Finding], None] = lambda _: None,
        before: Iterable[Finding] = (),
    ) -> None:
        self.connection = connection
        # Names the round over there, should it have to be found again.
        self.run_key = run_key
        self._keep = keep
        # What an earlier attempt at this very round wrote down.
        self.before = {finding.id: finding for finding in before}
        self.findings: dict[str, Finding] = {}
        self.requests = 0
        self.rate: RateLimit | None = None
        self.release = ""
        # Who the token belongs to, when the instance said.
        self.owner: Record | None = None
        # What kept the round from being made, if anything did.
        self.error: ConnectorError | None = None
        self._memo: dict[Hashable, object] = {}
        self._ends_at = time.monotonic() + LONGEST

    def ask(self, probes: Iterable[Probe]) -> Iterator[Finding]:
        """Yield the findings of these probes as they come; raises no ConnectorError."""
        for probe in probes:
            finding = replace(
                self._asked(probe), id=probe.id, at=timezone.now().isoformat()
            )
            self.findings[probe.id] = finding
            yield finding

    def _asked(self, probe: Probe) -> Finding:
        obstacle = next(filter(self.is_blocked, probe.needs), "")
        if obstacle:
            self._settle(probe)
            return findings.unknown("not_asked", because=obstacle)
        try:
            return probe.ask(self)
        except ConnectorError as error:
            self._settle(probe)
            return findings.unanswered(error)
        except Exhausted as reason:
            self._settle(probe)
            return findings.unknown(reason.code)

    def _settle(self, probe: Probe) -> None:
        """Make sure that nothing is forgotten that was left open over there."""
        if probe.on_request and probe.id in self.before:
            raise Unsettled

    def keep(self, finding: Finding) -> None:
        """Write down, before anything is done over there, what this round is about."""
        self.before[finding.id] = finding
        self._keep(finding)

    def is_blocked(self, name: str) -> bool:
        """Whether a question failed, or was not asked because another one failed."""
        finding = self.findings.get(name)
        return finding is not None and (
            finding.verdict == FAILED or finding.code == "not_asked"
        )

    def once(self, key: Hashable, ask: Callable[[], _T]) -> _T:
        """Return what `ask` returned or raised the first time."""
        if key not in self._memo:
            try:
                self._memo[key] = ask()
            except ConnectorError as error:
                self._memo[key] = error
        found = self._memo[key]
        if isinstance(found, ConnectorError):
            raise found
        return cast("_T", found)

    def spend(self) -> None:
        """Make sure that one more request may be made; raises Exhausted."""
        if time.monotonic() > self._ends_at:
            raise Exhausted("out_of_time")
        if self.requests >= MOST_REQUESTS:
            raise Exhausted("out_of_requests")

    def client(self) -> ServiceNow:
        """Return a client whose next request is counted here; raises Exhausted."""
        self.spend()
        return tokens.servicenow(
            self.connection, timeout=self.timeout, meter=self._count
        )

    @property
    def timeout(self) -> tuple[float, float]:
        patience = min(settings.HTTP_READ_TIMEOUT, PATIENCE)
        return settings.HTTP_CONNECT_TIMEOUT, patience

    def _count(self, named: RateLimit | None) -> None:
        self.requests += 1
        self.rate = named or self.rate

    def rows(
        self, table: str, query: Query | str, fields: Sequence[str], limit: int = 200
    ) -> Page:
        """Return rows as the integration user sees them."""
        return self.once(
            (table, str(query), tuple(fields)),
            lambda: self.client().list(table, query, fields=fields, limit=limit),
        )

    def visit(
        self, path: str, params: dict[str, str], accept: str
    ) -> tuple[http.Answer, datetime]:
        """Return what anybody is told at a path of the instance, and when."""

        def ask() -> tuple[http.Answer, datetime]:
            self.spend()
            self.requests += 1
            base_url = self.connection.base_url
            session = http.session(private_ok=addresses.is_sandbox(base_url))
            headers = {"Accept": accept}
            call = http.Call("GET", f"{base_url}{path}", params, headers=headers)
            answer = http.send(session, call, timeout=self.timeout)
            return answer, timezone.now()

        return self.once(path, ask)

    def renew(self) -> None:
        """Have the token endpoint prove that it still knows us; raises what it says."""

        def ask() -> bool:
            self.spend()
            self.requests += 1
            tokens.prove(self.connection)
            return True

        self.once("renewal", ask)
