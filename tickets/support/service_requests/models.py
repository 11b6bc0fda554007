"""Service requests, what happened to them, and what is to be told about them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from tickets.outgoing_models import Outgoing
from tickets.support.models import Repository, RequestTransport
from tickets.support.service_requests import references
from tickets.support.service_requests.queries import (
    InboundReceiptQuerySet,
    RequestDeliveryQuerySet,
    ServiceRequestQuerySet,
)
from tickets.support.service_requests.states import (
    FINAL,
    LOOKS,
    NEXT,
    SEVERITY_LOOKS,
    Severity,
    State,
)

if TYPE_CHECKING:
    from tickets.support.health_words import Status

TITLE_LIMIT = 160
EMAIL_LIMIT = 254
TEXT_LIMIT = 20_000


class ServiceRequest(models.Model):
    """A request for Microsoft's support, from its opening to its end."""

    class Via(models.TextChoices):
        PORTAL = "portal", _("Portal")
        CONNECTOR = "connector", _("ServiceNow")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="service_requests"
    )
    # None for one opened in the portal without an instance, or whose repository was
    # removed: its name stays.
    repository = models.ForeignKey(
        Repository,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="service_requests",
    )
    repository_name = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=12, unique=True, default=references.new)
    # Made by the caller: the same one opens once.
    caller_id = models.UUIDField(default=uuid.uuid4)
    title = models.CharField(max_length=TITLE_LIMIT)
    description = models.TextField(max_length=TEXT_LIMIT)
    severity = models.CharField(max_length=10, choices=Severity)
    contact_name = models.CharField(max_length=150)
    contact_email = models.EmailField(max_length=EMAIL_LIMIT)
    contact_phone = models.CharField(max_length=50, blank=True)
    # What is attached, as it was previewed.
    diagnostics = models.TextField(max_length=TEXT_LIMIT, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    case_number = models.CharField(max_length=50, blank=True)
    transport = models.CharField(max_length=10, choices=RequestTransport)
    # The incident on the repository's instance; the sys_id may be looked up later.
    incident_sys_id = models.CharField(max_length=32, blank=True)
    incident_number = models.CharField(max_length=40, blank=True)
    # The ticket of the portal it was opened from.
    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="service_requests",
    )
    opened_via = models.CharField(max_length=10, choices=Via)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Kept beside the key: the name must outlive the account.
    opened_by_name = models.CharField(max_length=150)
    # The Microsoft 365 admin account that counted.
    opened_by_email = models.CharField(max_length=254)
    # Opened in a test environment: never sent, also if that is switched off.
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ServiceRequestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = [
            ("manage_servicerequest", "Can open and follow Microsoft service requests")
        ]
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "caller_id"],
                condition=models.Q(opened_via="connector"),
                name="service_request_once_per_repository",
            ),
            models.UniqueConstraint(
                fields=["tenant", "caller_id"],
                condition=models.Q(opened_via="portal"),
                name="service_request_once_per_form",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "-created_at"], name="service_request_newest"
            ),
            models.Index(
                fields=["repository", "incident_sys_id"],
                name="service_request_of_incident",
            ),
        ]
        verbose_name = _("service request")

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("support:request", args=[self.reference])

    @property
    def shown(self) -> Status:
        """The state as pages show it."""
        return LOOKS[State(self.state)]

    @property
    def weight(self) -> Status:
        """The severity as pages show it."""
        return SEVERITY_LOOKS[Severity(self.severity)]

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_known_to_microsoft(self) -> bool:
        """Whether there is a case, as far as the portal can tell."""
        return bool(self.case_number) or self.state not in {State.NEW, State.SENT}

    @property
    def may_follow(self) -> tuple[State, ...]:
        """The states it may go to now."""
        return NEXT[self.state]

    @property
    def incident_url(self) -> str:
        """The incident's address in ServiceNow's own pages, or ""."""
        if self.repository is None or not self.incident_sys_id:
            return ""
        page = f"incident.do?sys_id={self.incident_sys_id}"
        return f"{self.repository.endpoint}/{page}"


class RequestUpdate(models.Model):
    """One line of a request's timeline: something said, or a change of its state."""

    class Source(models.TextChoices):
        MICROSOFT = "microsoft", _("Microsoft")
        AGENT = "agent", _("ServiceNow agent")
        PORTAL = "portal", _("Portal")
        PERSON = "person", _("Person in the portal")

    request = models.ForeignKey(
        ServiceRequest, on_delete=models.CASCADE, related_name="updates"
    )
    # Of the caller, or made of the message's name: the same update is written once.
    key = models.UUIDField(default=uuid.uuid4)
    source = models.CharField(max_length=10, choices=Source)
    author = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    # What a mail quoted of earlier ones; cut off, but kept.
    quoted = models.TextField(blank=True)
    # Names alone: the portal takes no files of strangers.
    attachments = models.JSONField(default=list, blank=True)
    # The new state of a transition; "" where something was said.
    state = models.CharField(max_length=10, choices=State, blank=True)
    # Whether it was written by a machine that answers mails.
    is_automatic = models.BooleanField(default=False)
    # Whether Microsoft is to be told of it.
    is_for_microsoft = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "key"], name="request_update_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.request_id}"


class RequestDelivery(Outgoing):
    """The outbox: one mail to Microsoft's support, or one note into the incident."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")
        NOTE = "note", _("Work note")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        DELIVERED = "delivered", _("Sent")
        # Waits for a person: the other side said no.
        STOPPED = "stopped", _("Not sent")
        # Waits until the repository's sign-in works again.
        WAITING = "waiting", _("Waiting for the repository")
        DISCARDED = "discarded", _("Discarded")
        # A test environment, or a set-up in which nothing is written.
        SKIPPED = "skipped", _("Not to be sent")

    request = models.ForeignKey(
        ServiceRequest, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    # A mail: subject, body, message_id. A note: the columns and their values.
    payload = models.JSONField(default=dict)
    # Stands in the note, and makes the mail's name; the same one is queued once.
    marker = models.UUIDField(unique=True, editable=False)
    # The mail that opens the case: no other one goes out before it.
    is_opening = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RequestDeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["status", "due_at"])]

    def __str__(self) -> str:
        return f"{self.channel} {self.request_id} {self.status}"


class InboundReceipt(models.Model):
    """A message that came in, once: sorted into a request, or kept for a person."""

    class Status(models.TextChoices):
        RECEIVED = "received", _("Being sorted in")
        MATCHED = "matched", _("In a request")
        UNMATCHED = "unmatched", _("Waits for a person")
        ASSIGNED = "assigned", _("Assigned by a person")
        DROPPED = "dropped", _("Dropped by a person")
        DUPLICATE = "duplicate", _("Known already")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    # Of the body: the same message is taken once.
    digest = models.CharField(max_length=64)
    # Of the call that brought it; "" from the command for a mail server's pipe.
    signature = models.CharField(max_length=64, blank=True)
    content_type = models.CharField(max_length=100)
    # Until it is sorted in; kept where it cannot be read.
    raw = models.BinaryField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    # Why nobody but a person can say where it belongs.
    reason = models.CharField(max_length=20, blank=True)
    sender = models.CharField(max_length=254, blank=True)
    author = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    attachments = models.JSONField(default=list, blank=True)
    message_id = models.CharField(max_length=500, blank=True)
    is_automatic = models.BooleanField(default=False)
    request = models.ForeignKey(
        ServiceRequest,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="receipts",
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_name = models.CharField(max_length=150, blank=True)

    objects = InboundReceiptQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-received_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "digest"], name="inbound_receipt_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "status"])]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"
