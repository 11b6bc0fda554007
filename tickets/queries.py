"""Named reads of tickets, deliveries and states."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from connector.queries import TenantQuerySet
from tickets.builtin_states import BUILT_IN
from tickets.choices import FINISHED, UNFINISHED, Colour, StateCategory

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from connector.models import Connection, Tenant
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
    "operation",
    *(
        f"ticket__{name}"
        for name in (
            *("kind", "name", "is_test", "priority", "due_date", "correlation_id"),
            "sys_id",
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
_PRIORITY_ORDER = ("low", "medium", "high")
_CREATE = models.Q(operation="create")


class TicketQuerySet(TenantQuerySet):
    """Reads of tickets."""

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def followed(self) -> Self:
        """Leave out the history of connections that were removed."""
        return self.filter(connection__removed_at__isnull=True)

    def of_control(self, control_id: str) -> Self:
        return self.of_controls([control_id])

    def of_controls(self, control_ids: Collection[str]) -> Self:
        """Return those that stand for one of the actions, alone or among others."""
        shared = apps.get_model("tickets", "TicketAction").objects.filter(
            control_id__in=control_ids
        )
        together = models.Q(pk__in=shared.order_by().values("ticket_id"))
        return self.filter(models.Q(control_id__in=control_ids) | together)

    def per_control(self, control_ids: Collection[str]) -> Self:
        """Return a row for each of the actions a ticket stands for, as `of`."""
        alone = NullIf("control_id", models.Value(""))
        rows = self.of_controls(control_ids).annotate(
            of=Coalesce(alone, "actions__control_id")
        )
        return rows.filter(of__in=control_ids)

    def of_actions(self) -> Self:
        """Return those that stand for any improvement action at all."""
        several = apps.get_model("tickets", "TicketAction").objects.order_by()
        together = models.Q(pk__in=several.values("ticket_id"))
        return self.filter(~models.Q(control_id="") | together)

    def twin_of(self, ticket: Ticket) -> Ticket | None:
        """Return the newest ticket the same person sent minutes ago, alike in all."""
        recent = self.filter(created_at__gt=timezone.now() - TWIN_AGE, **said(ticket))
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
        """Add how the state is shown: `state_label`, `state_colour`, `state_category`.

        The label is our name of it, else ServiceNow's, else its code.
        """
        name = Coalesce(NullIf("label", models.Value("")), "default_label")
        return self.annotate(
            state_label=Coalesce(_of_state(name), "remote_state"),
            state_colour=Coalesce(_of_state("colour"), models.Value(Colour.NEUTRAL)),
            state_category=_category(),
        )

    def count_by_state(self) -> list[tuple[str, int]]:
        """Return the states' names, "" before ServiceNow gave one, with their counts."""
        counted = self.order_by().with_state().values_list("state_label")
        return list(counted.annotate(count=models.Count("pk")))

    def count_open(self, tenants: list[Tenant]) -> dict[int, int]:
        """Return how many tickets of each tenant are not done."""
        mine = self.filter(tenant__in=tenants).open().order_by()
        counts = mine.values_list("tenant").annotate(count=models.Count("pk"))
        return dict(counts)

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

    def per_state(self) -> models.QuerySet[Any, tuple[str, str, int]]:
        """Return (kind, state's code, number of tickets) for each state in use."""
        counted = self.order_by().values("kind", "remote_state")
        columns = ("kind", "remote_state", "number")
        found: models.QuerySet[Any, tuple[str, str, int]] = counted.annotate(
            number=models.Count("pk")
        ).values_list(*columns)
        return found

    def in_category(self, *categories: str) -> Self:
        """Return those whose state counts as one of these; "" is: not mapped yet."""
        return self.alias(counts_as=_category()).filter(counts_as__in=categories)

    def open(self) -> Self:
        """Return those on which something is still to be done."""
        return self.in_category(*UNFINISHED)

    def done(self) -> Self:
        """Return those that are done or cancelled."""
        return self.in_category(*FINISHED)

    def overdue(self) -> Self:
        return self.filter(due_date__lt=timezone.localdate()).open()


def _of_state(column: str | models.Expression | models.Func) -> models.Subquery:
    """Return a column of the state a ticket is in."""
    state = apps.get_model("tickets", "TicketState").objects.filter(
        connection=models.OuterRef("connection"),
        kind=models.OuterRef("kind"),
        value=models.OuterRef("remote_state"),
    )
    # Without an order: there is one at most, and sorting it costs.
    return models.Subquery(state.order_by().values_list(column)[:1])


def _category() -> Coalesce:
    """Return what a ticket's state counts as; where no state is known, as usual."""
    usual = [
        models.When(
            kind=kind, remote_state__in=codes, then=models.Value(category.value)
        )
        for kind in BUILT_IN
        for category in StateCategory
        if (codes := [v for v, s in BUILT_IN[kind].items() if s.category == category])
    ]
    fallback = models.Case(*usual, default=models.Value(""))
    return Coalesce(_of_state("category"), fallback, output_field=models.CharField())


