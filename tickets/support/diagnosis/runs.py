"""Examinations of an instance: asked for by people, carried out by a worker."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from connector import audit
from tickets.support import call_log, checks, verdicts
from tickets.support.bench import Bench
from tickets.support.diagnosis import instance
from tickets.support.diagnosis.known import hosts
from tickets.support.diagnosis.models import DiagnosisRun
from tickets.support.diagnosis.purposes import EXAMINATION
from tickets.support.guides import guide_for
from tickets.support.models import SupportIntegration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from tickets.support.models import Repository

logger = logging.getLogger(__name__)

# One that has not ended by then belongs to a worker that died.
LEASE = timedelta(seconds=300)
_KEPT = 5
_SLOW_AFTER = timedelta(seconds=40)


def latest(repository: Repository) -> DiagnosisRun | None:
    """Return the newest examination, also one under way."""
    return DiagnosisRun.objects.filter(repository=repository).first()


def finished(repository: Repository) -> DiagnosisRun | None:
    """Return the newest examination that is over."""
    rows = DiagnosisRun.objects.filter(repository=repository)
    return rows.exclude(finished_at=None).first()


def is_under_way(run: DiagnosisRun | None) -> bool:
    """Say whether an answer is still to be expected of it."""
    if run is None or run.finished_at:
        return False
    return DiagnosisRun.objects.under_way(LEASE).filter(pk=run.pk).exists()


def is_slow(run: DiagnosisRun | None) -> bool:
    """Say whether the background worker may be the reason that it takes so long."""
    if run is None or not is_under_way(run):
        return False
    return timezone.now() - (run.claimed_at or run.asked_at) > _SLOW_AFTER


def was_broken_off(run: DiagnosisRun | None) -> bool:
    """Say whether it will not come to its end any more."""
    return run is not None and run.finished_at is None and not is_under_way(run)


def begin(repository: Repository, *, actor: User) -> DiagnosisRun | None:
    """Return an examination to be carried out, or None if one is under way.

    Belongs into a transaction that holds the organisation's lock.
    """
    mine = DiagnosisRun.objects.filter(repository=repository)
    if mine.under_way(LEASE).exists():
        return None
    run = DiagnosisRun.objects.create(repository=repository, asked_by=actor)
    kept = list(mine.values_list("pk", flat=True)[:_KEPT])
    mine.exclude(pk__in=kept).delete()
    audit.record(
        "support.diagnosis_requested",
        tenant=repository.tenant,
        actor=actor,
        target=repository.repository_id,
    )
    return run


def due_checks(repository: Repository, *, actor: User) -> list[str]:
    """Ask for the live checks of the guide as well, and return which are not under way."""
    setup = SupportIntegration.objects.of(repository.tenant).setup
    if setup is None:
        return []
    return verdicts.request(repository, guide_for(setup).checks, actor=actor)


def carry_out(run: DiagnosisRun, check_ids: Iterable[str]) -> None:
    """Make the checks, look at the instance, and keep what it showed as it comes."""
    if not _claim(run):
        return
    bench = Bench(run.repository)
    checks.run(run.repository, check_ids, bench)
    with call_log.outbound(run.repository, EXAMINATION):
        for name, shown in instance.look(bench, hosts()):
            run.seen[name] = shown
    run.finished_at = timezone.now()
    rows = DiagnosisRun.objects.filter(pk=run.pk)
    rows.update(seen=run.seen, finished_at=run.finished_at)
    logger.info("examined repository %s: %s", run.repository_id, run.pk)


def _claim(run: DiagnosisRun) -> bool:
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE)
    rows = DiagnosisRun.objects.filter(free, pk=run.pk, finished_at=None)
    return rows.update(claimed_at=now) == 1
