"""Tickets, what happened to them, what is still to be sent, and the states' names."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Connection, Tenant
from tickets.adoption.models import Adoption as Adoption
from tickets.choices import FINISHED
from tickets.choices import Kind as Kind
from tickets.instance_models import InstanceProfile as InstanceProfile
from tickets.instance_models import TableColumn as TableColumn
from tickets.outgoing_models import Outgoing
from tickets.queries import (
    DeliveryQuerySet,
    TicketActionQuerySet,
    TicketQuerySet,
)
from tickets.state_models import StateImport as StateImport
from tickets.state_models import StateRevision as StateRevision
from tickets.state_models import TicketState as TicketState
from tickets.state_models import icon_of
from tickets.support import call_models as call_models
from tickets.support import health_models as health_models
from tickets.support import models as support_models  # noqa: F401 - for Django
from tickets.support.api import limit_models as limit_models
from tickets.support.diagnosis import models as diagnosis_models  # noqa: F401 - for Django
from tickets.support.service_requests import models as request_models  # noqa: F401
from tickets.support.solutions import models as solution_models  # noqa: F401 - as well

if TYPE_CHECKING:
    from datetime import date


class Priority(models.TextChoices):
    """The portal's three steps; ServiceNow's five are mapped onto them."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class Source(models.TextChoices):
    """Who recommends it: shown to the admin and sent with the ticket."""

    MICROSOFT = "microsoft", _("Microsoft recommendation")
    USER = "user", _("User recommendation")


class Category(models.TextChoices):
    """What it is about: shown to the admin and sent with the ticket."""

    DEVICES = "Devices", _("Devices")
    DATA = "Data", _("Data")
    APPS = "Apps", _("Apps")
    IDENTITY = "Identity", _("Identity")
    INFRASTRUCTURE = "Infrastructure", _("Infrastructure")


class Ticket(models.Model):
    """A change request or incident, from the form to its life in ServiceNow."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tickets")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="tickets"
    )
    # Our key on the other side; looked up before any repeated create. Also the
    # one-time token of the form, so that a second submit finds the first ticket.
    correlation_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("ticket name"), max_length=160)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority)
    due_date = models.DateField(_("due date"), null=True, blank=True)
    source = models.CharField(max_length=20, choices=Source, default=Source.USER)
    category = models.CharField(max_length=20, choices=Category)
    # The Secure Score control the ticket was shared from; empty for one typed in, and
    # for one that stands for several: these are in `actions`.
    control_id = models.CharField(max_length=200, blank=True)
    # Sent in test mode: ServiceNow shows its name behind [TEST].
    is_test = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # The user ID that is sent with the ticket; outlives the account.
    created_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)

    # What ServiceNow says; empty until the ticket is there.
    sys_id = models.CharField(max_length=32, blank=True)
    number = models.CharField(max_length=40, blank=True)
    remote_state = models.CharField(max_length=40, blank=True)
    remote_priority = models.CharField(max_length=10, blank=True)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    remote_mod_count = models.IntegerField(null=True, blank=True)
    assigned_to = models.CharField(max_length=200, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    # How many reconciliations in a row did not see it.
    misses = models.PositiveSmallIntegerField(default=0)
    # Set when two in a row did not see it: deleted, or hidden from our user.
    missing_since = models.DateTimeField(null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "sys_id"],
                condition=~models.Q(sys_id=""),
                name="ticket_sys_id_once_per_connection",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values), name="ticket_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(priority__in=Priority.values),
                name="ticket_priority_known",
            ),
        ]
        indexes = [
            # The list's order in full: without the key its rows are sorted each time.
            models.Index(
                fields=["tenant", "-created_at", "-id"], name="ticket_newest_first"
            ),
            models.Index(fields=["tenant", "kind", "-created_at"]),
            models.Index(fields=["tenant", "control_id"]),
        ]
        permissions = [("share_ticket", "Can share and create tickets")]
        default_permissions = ("view",)
        verbose_name = _("ticket")

    def __str__(self) -> str:
        return self.number or self.name

    def get_absolute_url(self) -> str:
        return reverse("tickets:detail", args=[self.pk])

    @property
    def control_ids(self) -> list[str]:
        """The improvement actions it stands for; asks the database unless prefetched."""
        if self.control_id:
            return [self.control_id]
        return [action.control_id for action in self.actions.all()]

    @property
    def is_delivered(self) -> bool:
        return bool(self.sys_id)

    @property
    def is_amendable(self) -> bool:
        """Whether changes and notes can be sent: it is there, and not cut off."""
        return self.is_delivered and not self.is_read_only

    @property
    def is_read_only(self) -> bool:
        """Whether its connection was removed: it is history and nothing is sent."""
        return self.connection.is_removed

    @property
    def delivery_label(self) -> str:
        """How far it is on its way; for rows of `for_list()`."""
        status: str = getattr(self, "delivery_status", "")
        return str(Delivery.Status(status).label) if status else ""

    @property
    def is_overdue(self) -> bool:
        due: date | None = self.due_date
        if due is None or due >= timezone.localdate():
            return False
        return not self.is_finished

    @property
    def is_finished(self) -> bool:
        """Whether nothing is due any more; asks the database about a row without state.

        Rows of `with_state()` know it.
        """
        category: str | None = getattr(self, "state_category", None)
        if category is None:
            return not Ticket.objects.filter(pk=self.pk).open().exists()
        return category in FINISHED

    @property
    def state_icon(self) -> str:
        """The icon of what its state counts as; for rows of `with_state()`."""
        return icon_of(getattr(self, "state_category", ""))

    @property
    def remote_url(self) -> str:
        """The record's address in ServiceNow's own pages, or "" before delivery."""
        if not self.sys_id:
            return ""
        return self.connection.record_url(self.kind, self.sys_id)


class TicketAction(models.Model):
    """One of several improvement actions a single ticket stands for."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="actions")
    control_id = models.CharField(max_length=200)

    objects = TicketActionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "control_id"], name="ticket_action_once"
            ),
        ]
        indexes = [models.Index(fields=["control_id"])]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.control_id}"