def said(ticket: Ticket) -> dict[str, Any]:
    """Return what people say in a ticket: alike in all of it, it is the same one."""
    return {name: getattr(ticket, name) for name in _SAID_BY_PEOPLE}


def is_due(now: datetime) -> models.Q:
    """Return what waits only for a worker; what was never tried waits for no clock."""
    return _is_time(now) & (_CREATE | _is_next())


def is_due_create(now: datetime) -> models.Q:
    """Return what is due of the creates: they come first, which makes it cheap to ask."""
    return _is_time(now) & _CREATE


def _is_time(now: datetime) -> models.Q:
    is_time = models.Q(due_at__lte=now) | models.Q(attempts=0)
    return models.Q(status="queued") & is_time


def _is_next() -> models.Q:
    """Return what follows nothing unfinished: changes arrive in the order they were made."""
    deliveries = apps.get_model("tickets", "Delivery").objects
    earlier = deliveries.filter(
        ticket=models.OuterRef("ticket"), pk__lt=models.OuterRef("pk")
    )
    on_the_way = models.Q(status__in=["queued", "sending", "waiting"])
    # A refused change keeps nothing up, but without its record nothing can be changed.
    is_missing = _CREATE & models.Q(status="stopped")
    return ~models.Q(models.Exists(earlier.filter(on_the_way | is_missing)))


def has_lapsed(now: datetime) -> models.Q:
    """Return what a dead worker holds: long ago, or since before the clock went back."""
    lease = timedelta(seconds=settings.OUTBOX_LEASE)
    is_old = models.Q(claimed_at__lt=now - lease) | models.Q(claimed_at__gt=now + lease)
    return models.Q(status="sending") & is_old


class TicketActionQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads of the actions that share a ticket."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(ticket__tenant=tenant)


def controls(tickets: models.QuerySet[Any]) -> models.Q:
    """Return the condition on rows with a `control_id` that one of the tickets is of."""
    several = apps.get_model("tickets", "TicketAction").objects.order_by()
    mine = several.filter(ticket__in=tickets.order_by().values("pk"))
    alone = tickets.order_by().exclude(control_id="").values("control_id")
    return models.Q(control_id__in=alone) | models.Q(
        control_id__in=mine.values("control_id")
    )


class DeliveryQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads of the outbox."""

    def amendments(self) -> Self:
        """Return changes and notes that are not in ServiceNow yet, in their order."""
        unfinished = self.exclude(operation="create").exclude(
            status__in=["delivered", "discarded"]
        )
        return unfinished.order_by("pk")

    def with_ticket(self) -> Self:
        """With the ticket, its connection and organisation: all that sending needs."""
        return self.select_related("ticket__connection__tenant").only(*_NEEDED_TO_SEND)

    def due(self) -> Self:
        """Return what may be claimed now: due, or claimed by a worker that died."""
        now = timezone.now()
        return self.filter(is_due(now) | has_lapsed(now))


class TicketStateQuerySet(TenantQuerySet):
    """Reads of states."""

    def of(self, connection: Connection, kind: str = "") -> Self:
        rows = self.filter(connection=connection)
        return rows.filter(kind=kind) if kind else rows

    def new(self) -> Self:
        """Return those nobody mapped yet, unless the instance gave them up."""
        return self.filter(category="", is_gone=False)


class StateRevisionQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads of what was changed about states."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(connection__tenant=tenant)

    def of(self, connection: Connection, kind: str) -> Self:
        """Return the changes of one kind, the newest first."""
        return self.filter(connection=connection, kind=kind).order_by("-pk")


def instances(tenant: Tenant) -> models.QuerySet[Connection]:
    """Return the organisation's instances, with `new_states` nobody mapped yet."""
    new = models.Count(
        "states", filter=models.Q(states__category="", states__is_gone=False)
    )
    mine = apps.get_model("connector", "Connection").objects.of_servicenow(tenant)
    found: models.QuerySet[Connection] = mine.only("name", "base_url").annotate(
        new_states=new
    )
    return found


def count_of_new_states() -> Coalesce:
    """Return how many states of a connection's organisation nobody mapped yet.

    To annotate a connection with: the frame of every page reads one anyhow.
    """
    rows = apps.get_model("tickets", "TicketState").objects.new()
    rows = rows.filter(
        tenant=models.OuterRef("tenant"), connection__removed_at__isnull=True
    )
    counted = rows.order_by().values("tenant").annotate(number=models.Count("pk"))
    return Coalesce(models.Subquery(counted.values("number")), 0)
