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
    ScoreEventQuerySet,
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
    # Points gained and lost since the day before; null until portal.score.ledger ran.
    gained = models.FloatField(null=True, blank=True)
    regressed = models.FloatField(null=True, blank=True)
    # Points that people assert and Microsoft cannot verify: third party, alternate.
    asserted = models.FloatField(null=True, blank=True)
    # How many actions had their risk accepted.
    accepted = models.PositiveIntegerField(null=True, blank=True)
    # What else Graph sent with it: its types are open.
    extra = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    synced_at = models.DateTimeField(auto_now=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-date"]
        default_permissions = ()
        permissions = [
            ("view_score", "Can see Microsoft Secure Score"),
            ("manage_score", "Can set score zones and alert rules"),
        ]
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
    # When Microsoft last changed what the action says or is worth; null if it never did.
    changed_at = models.DateTimeField(null=True, blank=True)
    # What else Graph sent of profile and score, such as vendorInformation.
    extra = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    score_extra = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
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


class ScoreEvent(models.Model):
    """One entry of the history: points that changed, or a status somebody set."""

    class Kind(models.TextChoices):
        GAINED = "gained", _("Points gained")
        REGRESSED = "regressed", _("Points regressed")
        ADDED = "added", _("Newly scored")
        REMOVED = "removed", _("No longer scored")
        UPDATED = "updated", _("Updated by Microsoft")
        MARKED = "marked", _("Status set")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="score_events"
    )
    at = models.DateTimeField()
    # The day of the score it belongs to.
    date = models.DateField()
    control_id = models.CharField(max_length=200)
    category = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    before = models.FloatField(null=True, blank=True)
    after = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)
    # Who did it; empty for what Microsoft's data shows by itself.
    actor = models.CharField(max_length=200, blank=True)
    # Of a status that was set: Graph's word, or one of ActionStatus.
    status = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)

    objects = ScoreEventQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "control_id", "kind", "at"], name="score_event_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-at", "-id"], name="score_event_newest"),
            models.Index(fields=["tenant", "date"], name="score_event_day"),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.kind} {self.control_id}"


class ScoreZone(models.Model):
    """From which percentage on the organisation calls its score okay, and good."""

    tenant = models.OneToOneField(
        Tenant, on_delete=models.CASCADE, related_name="score_zone"
    )
    okay_from = models.PositiveSmallIntegerField(default=40)
    good_from = models.PositiveSmallIntegerField(default=70)

    class Meta:
        app_label = "portal"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    okay_from__gt=0,
                    good_from__gt=models.F("okay_from"),
                    good_from__lt=100,
                ),
                name="score_zones_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.okay_from}/{self.good_from}"


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
    # How far the sync that runs has come: what it fetches, and how much of it.
    step = models.CharField(max_length=20, blank=True)
    step_count = models.PositiveIntegerField(default=0)

    objects = ScoreSyncQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.succeeded_at}"
