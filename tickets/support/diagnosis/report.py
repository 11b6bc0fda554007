"""The diagnosis as plain text, to hand on; without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from connector.redaction import hide
from tickets.support.diagnosis.lines import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickets.support.diagnosis.diagnosis import Diagnosis, Row
    from tickets.support.diagnosis.findings import Finding, Line

WORDS = {
    "happens": "HAPPENS",
    "expected": "WILL",
    "unknown": "?",
    "absent": "ok",
}


def of(diagnosis: Diagnosis) -> str:
    """Return the report of one repository."""
    lines = [
        *_head(diagnosis),
        "",
        _("WHAT IS WRONG NOW"),
        *_causes(diagnosis),
        "",
        _("THE SIXTEEN SITUATIONS"),
        *(line for row in diagnosis.rows for line in _row(row)),
        "",
        _("WHAT CANNOT BE TOLD FROM HERE"),
        *(f"- {one.cause.title}: {_reason(one)}" for one in diagnosis.open),
    ]
    repository = diagnosis.repository
    secrets = (repository.client_secret, repository.rest_password)
    return hide("\n".join(lines), [one for one in secrets if one])


def _head(diagnosis: Diagnosis) -> Iterator[str]:
    known, repository = diagnosis.known, diagnosis.repository
    setup = known.setup.label if known.setup else "?"
    looked_at = known.sight.at
    yield _("Microsoft 365 support integration: diagnosis")
    yield f"{_('Repository')}: {repository.repository_id}, {repository.host}"
    yield f"{_('Set-up')}: {setup}"
    yield f"{_('Connector URL')}: {known.base_url}"
    looked = moment(looked_at.isoformat()) if looked_at else _("never")
    yield f"{_('Instance looked at')}: {looked}"
    yield f"{_('Written')}: {timezone.now():%Y-%m-%d %H:%M:%S} UTC"


def _causes(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.present:
        yield _("Nothing is known to be wrong.")
    for number, finding in enumerate(diagnosis.present, 1):
        yield f"{number}. {finding.cause.title}"
        yield f"   {finding.told}"
        for line in finding.evidence:
            yield from _evidence(line)
        for step in finding.steps:
            yield f"   > {step.plain}"
        yield f"   {_('Who')}: {finding.cause.owner}"
        numbers = ", ".join(str(one) for one in finding.situations)
        yield f"   {_('Situations')}: {numbers}"


def _evidence(line: Line) -> Iterator[str]:
    yield f"   - {line.text}"
    if line.words:
        yield f"     “{' '.join(line.words.split())}”"


def _row(row: Row) -> Iterator[str]:
    situation = row.situation
    message = f": “{situation.message}”" if situation.message else ""
    mark = f"[{WORDS[row.verdict]}]"
    yield f"{mark:10}{situation.number:2} {situation.problem}{message}"
    if row.seen:
        facts = {
            "total": row.seen.total,
            "day": row.seen.in_a_day,
            "first": moment(row.seen.first.isoformat()),
            "last": moment(row.seen.last.isoformat()),
            "by": ", ".join(row.seen.by) or "-",
        }
        seen = _(
            "%(total)s time(s), %(day)s in the last 24 hours; first %(first)s, last %(last)s; by %(by)s"
        )
        yield f"{'':13}{seen % facts}"


def _reason(finding: Finding) -> str:
    return finding.evidence[0].text if finding.evidence else ""
