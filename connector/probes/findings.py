"""What a probe found out: a verdict, the facts, and the remote's own words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from connector.exceptions import Evidence
from connector.probes import texts
from connector.probes.catalogue import OWNERS, probe_of
from connector.redaction import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connector.exceptions import ConnectorError
    from connector.probes.catalogue import Probe
    from connector.probes.texts import Step

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
VERDICTS = (FAILED, WARNING, UNKNOWN, OK)


@dataclass(frozen=True)
class Finding:
    """One answered question; texts are made when it is shown.

    `code` names the answer (or an error), `facts` fill it, `evidence` is what the
    other side said word for word, `at` is an ISO date-time.
    """

    id: str
    verdict: str
    code: str
    facts: dict[str, str] = field(default_factory=dict)
    evidence: str = ""
    request_id: str = ""
    at: str = ""

    @property
    def probe(self) -> Probe | None:
        return probe_of(self.id)

    @property
    def question(self) -> str:
        return str(self.probe.question) if self.probe else texts.question_of(self.id)

    @property
    def answer(self) -> str:
        return texts.answer_of(self.id, self.code, self.facts)

    @property
    def steps(self) -> list[Step]:
        """What to do about it, or how to find out by hand; nothing when all is well."""
        if self.verdict == OK:
            return []
        return texts.steps_of(self.id, self.code, self.facts)

    @property
    def action(self) -> str:
        """The portal's own part of the repair: a name of guidance.BUTTONS, or ""."""
        return texts.action_of(self.id, self.code) if self.is_trouble else ""

    @property
    def owner(self) -> str:
        """Who can do it."""
        by_text = texts.owner_of(self.id, self.code)
        key = by_text or (self.probe.owner if self.probe else "security")
        return str(OWNERS[key])

    @property
    def link(self) -> str:
        """The path of the page in the instance where it is mended, or ""."""
        return self.probe.link if self.probe else ""

    @property
    def page(self) -> str:
        """The address of the portal's page where it is mended, or ""."""
        name = self.probe.page if self.probe else ""
        return reverse(name) if name else ""

    @property
    def is_trouble(self) -> bool:
        return self.verdict in {FAILED, WARNING}

    @property
    def is_open(self) -> bool:
        """Whether only somebody else can tell."""
        return self.verdict == UNKNOWN

    @property
    def asked_at(self) -> datetime | None:
        return parse_datetime(self.at) if self.at else None

    @property
    def was_not_asked(self) -> bool:
        return self.code in texts.UNASKED

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_FIELDS = {one.name for one in fields(Finding)}


def read(rows: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Return findings as they were stored, in any version's shape."""
    known = [
        {name: row[name] for name in row.keys() & _FIELDS}
        for row in rows
        if probe_of(row.get("id", ""))
    ]
    return [Finding(**values) for values in known]


def ok(code: str, evidence: str = "", **facts: object) -> Finding:
    """Return that all is well."""
    return _made(OK, code, evidence, facts)


def warning(code: str, evidence: str | Evidence = "", **facts: object) -> Finding:
    """Return that it works, but not as it should or not for long."""
    return _made(WARNING, code, evidence, facts)


def failed(code: str, evidence: str | Evidence = "", **facts: object) -> Finding:
    """Return that this is in the way."""
    return _made(FAILED, code, evidence, facts)


def unknown(code: str, evidence: str | Evidence = "", **facts: object) -> Finding:
    """Return that the question cannot be answered from here."""
    return _made(UNKNOWN, code, evidence, facts)


def failed_by(error: ConnectorError, **facts: object) -> Finding:
    """Return that an error is in the way."""
    return failed(error.code, error.evidence, **facts)


def unanswered(error: ConnectorError, **facts: object) -> Finding:
    """Return that an error kept the answer from coming."""
    return unknown(error.code, error.evidence, **facts)


def _made(
    verdict: str, code: str, evidence: str | Evidence, facts: Mapping[str, object]
) -> Finding:
    told = {name: str(value)[:300] for name, value in facts.items()}
    if isinstance(evidence, Evidence):
        return Finding("", verdict, code, told, evidence.words, evidence.request_id)
    return Finding("", verdict, code, told, clean(evidence))
