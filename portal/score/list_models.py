"""What people keep of the list of improvement actions: views and exports."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from datetime import datetime

# How long the file of an export can be fetched.
KEPT_FOR = timedelta(hours=24)
# A claim without a sign of life for so long belongs to a dead worker.
LEASE = timedelta(minutes=2)


class SavedView(models.Model):
    """A name for an address of the list, of one person or for everybody."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(max_length=2000, blank=True)
    is_shared = models.BooleanField(_("for everybody"), default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = [Lower("name"), "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                "tenant", "user", Lower("name"), name="saved_view_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('score:actions')}?{self.query}"


class Export(models.Model):
    """A file of improvement actions that a worker writes, and how far it is."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    class Content(models.TextChoices):
        ACTIONS = "actions", _("The improvement actions, one in a row")
        HISTORY = "history", _("Their points on every day that is recorded")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Being written")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    format = models.CharField(max_length=4, choices=Format)
    content = models.CharField(max_length=10, choices=Content)
    # The controls, in the order of the list they were chosen from.
    control_ids = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-created_at"]
        default_permissions = ()
        indexes = [models.Index(fields=["status", "created_at"])]

    def __str__(self) -> str:
        return f"{self.content} {self.format} {self.status}"

    def get_absolute_url(self) -> str:
        return reverse("score:export_progress", args=[self.pk])

    @property
    def expires_at(self) -> datetime:
        since: datetime = self.finished_at or self.created_at
        return since + KEPT_FOR

    @property
    def has_expired(self) -> bool:
        return timezone.now() >= self.expires_at

    @property
    def is_under_way(self) -> bool:
        return self.status in {self.Status.QUEUED, self.Status.RUNNING}

    @property
    def file_name(self) -> str:
        return f"secure-score-{self.content}-{self.created_at:%Y-%m-%d}.{self.format}"
