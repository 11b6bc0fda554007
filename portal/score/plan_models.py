"""What people plan for improvement actions, and what of it Microsoft is told."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet
from portal.score.plan_queries import (
    ActionPlanQuerySet,
    ActionTagQuerySet,
    StateChangeQuerySet,
)
from portal.score.status import ActionStatus, Hold

LONGEST_NOTES = 4000
LONGEST_REASON = 1000
LONGEST_TAG = 40
MOST_TAGS = 20


class ActionTag(models.Model):
    """A word people sort improvement actions by; upper and lower case are one."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("tag"), max_length=LONGEST_TAG)

    objects = ActionTagQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = [Lower("name")]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("tenant", Lower("name"), name="action_tag_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ActionPlan(models.Model):
    """The plan of one control; kept although its profile may go."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    control_id = models.CharField(max_length=200)
    # What somebody chose last; whether it counts is said by `hold`, see status.derived.
    status = models.CharField(max_length=20, choices=ActionStatus, blank=True)
    hold = models.CharField(max_length=10, choices=Hold, blank=True)
    reason = models.TextField(_("reason"), max_length=LONGEST_REASON, blank=True)
    notes = models.TextField(_("notes"), max_length=LONGEST_NOTES, blank=True)
    tags = models.ManyToManyField(ActionTag, related_name="plans", blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    due_date = models.DateField(_("due date"), null=True, blank=True)
    # Counts the saves: a form that shows an older one would undo somebody's work.
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)
    updated_by_name = models.CharField(max_length=150, blank=True)

    objects = ActionPlanQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()
        permissions = [
            (
                "edit_actionplan",
                "Can set status, notes, owner and due date of improvement actions",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "control_id"], name="action_plan_once"
            ),
            models.CheckConstraint(
                condition=models.Q(hold="") | ~models.Q(status=""),
                name="action_plan_holds_a_status",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "due_date"])]

    def __str__(self) -> str:
        return f"{self.control_id} {self.status}"


class ActionEvent(models.Model):
    """One change of a plan: who, when, what. Never changed, never deleted."""

    class Field(models.TextChoices):
        STATUS = "status", _("Status")
        NOTES = "notes", _("Notes")
        TAGS = "tags", _("Tags")
        OWNER = "owner", _("Owner")
        DUE_DATE = "due_date", _("Due date")
        # What became of a status on its way to Graph.
        SENT = "sent", _("Sent to Microsoft")
        REFUSED = "refused", _("Not taken by Microsoft")
        RETRIED = "retried", _("Sent again")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    control_id = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # Kept beside the key: the name must outlive the account.
    actor_name = models.CharField(max_length=150, blank=True)
    field = models.CharField(max_length=10, choices=Field)
    # Codes of statuses, else the words as they were.
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)
    # Why; for REFUSED Graph's own words, with the error code as `new`.
    reason = models.TextField(blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-at", "-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["tenant", "control_id", "-at"])]

    def __str__(self) -> str:
        return f"{self.field} {self.control_id}"


class StateChange(models.Model):
    """The outbox: one state Microsoft Graph is to be told, or was told already."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        # Waits for a person: Graph said no, or may not be written to.
        REFUSED = "refused", _("Not taken")
        # Another status was chosen before this one went out.
        REPLACED = "replaced", _("Replaced")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    control_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20)
    # What people chose; several of them mean the same state in Graph.
    wanted = models.CharField(max_length=20, choices=ActionStatus)
    comment = models.TextField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_by_name = models.CharField(max_length=150)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # When Graph took it; it is not written again, only waited for.
    written_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When Graph dated the update: tells our own from others in its history.
    remote_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    error_request_id = models.CharField(max_length=100, blank=True)

    objects = StateChangeQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "control_id"],
                condition=models.Q(status__in=["queued", "refused"]),
                name="state_change_one_waits",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "due_at"]),
            models.Index(fields=["tenant", "control_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.control_id} {self.state} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.QUEUED, self.Status.SENDING}

    @property
    def waits_long(self) -> bool:
        """Whether the next attempt is too far away to watch for it."""
        wait: timedelta = self.due_at - timezone.now()
        return self.status == self.Status.QUEUED and wait > timedelta(minutes=2)
