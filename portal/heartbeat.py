"""The sign of life of the schedule: what the beat sends, a worker writes down."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

INTERVAL = 60
# Longer silence means that beat, broker or workers stand still.
LATE = timedelta(minutes=5)


class Heartbeat(models.Model):
    """When the schedule last came round; one row."""

    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


def beat() -> None:
    """Write down that the schedule came round."""
    Heartbeat.objects.update_or_create(pk=1, defaults={"at": timezone.now()})


def last() -> datetime | None:
    """Return when the schedule last came round."""
    row = Heartbeat.objects.filter(pk=1).first()
    return row.at if row else None
