"""The library of solutions, the index of all sources, what was asked, what people think."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet
from tickets.support.models import Repository
from tickets.support.solutions.queries import (
    DocumentQuerySet,
    FeedbackQuerySet,
    KnowledgeSourceQuerySet,
    SolutionQuerySet,
)

TITLE_LIMIT = 200
BODY_LIMIT = 50_000
KEYWORDS_LIMIT = 500
KEY_LIMIT = 100
MOST_SERVICES = 10
# Of what other sources write; longer is cut off.
DOCUMENT_TITLE_LIMIT = 500
DOCUMENT_TEXT_LIMIT = 30_000
COMMENT_LIMIT = 1000
TERMS_LIMIT = 2000


class Solution(models.Model):
    """A solution that people of the help desk wrote or imported."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="solutions"
    )
    # What its import calls it; "" for one that was written here.
    key = models.CharField(_("Key"), max_length=KEY_LIMIT, blank=True)
    title = models.CharField(_("Title"), max_length=TITLE_LIMIT)
    body = models.TextField(_("Text"), max_length=BODY_LIMIT)
    services = models.JSONField(_("Services"), default=list, blank=True)
    keywords = models.CharField(_("Keywords"), max_length=KEYWORDS_LIMIT, blank=True)
    is_published = models.BooleanField(_("Published"), default=True)
    # Counts the saves: who edits an older one learns of it.
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_name = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    updated_by_name = models.CharField(max_length=150, blank=True)

    objects = SolutionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=~models.Q(key=""),
                name="solution_key_once_per_tenant",
            ),
            models.UniqueConstraint(
                "tenant", Lower("title"), name="solution_title_once_per_tenant"
            ),
        ]
        verbose_name = _("solution")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("support:solution", args=[self.pk])


class LibraryImport(models.Model):
    """Files that were read and shown, and wait to be taken over; kept for a day."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    # Each as tickets.support.solutions.files.Draft has it.
    drafts = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.created_at}"


class Document(models.Model):
    """Something that may solve an incident, of any source, as it is searched.

    `terms` are the stems of title, keywords and text, a line each; both databases
    index them (see `tickets.support.solutions.postings`).
    """

    class Source(models.TextChoices):
        KNOWLEDGE_BASE = "knowledge_base", _("Knowledge base")
        MESSAGE_CENTER = "message_center", _("Message center")
        SERVICE_HEALTH = "service_health", _("Service health")
        SECURE_SCORE = "secure_score", _("Secure Score")
        LIBRARY = "library", _("Library")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="solution_documents"
    )
    source = models.CharField(max_length=20, choices=Source)
    # The instance of a knowledge base; "" for all others.
    origin = models.CharField(max_length=255, blank=True)
    key = models.CharField(max_length=300)
    # As the source names it: KB0010023, MC1203310.
    number = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=DOCUMENT_TITLE_LIMIT)
    keywords = models.CharField(max_length=KEYWORDS_LIMIT, blank=True)
    text = models.TextField(blank=True)
    # Cleaned; "" where the source is only linked to.
    html = models.TextField(blank=True)
    services = models.JSONField(default=list, blank=True)
    # Of the portal as a path, of others whole.
    url = models.CharField(max_length=1000, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    # A health issue that has not ended.
    is_open = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # What the source told of this version, where asking for all of it is dear.
    revision = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    terms = models.TextField(blank=True)
    indexed_at = models.DateTimeField(default=timezone.now)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "source", "key"], name="document_once_per_source"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "is_active"], name="document_active"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class Search(models.Model):
    """What was asked through the connector, and what it showed; kept for 180 days."""

    search_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="solution_searches"
    )
    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="solution_searches"
    )
    # "" where no incident was named.
    incident = models.CharField(max_length=32, blank=True)
    incident_number = models.CharField(max_length=40, blank=True)
    user_name = models.CharField(max_length=100, blank=True)
    # The stems that were looked for; the words themselves are not kept.
    terms = models.CharField(max_length=TERMS_LIMIT, blank=True)
    # Of each document: its key, score and matched words.
    shown = models.JSONField(default=list, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(
                fields=["repository", "incident", "-at"], name="search_of_incident"
            ),
            models.Index(fields=["at"], name="search_age"),
        ]

    def __str__(self) -> str:
        return str(self.search_id)


class Feedback(models.Model):
    """What one person thinks of one document in one search; may be changed."""

    class Via(models.TextChoices):
        PORTAL = "portal", _("Portal")
        CONNECTOR = "connector", _("ServiceNow")

    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="feedback"
    )
    # Of a search of the portal: derived from its words.
    search_id = models.UUIDField()
    terms = models.CharField(max_length=TERMS_LIMIT, blank=True)
    is_helpful = models.BooleanField()
    comment = models.CharField(max_length=COMMENT_LIMIT, blank=True)
    via = models.CharField(max_length=10, choices=Via)
    # One name per person, whatever the way: the account or the instance's user.
    voter = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    at = models.DateTimeField(default=timezone.now)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "search_id", "voter"],
                name="feedback_once_per_search",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.voter} {self.is_helpful}"


class KnowledgeSource(models.Model):
    """A knowledge base of an instance: what is taken from it, and how that went."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="knowledge_sources"
    )
    # As an origin, like a repository's: https://contoso.service-now.com
    endpoint = models.URLField(max_length=255)
    # Off until somebody decides: the user may see more than those who search here.
    is_enabled = models.BooleanField(_("Take articles over"), default=False)
    # The sys_ids of the knowledge bases to take; empty takes what the user sees.
    bases = models.JSONField(default=list, blank=True)
    # Names by sys_id of those whose articles were seen.
    seen_bases = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    # Who read, as people know it, and how many articles there are.
    read_as = models.CharField(max_length=150, blank=True)
    articles = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    error_request_id = models.CharField(max_length=100, blank=True)

    objects = KnowledgeSourceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["endpoint", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "endpoint"], name="knowledge_source_once"
            ),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def host(self) -> str:
        """The instance's host name, with the port if it has one."""
        return self.endpoint.partition("://")[2]
