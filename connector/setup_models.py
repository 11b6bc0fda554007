"""What a set-up keeps: ticks, and links for those who have no account."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.queries import TenantQuerySet


class SetupTick(models.Model):
    """Something of the set-up that somebody says is done.

    One row each, so that two people at work never undo each other.
    """

    tenant = models.ForeignKey(
        "connector.Tenant", on_delete=models.CASCADE, related_name="+"
    )
    # Empty until the details of a new connection were entered.
    connection = models.ForeignKey(
        "connector.Connection",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="setup_ticks",
    )
    item = models.CharField(max_length=20)
    done_by_name = models.CharField(max_length=150)
    done_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "item"], name="setup_tick_once_per_connection"
            ),
            models.UniqueConstraint(
                fields=["tenant", "item"],
                condition=models.Q(connection__isnull=True),
                name="setup_tick_once_before_connection",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.done_by_name}"


class HandOver(models.Model):
    """A link by which somebody without an account enters client ID and secret, once.

    The link carries the key, signed; what it may do is decided by this row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(
        "connector.Connection", on_delete=models.CASCADE, related_name="hand_overs"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ()
        verbose_name = _("hand-over link")

    def __str__(self) -> str:
        return f"{self.connection} {self.created_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Whether values can still be entered by it."""
        is_spent = self.used_at is not None or self.revoked_at is not None
        return not is_spent and timezone.now() < self.expires_at
