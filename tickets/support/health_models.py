"""Service health of an organisation as Microsoft tells it, and what it has to do with tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from tickets.support import health_words
from tickets.support.health_queries import (
    HealthServiceQuerySet,
    HealthSyncQuerySet,
    IssueMatchQuerySet,
    ServiceIssueQuerySet,
    ServiceMessageQuerySet,
)

if TYPE_CHECKING:
    from tickets.support.health_words import Status

# Of what Microsoft writes; longer is cut off.
TITLE_LIMIT = 500


class HealthSync(models.Model):
    """When a part of service health was fetched for an organisation, and how it went."""

    class Part(models.TextChoices):
        HEALTH = "health", _("Service health")
        MESSAGES = "messages", _("Message center")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="health_syncs"
    )
    part = models.CharField(max_length=10, choices=Part)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    error_request_id = models.CharField(max_length=100, blank=True)

    objects = HealthSyncQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "part"], name="health_sync_once_per_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.tenant_id}"


class HealthService(models.Model):
    """A service of Microsoft 365 and how it is."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="health_services"
    )
    service_id = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    # In lower case: Microsoft spells it in two ways.
    status = models.CharField(max_length=50, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    objects = HealthServiceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "service_id"], name="health_service_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown(self) -> Status:
        """The status as pages show it."""
        return health_words.status(self.status)


class StatusChange(models.Model):
    """From when on a service was in a status, as far as the portal saw it."""

    service = models.ForeignKey(
        HealthService, on_delete=models.CASCADE, related_name="changes"
    )
    status = models.CharField(max_length=50, blank=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.service_id} {self.status}"

    @property
    def shown(self) -> Status:
        """The status as pages show it."""
        return health_words.status(self.status)


class ServiceIssue(models.Model):
    """A known problem of a service."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="service_issues"
    )
    issue_id = models.CharField(max_length=50)
    title = models.CharField(max_length=TITLE_LIMIT)
    service = models.CharField(max_length=200, blank=True)
    # These three in lower case.
    status = models.CharField(max_length=50, blank=True)
    classification = models.CharField(max_length=50, blank=True)
    origin = models.CharField(max_length=50, blank=True)
    feature = models.CharField(max_length=300, blank=True)
    feature_group = models.CharField(max_length=300, blank=True)
    impact = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    is_resolved = models.BooleanField(default=False)
    # What Microsoft tells besides, as it came.
    extra = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField()

    objects = ServiceIssueQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["is_resolved", "-modified_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "issue_id"], name="service_issue_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.issue_id

    def get_absolute_url(self) -> str:
        return reverse("support:issue", args=[self.issue_id])

    @property
    def shown(self) -> Status:
        """The status as pages show it."""
        return health_words.status(self.status)

    @property
    def kind(self) -> Status:
        """Whether it is an incident or an advisory."""
        return health_words.classification(self.classification)


class IssuePost(models.Model):
    """One update of an issue, in Microsoft's words."""

    issue = models.ForeignKey(
        ServiceIssue, on_delete=models.CASCADE, related_name="posts"
    )
    # The time it was made at, as Microsoft gives no other name to it.
    key = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    post_type = models.CharField(max_length=30, blank=True)
    # Cleaned when it was stored.
    html = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at", "-key"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "key"], name="issue_post_once_per_issue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.key}"


class IssueMatch(models.Model):
    """A ticket that seems to be about an issue, and what a person says to that."""

    class Verdict(models.TextChoices):
        SUGGESTED = "suggested", _("Suggested")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")

    issue = models.ForeignKey(
        ServiceIssue, on_delete=models.CASCADE, related_name="matches"
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="issue_matches"
    )
    verdict = models.CharField(
        max_length=10, choices=Verdict, default=Verdict.SUGGESTED
    )
    # From 0 to 100, and the words of the issue that the ticket has as well.
    score = models.PositiveSmallIntegerField(default=0)
    words = models.JSONField(default=list, blank=True)
    # The update its ticket was told of last, or that came before it was to be told.
    told_up_to = models.ForeignKey(
        IssuePost, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Kept beside the key: the name must outlive the account.
    decided_by_name = models.CharField(max_length=150, blank=True)

    objects = IssueMatchQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-score", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "ticket"], name="issue_match_once_per_ticket"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.ticket_id} {self.verdict}"


class ServiceMessage(models.Model):
    """A message of the message center."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="service_messages"
    )
    message_id = models.CharField(max_length=50)
    title = models.CharField(max_length=TITLE_LIMIT)
    # In lower case.
    category = models.CharField(max_length=50, blank=True)
    severity = models.CharField(max_length=50, blank=True)
    is_major_change = models.BooleanField(default=False)
    services = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    # Both as "|a|b|", which every database can look a name up in.
    services_index = models.TextField(blank=True)
    tags_index = models.TextField(blank=True)
    # Cleaned when it was stored; and its words, to be searched.
    html = models.TextField(blank=True)
    text = models.TextField(blank=True)
    act_by = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField()

    objects = ServiceMessageQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-modified_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message_id"], name="service_message_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.message_id

    def get_absolute_url(self) -> str:
        return reverse("support:message", args=[self.message_id])

    @property
    def kind(self) -> str:
        return health_words.category(self.category)

    @property
    def weight(self) -> Status:
        """The severity as pages show it."""
        return health_words.severity(self.severity)
