"""Background work of Secure Score."""

from __future__ import annotations

from celery import shared_task

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
