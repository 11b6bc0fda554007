"""Named reads of tickets, deliveries and states."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from connector.queries import TenantQuerySet


class TicketQuerySet(TenantQuerySet):
    """Reads of tickets."""

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def for_list(self) -> Self:
        """With all that a row of a list or card shows."""
        return self.select_related("connection").prefetch_related("deliveries")


class DeliveryQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads of the outbox."""

    def due(self) -> Self:
        """Return what may be claimed now: due, or claimed by a worker that died."""
        now = timezone.now()
        lapsed = now - timedelta(seconds=settings.OUTBOX_LEASE)
        return self.filter(
            models.Q(status="queued", due_at__lte=now)
            | models.Q(status="sending", claimed_at__lt=lapsed)
        )


class TicketStateQuerySet(TenantQuerySet):
    """Reads of state names."""
