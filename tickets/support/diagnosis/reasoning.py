"""What the verdicts have in common: evidence from calls, checks, guide and instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.sight import Blind
from tickets.support.guides import guide_for
from tickets.support.verdicts import FAILED, OK, UNKNOWN, WARNING, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.history import Refused
    from tickets.support.diagnosis.known import Known
    from tickets.support.models import RepositoryCheck


def at(moment: datetime | None) -> dict[str, str]:
    """Return a moment as a fact of a line."""
    return {"at": moment.isoformat() if moment else ""}


def refusal_lines(refused: Refused | None) -> tuple[Line, ...]:
    """Return the calls that failed in the same way as evidence."""
    if refused is None:
        return ()
    told = Line(
        "refused",
        {
            "total": refused.total,
            "day": refused.in_a_day,
            "first_at": refused.first.isoformat(),
            "last_at": refused.last.isoformat(),
            "purposes": ", ".join(refused.purposes),
            "by": ", ".join(refused.by[:10]) or "-",
        },
        refused.words,
    )
    if not refused.request_ids:
        return (told,)
    return told, Line("request_ids", {"ids": ", ".join(refused.request_ids)})


def guide_lines(known: Known, *parts: str) -> list[Line]:
    """Return what the guide says of its steps whose ids begin like this."""
    if known.setup is None:
        return []
    found = [
        step
        for step in guide_for(known.setup).all_steps
        if step.id.startswith(parts) and not step.is_optional
    ]
    lines = []
    for step in found:
        row = known.steps.get(step.id)
        facts = {"step": str(step.title)}
        if row and row.done_at:
            facts |= {"who": row.done_by_name or "-", **at(row.done_at)}
            lines.append(Line("step_done", facts))
        else:
            lines.append(Line("step_open", facts))
    return lines


def check_line(row: RepositoryCheck) -> Line:
    """Return a live check as evidence."""
    shown = Shown(row.check_id, row)
    facts = {"question": shown.question, "answer": shown.answer, **at(row.checked_at)}
    return Line("check", facts, row.evidence)


def by_check(
    known: Known,
    cause_id: str,
    check_id: str,
    codes: Iterable[str] = (),
    *,
    is_of_calls: bool = True,
) -> Finding:
    """Judge by a live check: one that failed, with one of these codes if any are named.

    A call that was let in since then says more than a check of what calls need, and
    than one that could not look.
    """
    row = known.checks.get(check_id)
    let_in = known.history.let_in if is_of_calls else None
    if let_in and not _is_newer(row, let_in):
        return absent(cause_id, Line("call_came", at(let_in)))
    if row is None:
        return unknown(cause_id, Blind("not_asked").line)
    wanted = tuple(codes)
    is_meant = row.code in wanted if wanted else row.verdict == FAILED
    if row.verdict in {FAILED, WARNING} and is_meant:
        facts = {name: str(value) for name, value in row.facts.items()}
        return present(cause_id, check_line(row), since=row.checked_at, facts=facts)
    if row.verdict in {OK, FAILED, WARNING}:
        return absent(cause_id, check_line(row))
    return unknown(cause_id, check_line(row))


def _is_newer(row: RepositoryCheck | None, let_in: datetime) -> bool:
    """Say whether a check has found something out since the call."""
    if row is None or row.checked_at is None or row.verdict == UNKNOWN:
        return False
    return row.checked_at >= let_in


def call_lines(known: Known) -> tuple[Line, ...]:
    """Return whether calls come at all."""
    last = known.history.last
    return (Line("call_came", at(last)) if last else Line("none_came"),)