class Delivery(Outgoing):
    """The outbox: one thing still to be told to ServiceNow, or told already."""

    class Operation(models.TextChoices):
        CREATE = "create", _("Create")
        UPDATE = "update", _("Change")
        NOTE = "note", _("Note")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        DELIVERED = "delivered", _("In ServiceNow")
        # Waits for a person: refused by ServiceNow, or wrongly configured.
        STOPPED = "stopped", _("Not sent")
        # Waits for the connection to be mended; goes out by itself afterwards.
        WAITING = "waiting", _("Waiting for the connection")
        # Given up by a person; never for a create, which is retried until it is there.
        DISCARDED = "discarded", _("Discarded")

    ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, related_name="deliveries"
    )
    operation = models.CharField(
        max_length=10, choices=Operation, default=Operation.CREATE
    )
    # What is sent, byte for byte as the preview showed it.
    payload = models.JSONField(default=dict, blank=True)
    # For UPDATE: what the ticket showed of these fields when they were edited.
    before = models.JSONField(default=dict, blank=True)
    # For NOTE: stands in the note's last line, so that it is found before a repeat;
    # unique, so that the same note is queued once.
    marker = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(operation="create"),
                name="delivery_one_create_per_ticket",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"])]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.operation} {self.ticket_id} {self.status}"


class TicketEvent(models.Model):
    """One line of a ticket's timeline; the text is made when it is shown."""

    class Action(models.TextChoices):
        CREATED = "created", _("Created in the portal")
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sending")
        DELIVERED = "delivered", _("In ServiceNow")
        ADOPTED = "adopted", _("Found in ServiceNow")
        FAILED = "failed", _("Attempt failed")
        STOPPED = "stopped", _("Stopped")
        RETRIED = "retried", _("Sent again by hand")
        CHANGED = "changed", _("Changed in ServiceNow")
        COMMENTED = "commented", _("Comment in ServiceNow")
        MISSING = "missing", _("No longer visible in ServiceNow")
        FOUND = "found", _("Visible in ServiceNow again")
        EDITED = "edited", _("Changed in the portal")
        NOTED = "noted", _("Note from the portal")
        AMENDED = "amended", _("Change or note is in ServiceNow")
        DISCARDED = "discarded", _("Discarded")
        MOVED = "moved", _("Taken over by another connection")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=20, choices=Action)
    actor_name = models.CharField(max_length=200, blank=True)
    # For CHANGED: which field, and its values as ServiceNow's codes.
    field = models.CharField(max_length=40, blank=True)
    old = models.CharField(max_length=255, blank=True)
    new = models.CharField(max_length=255, blank=True)
    # For COMMENTED, FAILED and STOPPED: the remote's own words.
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    # Set for what a poll may see twice; the same key is written once per ticket.
    key = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "key"],
                condition=~models.Q(key=""),
                name="ticket_event_key_once",
            ),
        ]
        indexes = [models.Index(fields=["ticket", "-at"])]

    def __str__(self) -> str:
        return f"{self.action} {self.ticket_id}"


class SyncCursor(models.Model):
    """How far the poll of one connection has come, and when it goes on."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="cursor"
    )
    # The instance's clock, as in sys_updated_on; never the local one.
    updated_at = models.DateTimeField(null=True, blank=True)
    sys_id = models.CharField(max_length=32, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    polls = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Seconds between polls: grows while nothing changes, shrinks when something does.
    interval = models.PositiveIntegerField(default=60)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.updated_at}"
