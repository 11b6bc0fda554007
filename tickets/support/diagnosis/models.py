"""What an instance showed when it was last asked for a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from tickets.support.models import Repository

if TYPE_CHECKING:
    from datetime import timedelta


class DiagnosisRunQuerySet(models.QuerySet["DiagnosisRun"]):
    """Reads of examinations."""

    def under_way(self, lease: timedelta) -> DiagnosisRunQuerySet:
        """Return those that are not over, as far as anybody can tell."""
        since = timezone.now() - lease
        recent = models.Q(asked_at__gte=since) | models.Q(claimed_at__gte=since)
        return self.filter(recent, finished_at=None)


class DiagnosisRun(models.Model):
    """One examination of an instance; verdicts are drawn from it when they are shown.

    So they always count in what happened since: the portal's own log and settings.
    """

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="diagnoses"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    # Since when a worker is at it.
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # By the name of a look: its rows, or why there are none; see instance.LOOKS.
    seen = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)

    objects = DiagnosisRunQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(fields=["repository", "-asked_at"], name="diagnosis_newest")
        ]

    def __str__(self) -> str:
        return f"diagnosis of {self.repository_id} {self.asked_at:%Y-%m-%d %H:%M}"
