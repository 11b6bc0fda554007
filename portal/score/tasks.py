"""Background work of Secure Score."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import beat_init

from connector.models import Tenant
from portal.score import alert_mail, exporting, state_changes
from portal.score import sync as syncing
from portal.score.alert_models import Alert


@shared_task
def sync_due() -> None:
    """Start the sync of every organisation whose score is due."""
    for tenant_pk in syncing.due_tenants():
        sync.delay(tenant_pk)


@shared_task
def sync(tenant_pk: int) -> None:
    """Fetch one organisation's score, and tell what it raised."""
    syncing.run(Tenant.objects.get(pk=tenant_pk))
    mail_alerts()


@shared_task
def mail_alerts() -> None:
    """Send every alert whose mail is due."""
    for alert_pk in alert_mail.due():
        mail_alert.delay(alert_pk)


@shared_task
def mail_alert(alert_pk: int) -> None:
    """Send one alert by e-mail."""
    for alert in Alert.objects.filter(pk=alert_pk).select_related("tenant"):
        alert_mail.send(alert)


@shared_task(expires=30)
def sweep_states() -> None:
    """Wake workers for states Microsoft Graph is still to be told."""
    state_changes.sweep()


@shared_task
def send_states(tenant_pk: int) -> None:
    """Tell Microsoft Graph the states chosen in one organisation."""
    state_changes.drain(tenant_pk)


@shared_task
def write_export(pk: str) -> None:
    """Write the file of one export."""
    exporting.write(pk)


@shared_task
def tidy_exports() -> None:
    """Write what a dead worker left, and remove files that have expired."""
    exporting.tidy()


@beat_init.connect
def sync_at_start(**_: Any) -> None:
    """Spare a new installation the wait for the clock's first round."""
    sync_due.delay()
