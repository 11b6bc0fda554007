"""Background work of Secure Score."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import beat_init

from connector.models import Tenant
from portal.score import sync as syncing


@shared_task
def sync_due() -> None:
    """Start the sync of every organisation whose score is due."""
    for tenant_pk in syncing.due_tenants():
        sync.delay(tenant_pk)


@shared_task
def sync(tenant_pk: int) -> None:
    """Fetch one organisation's score."""
    syncing.run(Tenant.objects.get(pk=tenant_pk))


@beat_init.connect
def sync_at_start(**_: Any) -> None:
    """Spare a new installation the wait for the clock's first round."""
    sync_due.delay()
