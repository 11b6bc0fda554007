"""Rounds of questions: asked for by people, carried out by workers, kept for a while."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connector import probes
from connector.models import Connection, ProbeRun
from connector.probes.examination import Examination, Unsettled
from connector.probes.findings import read
from connector.redaction import hide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import User

    from connector.probes import Finding
    from connector.probes.catalogue import Probe

# A round that has not ended by then belongs to a worker that died.
LEASE = timedelta(seconds=90)
KEPT = 20
# How long a round that left something open over there is taken up again.
_RESUMED_FOR = timedelta(days=1)


def begin(
    connection: Connection,
    *,
    asked_by: User | None = None,
    only: str = "",
    anew: bool = False,
) -> ProbeRun:
    """Return a round to be carried out; one under way for the same is not doubled."""
    with transaction.atomic():
        # Two clicks at once must not both find nothing and both begin.
        Connection.objects.select_for_update().get(pk=connection.pk)
        running = under_way(connection, only=only)
        if running and not anew:
            return running
        run = ProbeRun.objects.create(
            connection=connection, asked_by=asked_by, only=only
        )
        _forget_old(connection)
    return run


def under_way(connection: Connection, *, only: str | None = None) -> ProbeRun | None:
    """Return the newest round that is not over, as far as anybody can tell."""
    rows = ProbeRun.objects.unfinished().filter(connection=connection)
    if only is not None:
        rows = rows.filter(only=only)
    found: ProbeRun | None = rows.touched_since(timezone.now() - LEASE).first()
    return found


def _forget_old(connection: Connection) -> None:
    rows = ProbeRun.objects.filter(connection=connection)
    kept = list(rows.values_list("pk", flat=True)[:KEPT])
    # What left something open over there is still needed.
    over = rows.exclude(pk__in=kept).exclude(finished_at=None, only__in=_on_request())
    over.delete()


def _on_request() -> list[str]:
    return [probe.id for probe in probes.probes() if probe.on_request]


def to_resume() -> list[int]:
    """Return rounds whose worker died or waits, and which left something over there."""
    mine = ProbeRun.objects.unfinished().active().filter(only__in=_on_request())
    late = mine.untouched_since(timezone.now() - LEASE)
    return list(late.values_list("pk", flat=True))


def carry_out(run: ProbeRun) -> Examination | None:
    """Ask what is to be asked and keep each finding; None if another worker is at it.

    A round that was broken off begins anew; what a probe kept before is given to it.
    """
    if not _claim(run):
        return None
    examination = Examination(
        run.connection,
        run_key=f"{run.pk} {run.started_at.isoformat()}",
        keep=partial(_keep, run),
        before=read(run.answers),
    )
    try:
        for finding in examination.ask(_plan(run)):
            if _is_told(run, finding):
                _keep(run, finding)
    except Unsettled:
        _leave_open(run)
        return None
    merge(run.connection, read(run.answers), is_whole=not run.only)
    _finish(run)
    return examination


def _leave_open(run: ProbeRun) -> None:
    """Let the round be taken up again later, see to_resume, but not for ever."""
    if timezone.now() - run.started_at > _RESUMED_FOR:
        mine = [one for one in read(run.answers) if one.id == run.only]
        for finding in mine:
            _keep(run, replace(finding, verdict=probes.FAILED, code="given_up"))
        _finish(run)
    merge(run.connection, read(run.answers))


def _claim(run: ProbeRun) -> bool:
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE)
    rows = ProbeRun.objects.unfinished().filter(free, pk=run.pk)
    if not rows.update(claimed_at=now):
        return False
    run.refresh_from_db(fields=["claimed_at", "answers"])
    if not run.only:
        run.answers = []
    return True


def _plan(run: ProbeRun) -> Sequence[Probe]:
    return probes.with_needs([run.only]) if run.only else probes.routine()


def _is_told(run: ProbeRun, finding: Finding) -> bool:
    """Whether a finding belongs to the round, or explains why the one was not asked."""
    return not run.only or finding.id == run.only or finding.verdict == probes.FAILED


def _keep(run: ProbeRun, finding: Finding) -> None:
    others = [row for row in run.answers if row["id"] != finding.id]
    told = finding.as_dict()
    told["evidence"] = hide(told["evidence"], run.connection.secrets)
    run.answers = [*others, told]
    ProbeRun.objects.filter(pk=run.pk).update(answers=run.answers)


def _finish(run: ProbeRun) -> None:
    run.finished_at = timezone.now()
    ProbeRun.objects.filter(pk=run.pk).update(finished_at=run.finished_at)


def merge(
    connection: Connection, found: Iterable[Finding], *, is_whole: bool = False
) -> None:
    """Let these findings replace the connection's older ones of the same probes."""
    fresh = {finding.id: finding.as_dict() for finding in found}
    rows = Connection.objects.select_for_update()
    with transaction.atomic():
        stored = rows.values_list("probes", flat=True).get(pk=connection.pk)
        known = {row["id"]: row for row in stored} | fresh
        values: dict[str, Any] = {
            "probes": [known[p.id] for p in probes.probes() if p.id in known]
        }
        if is_whole:
            values["checked_at"] = timezone.now()
        Connection.objects.filter(pk=connection.pk).update(**values)
    for name, value in values.items():
        setattr(connection, name, value)


def opens_the_way(run: ProbeRun, before: Iterable[Finding]) -> bool:
    """Whether the one question that was asked had kept others from being asked."""
    waited = any(finding.facts.get("because") == run.only for finding in before)
    now = next((row for row in run.answers if row["id"] == run.only), None)
    return waited and now is not None and now["verdict"] != probes.FAILED


def counts(found: Iterable[Finding]) -> list[tuple[str, int]]:
    """Return how many findings there are of each verdict, the bad ones first."""
    numbers = Counter(finding.verdict for finding in found)
    return [
        (verdict, numbers[verdict]) for verdict in probes.VERDICTS if numbers[verdict]
    ]
