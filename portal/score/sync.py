"""The sync of Secure Score: when it is due, what it asks for, how it ended."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connector.exceptions import ConnectorError, Evidence, Misconfigured, Unavailable
from connector.graph import access, auth
from connector.models import Tenant
from portal.score import alerts, effects, guides, intake, regressions
from portal.score.models import ScoreSync, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.graph.client import Progress

logger = logging.getLogger(__name__)

# Graph keeps 90 days, and has a new score once a day at no known hour.
DAYS_KEPT = 90
OVERLAP = 2
INTERVAL = timedelta(hours=6)
SOON = timedelta(minutes=10)
# What a person has to mend is not asked for every few minutes.
LATER = timedelta(hours=1)
# A kept token does not know what was granted since.
_TOKEN_TOO_OLD = {"graph_forbidden", "graph_unauthorized"}


def due_tenants() -> list[int]:
    """Return the keys of the organisations whose score is to be fetched now."""
    for tenant in Tenant.objects.filter(score_sync__isnull=True):
        ScoreSync.objects.current(tenant)
    due = ScoreSync.objects.due().order_by("tenant_id")
    return list(due.values_list("tenant_id", flat=True))


def run(tenant: Tenant) -> None:
    """Fetch and store the tenant's score if it is due, and note how that went."""
    ScoreSync.objects.current(tenant)
    if not ScoreSync.objects.claim(tenant):
        return
    try:
        pull(tenant)
    except ConnectorError as error:
        logger.warning("score of tenant %s not synced: %s", tenant.pk, error)
        if error.code in _TOKEN_TOO_OLD:
            auth.forget_tokens()
        _note_failure(tenant, error)
    else:
        _note_success(tenant)
        alerts.evaluate(tenant)
        follow(tenant)


def follow(tenant: Tenant) -> None:
    """See what the newest score says of closed tickets, and tell those that regressed."""
    effects.refresh(tenant)
    regressions.tell(tenant)


def pull(tenant: Tenant) -> None:
    """Fetch the missing days and all improvement actions, then store them."""
    graph = auth.connect(access.credentials_for(tenant))
    scores = graph.secure_scores(
        days=_days_missing(tenant), progress=_progress(tenant, "scores")
    )
    profiles = graph.control_profiles(progress=_progress(tenant, "actions"))
    _progress(tenant, "storing")(len(scores))
    directory = _same_directory(
        tenant, [row.tenant_id for row in scores] + [row.tenant_id for row in profiles]
    )
    with transaction.atomic():
        _adopt(tenant, directory)
        names = intake.Names(tenant)
        intake.store_profiles(tenant, profiles, names)
        intake.store_scores(tenant, scores, names)
    guides.put(tenant)
    logger.info(
        "synced score of tenant %s: %s days, %s actions",
        tenant.pk,
        len(scores),
        len(profiles),
    )


def request(tenant: Tenant) -> bool:
    """Make the sync due now, out of turn; False when one was just tried."""
    ScoreSync.objects.current(tenant)
    return ScoreSync.objects.request(tenant)


def _progress(tenant: Tenant, step: str) -> Progress:
    """Return what notes how far a step has come, for the page that waits."""
    row = ScoreSync.objects.for_tenant(tenant)
    row.update(step=step, step_count=0)

    def note(count: int) -> None:
        row.update(step_count=count)

    return note


def _days_missing(tenant: Tenant) -> int:
    latest = Snapshot.objects.latest_for(tenant)
    if latest is None:
        return DAYS_KEPT
    missing = datetime.now(UTC).date() - latest.date
    return min(DAYS_KEPT, max(missing.days, 0) + OVERLAP + 1)


def _same_directory(tenant: Tenant, found: Iterable[str]) -> str:
    """Return the directory Graph answered for; refuse another organisation's score."""
    directories = {directory.lower() for directory in found if directory}
    known = (tenant.microsoft_tenant_id or access.directory_of(tenant)).lower()
    others = directories - {known} if known else set()
    taken = Tenant.objects.exclude(pk=tenant.pk).filter(
        microsoft_tenant_id__in=directories
    )
    if others or len(directories) > 1 or taken.exists():
        evidence = Evidence(words=", ".join(sorted(directories)))
        raise Misconfigured("graph_other_tenant", evidence)
    return next(iter(directories), "")


def _adopt(tenant: Tenant, directory: str) -> None:
    nameless = Tenant.objects.filter(pk=tenant.pk, microsoft_tenant_id="")
    nameless.update(microsoft_tenant_id=directory[:36])


def _note_success(tenant: Tenant) -> None:
    now = timezone.now()
    ScoreSync.objects.for_tenant(tenant).update(
        due_at=now + INTERVAL,
        finished_at=now,
        succeeded_at=now,
        step="",
        error_code="",
        error_words="",
        error_request_id="",
    )


def _note_failure(tenant: Tenant, error: ConnectorError) -> None:
    now = timezone.now()
    ScoreSync.objects.for_tenant(tenant).update(
        due_at=now + _wait_after(error),
        finished_at=now,
        step="",
        error_code=error.code,
        error_words=error.evidence.words,
        error_request_id=error.evidence.request_id,
    )


def _wait_after(error: ConnectorError) -> timedelta:
    if not isinstance(error, Unavailable):
        return LATER
    asked = timedelta(seconds=error.retry_after or 0)
    return min(max(asked, SOON), INTERVAL)
