"""Waking workers; only rows decide, so a broker that is away does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.utils import timezone

from tickets.models import SyncCursor

if TYPE_CHECKING:
    from connector.models import Connection


def wake(task: str, *args: object, after: float = 0) -> None:
    """Have a task of `tickets.tasks` run `after` seconds from the transaction's commit.

    By name: tasks know the domain, not the other way round. Without a broker the
    error is logged and the next sweep or poll does the work.
    """

    def send() -> None:
        current_app.send_task(f"tickets.tasks.{task}", args, countdown=after or None)

    transaction.on_commit(send, robust=True)


def look_again(connection: Connection) -> None:
    """Poll now if the last poll failed: the instance has just answered."""
    failing = SyncCursor.objects.filter(connection=connection)
    failing = failing.exclude(error_code__in=["", "rate_limited"])
    if failing.update(due_at=timezone.now()):
        wake("poll", connection.pk)
