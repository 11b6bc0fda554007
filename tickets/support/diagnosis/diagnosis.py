"""The diagnosis of a repository: what is wrong now, and each of the sixteen situations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tickets.support.diagnosis import (
    judging_again,
    judging_calls,
    judging_setup,
    judging_tab,
    judging_way,
    judging_writing,
    occurrences,
    runs,
)
from tickets.support.diagnosis.catalogue import CAUSES
from tickets.support.diagnosis.findings import ABSENT, PRESENT, UNKNOWN
from tickets.support.diagnosis.known import Known
from tickets.support.diagnosis.situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.history import Refused
    from tickets.support.diagnosis.models import DiagnosisRun
    from tickets.support.diagnosis.situations import Situation
    from tickets.support.models import Repository

    Judge = Callable[[Known], Finding]

# As many causes are named in a row of the table.
_NAMED = 2

JUDGES: dict[str, Judge] = {
    **judging_setup.JUDGES,
    **judging_tab.JUDGES,
    **judging_way.JUDGES,
    **judging_calls.JUDGES,
    **judging_again.JUDGES,
    **judging_writing.JUDGES,
}


@dataclass(frozen=True)
class Row:
    """One of the sixteen situations with its verdict."""

    situation: Situation
    # The causes that lead to it now, and those that may.
    causes: Sequence[Finding]
    open_causes: Sequence[Finding]
    # The calls that led to it, in the days the log goes back.
    seen: Refused | None

    @property
    def first_causes(self) -> Sequence[Finding]:
        """Those a narrow column has room for; all of them stand above the table."""
        return self.causes[:_NAMED]

    @property
    def further(self) -> int:
        """How many causes are not among the first."""
        return max(0, len(self.causes) - _NAMED)

    @property
    def verdict(self) -> str:
        """What the row says: happens, expected, unknown or absent."""
        if self.causes:
            return "happens" if self.seen else "expected"
        return UNKNOWN if self.open_causes else ABSENT


class Diagnosis:
    """All verdicts on one repository, drawn when they are asked for.

    The portal's own part (settings, guide, log of calls) is as it is now; what the
    instance showed is as old as the last examination.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.run: DiagnosisRun | None = runs.latest(repository)
        self.known = Known(repository, runs.finished(repository))

    @cached_property
    def findings(self) -> dict[str, Finding]:
        """The verdict on every cause, with the values its texts name."""
        return {cause_id: self._judged(cause_id) for cause_id in CAUSES}

    def _judged(self, cause_id: str) -> Finding:
        found = JUDGES[cause_id](self.known)
        return replace(found, facts={**self.known.texts, **found.facts})

    @cached_property
    def present(self) -> list[Finding]:
        """The causes that are what is wrong now, those that hide others first."""
        return sorted(self._with(PRESENT), key=lambda one: one.cause.is_personal)

    @cached_property
    def open(self) -> list[Finding]:
        """The causes that cannot be told from here."""
        return self._with(UNKNOWN)

    @property
    def is_well(self) -> bool:
        """Whether calls come and nothing is known to be in their way."""
        return not self.present and self.known.history.succeeded() is not None

    @cached_property
    def refused_today(self) -> int:
        """How many calls were not answered with success in the last 24 hours."""
        tallies = self.known.history.tallies
        return sum(one.in_a_day for one in tallies if not one.is_good)

    def _with(self, verdict: str) -> list[Finding]:
        return [one for one in self.findings.values() if one.verdict == verdict]

    @cached_property
    def rows(self) -> list[Row]:
        """The sixteen situations."""
        seen = occurrences.of(self.known.history)
        return [
            Row(
                one,
                [f for f in self.present if one.number in f.situations],
                [f for f in self.open if one.number in f.situations],
                seen.get(one.number),
            )
            for one in SITUATIONS
        ]
