"""Background work of the portal itself."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings

from portal import heartbeat


@shared_task(expires=heartbeat.INTERVAL)
def beat() -> None:
    """Give a sign of life."""
    heartbeat.beat()


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that are over: nobody signs out of most of them."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
