"""Background work of the portal itself."""

from __future__ import annotations

from celery import shared_task

from portal import heartbeat


@shared_task(expires=heartbeat.INTERVAL)
def beat() -> None:
    """Give a sign of life."""
    heartbeat.beat()
