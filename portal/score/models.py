"""Microsoft Secure Score: daily snapshots, control scores and improvement actions."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from portal.score.products import product_name
from portal.score.queries import (
    ControlProfileQuerySet,
    ControlScoreQuerySet,
    ScoreSyncQuerySet,
    SnapshotQuerySet,
)


class Snapshot(models.Model):
    """The score of one day, as Microsoft Graph's secureScore gives it; kept for ever."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="snapshots"
    )
    date = models.DateField()
    current_score = models.FloatField()
    max_score = models.FloatField()
    active_user_count = models.PositiveIntegerField(default=0)
    licensed_user_count = models.PositiveIntegerField(default=0)
    enabled_services = models.JSONField(default=list, blank=True)
    # averageComparativeScores as Graph sends them.
    comparisons = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    calculated_at = models.DateTimeField()
    synced_at = models.DateTimeField(auto_now=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-date"]
        default_permissions = ()
        permissions = [("view_score", "Can see Microsoft Secure Score")]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "date"], name="snapshot_one_per_day"
            ),
            models.CheckConstraint(
                condition=models.Q(current_score__gte=0, max_score__gte=0),
                name="snapshot_scores_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.current_score}/{self.max_score}"

    @property
    def percent(self) -> float:
        return 100 * self.current_score / self.max_score if self.max_score else 0.0


class ControlProfile(models.Model):
    """An improvement action: Microsoft Graph's secureScoreControlProfile."""

    class Level(models.TextChoices):
        """Graph mixes Moderate and Medium, and upper and lower case: one spelling."""

        LOW = "low", _("Low")
        MODERATE = "moderate", _("Moderate")
        HIGH = "high", _("High")
        UNKNOWN = "unknown", _("Unknown")

    class State(models.TextChoices):
        """The four states Graph knows; see ActionStatus for what people see."""

        DEFAULT = "Default", _("Default")
        IGNORED = "Ignored", _("Ignored")
        THIRD_PARTY = "ThirdParty", _("Third party")
        REVIEWED = "Reviewed", _("Reviewed")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="control_profiles"
    )
    control_id = models.CharField(max_length=200)
    title = models.CharField(_("improvement action"), max_length=500)
    # Identity, Data, Device, Apps, Infrastructure: Graph's words.
    category = models.CharField(_("category"), max_length=40)
    service = models.CharField(_("product"), max_length=80, blank=True)
    tier = models.CharField(max_length=40, blank=True)
    action_type = models.CharField(max_length=40, blank=True)
    action_url = models.URLField(max_length=1000, blank=True)
    max_score = models.FloatField(default=0)
    rank = models.PositiveIntegerField(null=True, blank=True)
    user_impact = models.CharField(max_length=10, choices=Level, default=Level.UNKNOWN)
    implementation_cost = models.CharField(
        max_length=10, choices=Level, default=Level.UNKNOWN
    )
    # HTML, cleaned when it came in; safe to show.
    remediation = models.TextField(blank=True)
    remediation_impact = models.TextField(blank=True)
    threats = models.JSONField(default=list, blank=True)
    deprecated = models.BooleanField(default=False)
    state = models.CharField(max_length=20, choices=State, default=State.DEFAULT)
    # controlStateUpdates as Graph sends them.
    state_updates = models.JSONField(
        default=list, blank=True, encoder=DjangoJSONEncoder
    )
    # Of the latest snapshot; null where the tenant is not scored for it.
    score = models.FloatField(null=True, blank=True)
    description = models.TextField(blank=True)
    implementation_status = models.TextField(blank=True)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(auto_now=True)

    objects = ControlProfileQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["title"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "control_id"], name="control_profile_once"
            ),
        ]
        verbose_name = _("improvement action")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("score:action", args=[self.control_id])

    @property
    def product(self) -> str:
        return product_name(self.service)


class ControlScore(models.Model):
    """The points of one control on one day; kept although its profile may go."""

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.CASCADE, related_name="control_scores"
    )
    control_id = models.CharField(max_length=200)
    category = models.CharField(max_length=40)
    score = models.FloatField()
    implementation_status = models.TextField(blank=True)

    objects = ControlScoreQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "control_id"], name="control_score_once_a_day"
            ),
        ]
        indexes = [models.Index(fields=["control_id"])]

    def __str__(self) -> str:
        return f"{self.control_id} {self.score}"


class ScoreSync(models.Model):
    """When a tenant's score was asked for, is next, and what kept it from coming."""

    tenant = models.OneToOneField(
        Tenant, on_delete=models.CASCADE, related_name="score_sync"
    )
    # Also the lease: a claim moves it past the longest sync.
    due_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    # Of the last try; empty when it succeeded.
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    error_request_id = models.CharField(max_length=100, blank=True)

    objects = ScoreSyncQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.succeeded_at}"
