"""Named reads of tickets, deliveries and states."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from datetime import datetime

    from connector.models import Connection
    from tickets.models import Ticket

# Never shown in a list, and costly to decrypt row by row.
_SECRETS = (
    "connection__client_secret",
    "connection__password",
    "connection__access_token",
    "connection__refresh_token",
    "connection__pending_code",
    "connection__probes",
)
# What one attempt reads and writes; the rest is loaded should it be needed.
_NEEDED_TO_SEND = (
    *("payload", "status", "attempts", "claimed_at", "unanswered_at", "ticket_id"),
    *(
        f"ticket__{name}"
        for name in (
            *("kind", "name", "priority", "due_date", "correlation_id", "sys_id"),
            *("number", "remote_state", "remote_priority", "remote_updated_at"),
            *("remote_mod_count", "assigned_to", "misses", "missing_since"),
            "connection_id",
        )
    ),
    *(
        f"ticket__connection__{name}"
        for name in (
            *("tenant_id", "base_url", "status", "remote_user_name", "access_token"),
            *("access_token_expires_at", "last_error_code", "removed_at"),
            "auth_type",
        )
    ),
    "ticket__connection__tenant__name",
)
# Alike in all of these, minutes apart: the same ticket, sent by Back and Send.
_SAID_BY_PEOPLE = (
    *("tenant_id", "connection_id", "created_by_id", "kind", "name", "description"),
    *("priority", "due_date", "category", "source", "control_id"),
)
TWIN_AGE = timedelta(minutes=10)
# ServiceNow's codes of resolved, closed and canceled: nothing is due any more.
DONE = {"change_request": ("3", "4"), "incident": ("6", "7", "8")}
_PRIORITY_ORDER = ("low", "medium", "high")


class TicketQuerySet(TenantQuerySet):
    """Reads of tickets."""

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def of_control(self, control_id: str) -> Self:
        return self.filter(control_id=control_id)

    def twin_of(self, ticket: Ticket) -> Ticket | None:
        """Return the newest ticket the same person sent minutes ago, alike in all."""
        alike = {name: getattr(ticket, name) for name in _SAID_BY_PEOPLE}
        recent = self.filter(created_at__gt=timezone.now() - TWIN_AGE, **alike)
        twin: Ticket | None = recent.order_by("-created_at").first()
        return twin

    def for_list(self) -> Self:
        """With all that a row of a list or card shows, as `state_label` and so on."""
        return (
            self.select_related("connection")
            .defer("description", *_SECRETS)
            .with_state()
            .with_delivery()
        )

    def with_state(self) -> Self:
        """Add `state_label`: our name of the state, else ServiceNow's, else its code."""
        state = apps.get_model("tickets", "TicketState").objects.filter(
            connection=models.OuterRef("connection"),
            kind=models.OuterRef("kind"),
            value=models.OuterRef("remote_state"),
        )
        name = Coalesce(NullIf("label", models.Value("")), "default_label")
        label = models.Subquery(state.values_list(name)[:1])
        return self.annotate(state_label=Coalesce(label, "remote_state"))

    def with_delivery(self) -> Self:
        """Add `delivery_status`: how far the ticket is on its way."""
        created = apps.get_model("tickets", "Delivery").objects.filter(
            ticket=models.OuterRef("pk"), operation="create"
        )
        return self.annotate(
            delivery_status=models.Subquery(created.values("status")[:1])
        )

    def with_priority_order(self) -> Self:
        """Add `priority_order`: a number to sort by."""
        steps = [
            models.When(priority=priority, then=models.Value(step))
            for step, priority in enumerate(_PRIORITY_ORDER)
        ]
        return self.annotate(
            priority_order=models.Case(*steps, output_field=models.IntegerField())
        )

    def open(self) -> Self:
        """Return what is not resolved, closed or canceled, sent or not."""
        done = models.Q()
        for kind, codes in DONE.items():
            done |= models.Q(kind=kind, remote_state__in=codes)
        return self.exclude(done)

    def overdue(self) -> Self:
        return self.open().filter(due_date__lt=timezone.localdate())


def is_due(now: datetime) -> models.Q:
    """Return what waits only for a worker; what was never tried waits for no clock."""
    is_time = models.Q(due_at__lte=now) | models.Q(attempts=0)
    return models.Q(status="queued") & is_time


def has_lapsed(now: datetime) -> models.Q:
    """Return what a dead worker holds: long ago, or since before the clock went back."""
    lease = timedelta(seconds=settings.OUTBOX_LEASE)
    is_old = models.Q(claimed_at__lt=now - lease) | models.Q(claimed_at__gt=now + lease)
    return models.Q(status="sending") & is_old


class DeliveryQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads of the outbox."""

    def with_ticket(self) -> Self:
        """With the ticket, its connection and organisation: all that sending needs."""
        return self.select_related("ticket__connection__tenant").only(*_NEEDED_TO_SEND)

    def due(self) -> Self:
        """Return what may be claimed now: due, or claimed by a worker that died."""
        now = timezone.now()
        return self.filter(is_due(now) | has_lapsed(now))


class TicketStateQuerySet(TenantQuerySet):
    """Reads of state names."""

    def of(self, connection: Connection) -> Self:
        return self.filter(connection=connection)
