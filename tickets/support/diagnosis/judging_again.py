"""Verdicts on reopening: whether what belongs to an incident is recorded under another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tickets.support.diagnosis import records
from tickets.support.diagnosis.findings import Line, absent, present
from tickets.support.diagnosis.reasoning import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.known import Known
    from tickets.support.diagnosis.records import Record

    Judge = Callable[[Known], Finding]


def recorded_elsewhere(known: Known) -> Finding:
    """Judge whether incidents are known by two repositories, or by two sys_ids."""
    cause_id = "recorded_elsewhere"
    mine = records.of_repository(known.repository)
    there = records.elsewhere(mine, known.repository)
    before = records.renamed(mine)
    found = there + before
    if not found:
        return absent(cause_id, Line("records_fit"))
    named = ", ".join(sorted({one.number or one.sys_id for one in found})[:10])
    lines = [_line(one) for one in found[:5]]
    situations = {15 if one.is_request else 14 for one in found}
    return present(
        cause_id,
        *lines,
        situations=sorted(situations),
        since=found[-1].at,
        facts={"records": named},
    )


def _line(one: Record) -> Line:
    what = one.reference if one.is_request else _("a search")
    facts = {
        "what": what,
        "incident": one.number or "-",
        "sys_id": one.sys_id,
        "repository": str(one.repository or _("a removed repository")),
        **at(one.at),
    }
    return Line("recorded", facts)


JUDGES: dict[str, Judge] = {"recorded_elsewhere": recorded_elsewhere}
