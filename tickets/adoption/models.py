"""How the tickets of one connection come to another: compared first, then moved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Connection, Tenant
from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from typing import Self

# A claim older than this belongs to a worker that died.
LEASE = timedelta(seconds=180)
_OPEN = ("comparing", "ready", "applying", "failed")
_AT_WORK = ("comparing", "applying")


class AdoptionQuerySet(TenantQuerySet):
    """Reads of adoptions."""

    def unfinished(self) -> Self:
        return self.filter(status__in=_OPEN)

    def due(self) -> Self:
        """Return what a worker may go on with now."""
        now = timezone.now()
        free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - LEASE)
        can_ask = Q(target__status="connected")
        return self.filter(free, can_ask, status__in=_AT_WORK, due_at__lte=now)


class Adoption(models.Model):
    """One move of a connection's tickets, from the question to its end."""

    class Status(models.TextChoices):
        COMPARING = "comparing", _("Comparing")
        READY = "ready", _("Waits for a decision")
        APPLYING = "applying", _("Taking the tickets over")
        APPLIED = "applied", _("Taken over")
        DISCARDED = "discarded", _("Discarded")
        FAILED = "failed", _("Failed")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.COMPARING)
    # {"counts": {verdict: number}, "findings": [a Finding's values], "hidden": number}.
    result = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    compared_at = models.DateTimeField(null=True, blank=True)
    # From then on it cannot be discarded: some tickets may have moved.
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)

    objects = AdoptionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(status__in=_OPEN),
                name="adoption_one_at_a_time_per_source",
            ),
        ]
        verbose_name = _("adoption")

    def __str__(self) -> str:
        return f"{self.source.host} → {self.target.host}"

    @property
    def is_at_work(self) -> bool:
        return self.status in _AT_WORK

    @property
    def is_unfinished(self) -> bool:
        return self.status in _OPEN

    @property
    def can_discard(self) -> bool:
        """Whether nothing was written yet, or nothing can be any more."""
        return self.is_unfinished and (
            self.started_at is None or self.target.is_removed
        )

    @property
    def counts(self) -> dict[str, Any]:
        """How many tickets there are of each verdict."""
        counts: dict[str, Any] = self.result.get("counts", {})
        return counts
