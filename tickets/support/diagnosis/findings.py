"""What was found out about a cause: a verdict, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tickets.support.diagnosis import lines
from tickets.support.diagnosis.catalogue import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connector.probes.texts import Step
    from tickets.support.diagnosis.causes import Cause

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"


@dataclass(frozen=True)
class Line:
    """One piece of evidence; its text is made when it is shown.

    `words` is what the other side said word for word.
    """

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    words: str = ""

    @property
    def text(self) -> str:
        return lines.text_of(self.code, self.facts)


@dataclass(frozen=True)
class Finding:
    """The verdict on one cause.

    `situations` are those of the cause that are meant now; `facts` fill its texts.
    """

    id: str
    verdict: str
    evidence: tuple[Line, ...] = ()
    situations: tuple[int, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def cause(self) -> Cause:
        return CAUSES[self.id]

    @property
    def is_present(self) -> bool:
        return self.verdict == PRESENT

    @property
    def is_unknown(self) -> bool:
        return self.verdict == UNKNOWN

    @property
    def told(self) -> str:
        return self.cause.told(self.facts)

    @property
    def steps(self) -> list[Step]:
        return self.cause.steps(self.facts)


def present(
    cause_id: str,
    *evidence: Line,
    situations: Iterable[int] | None = None,
    since: datetime | None = None,
    facts: Mapping[str, str] | None = None,
) -> Finding:
    """Return that this is what is wrong."""
    meant = CAUSES[cause_id].situations if situations is None else tuple(situations)
    return Finding(cause_id, PRESENT, evidence, meant, facts or {}, since)


def absent(cause_id: str, *evidence: Line) -> Finding:
    """Return that it is not this."""
    return Finding(cause_id, ABSENT, evidence, CAUSES[cause_id].situations)


def unknown(cause_id: str, *evidence: Line) -> Finding:
    """Return that it cannot be told from here."""
    return Finding(cause_id, UNKNOWN, evidence, CAUSES[cause_id].situations)
