"""What Secure Score does when the access to Microsoft Graph changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from connector import signals
from portal.score import tasks
from portal.score.models import ScoreSync

if TYPE_CHECKING:
    from connector.models import Tenant


@receiver(signals.graph_changed, dispatch_uid="score.sync_again")
def sync_again(tenant: Tenant, **_: Any) -> None:
    """Fetch at once what could not be fetched before."""
    sync = ScoreSync.objects.current(tenant)
    if sync.succeeded_at and not sync.error_code:
        return
    ScoreSync.objects.for_tenant(tenant).update(due_at=timezone.now())
    transaction.on_commit(partial(tasks.sync.delay, tenant.pk), robust=True)
