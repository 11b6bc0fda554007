"""What both outboxes keep of something that is to be told to another system."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class Outgoing(models.Model):
    """A row of an outbox: who holds it, when it is due, how the last attempt ended."""

    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # When the last attempt ended without a clear answer: it may have been carried out.
    unanswered_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    error_status = models.PositiveIntegerField(null=True, blank=True)
    error_request_id = models.CharField(max_length=100, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def has_lapsed(self) -> bool:
        """Whether the claim is so old that another worker may have taken over."""
        lease = timedelta(seconds=settings.OUTBOX_LEASE)
        return self.claimed_at is None or timezone.now() >= self.claimed_at + lease
