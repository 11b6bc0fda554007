"""The filters of the ticket list; they live in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.models import Connection
from tickets.choices import StateCategory
from tickets.models import (
    Category,
    Delivery,
    Kind,
    Priority,
    Ticket,
    TicketAction,
    TicketState,
)

if TYPE_CHECKING:
    from django.http import QueryDict

    from connector.models import Tenant
    from tickets.queries import TicketQuerySet

# What the address may say → the columns; the primary key makes the order total.
SORTS = {
    "name": "name",
    "number": "number",
    "priority": "priority_order",
    "due_date": "due_date",
    "created_at": "created_at",
}
DEFAULT_SORT = "-created_at"


class FilterForm(forms.Form):
    """A form whose fields are all optional, without saying so."""

    is_filter = True


class TicketFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list may be narrowed to."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Search"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "data-search": True}),
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Kind"),
        choices=Kind.choices,
        empty_label=gettext_lazy("All"),
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Status"),
        method="in_state",
        empty_label=gettext_lazy("All"),
    )
    status_category = django_filters.ChoiceFilter(
        label=gettext_lazy("Status category"),
        choices=StateCategory.choices,
        method="in_category",
        empty_label=gettext_lazy("All"),
    )
    priority = django_filters.ChoiceFilter(
        label=gettext_lazy("Priority"),
        choices=Priority.choices,
        empty_label=gettext_lazy("All"),
    )
    category = django_filters.ChoiceFilter(
        label=gettext_lazy("Category"),
        choices=Category.choices,
        empty_label=gettext_lazy("All"),
    )
    delivery = django_filters.ChoiceFilter(
        label=gettext_lazy("Delivery"),
        choices=Delivery.Status.choices,
        method="in_delivery",
        empty_label=gettext_lazy("All"),
    )
    connection = django_filters.ChoiceFilter(
        label=gettext_lazy("Instance"),
        field_name="connection_id",
        empty_label=gettext_lazy("All"),
    )
    overdue = django_filters.BooleanFilter(
        label=gettext_lazy("Overdue only"),
        method="only_overdue",
        widget=forms.CheckboxInput(),
    )

    class Meta:
        model = Ticket
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["state"].extra["choices"] = _state_choices(tenant)
        instances = _instance_choices(tenant)
        # Whether a row must say which instance it is of.
        self.has_several = len(instances) > 1
        self.filters["connection"].extra["choices"] = instances
        if not self.has_several:
            del self.filters["connection"]

    def search(self, rows: TicketQuerySet, _name: str, text: str) -> TicketQuerySet:
        found = Q(name__icontains=text) | Q(number__icontains=text)
        together = TicketAction.objects.filter(control_id__icontains=text)
        found |= Q(pk__in=together.order_by().values("ticket_id"))
        return rows.filter(found | Q(control_id__icontains=text))

    def in_state(self, rows: TicketQuerySet, _name: str, choice: str) -> TicketQuerySet:
        kind, _colon, value = choice.partition(":")
        return rows.filter(kind=kind, remote_state=value)

    def in_category(
        self, rows: TicketQuerySet, _name: str, category: str
    ) -> TicketQuerySet:
        # A state nobody mapped yet counts as open.
        unmapped = [""] if category == StateCategory.OPEN else []
        return rows.in_category(category, *unmapped)

    def in_delivery(
        self, rows: TicketQuerySet, _name: str, status: str
    ) -> TicketQuerySet:
        # Of its create, as the rows show it; changes and notes are deliveries too.
        return rows.filter(deliveries__operation="create", deliveries__status=status)

    def only_overdue(
        self, rows: TicketQuerySet, _name: str, wanted: bool
    ) -> TicketQuerySet:
        return rows.overdue() if wanted else rows


def _instance_choices(tenant: Tenant) -> list[tuple[str, str]]:
    """Return the connections that have tickets here, or can have some."""
    mine = Connection.objects.for_tenant(tenant).filter(
        Exists(Ticket.objects.filter(connection=OuterRef("pk")))
        | Q(pk__in=Connection.objects.of_servicenow(tenant).settled().values("pk"))
    )
    ordered = mine.order_by(F("removed_at").asc(nulls_first=True), "-is_default", "pk")
    return [(str(one.pk), _called(one)) for one in ordered.for_show()]


def _called(connection: Connection) -> str:
    if connection.is_removed:
        return _("%(name)s (removed)") % {"name": connection}
    return str(connection)


def _state_choices(tenant: Tenant) -> list[tuple[str, list[tuple[str, str]]]]:
    states = list(TicketState.objects.for_tenant(tenant))
    return [
        (
            str(kind.label),
            list(
                {
                    f"{s.kind}:{s.value}": str(s) for s in states if s.kind == kind
                }.items()
            ),
        )
        for kind in Kind
    ]


@dataclass(frozen=True)
class Chip:
    """One filter that is on, and the address without it."""

    label: str
    url: str


def chips(filters: TicketFilter, query: QueryDict) -> list[Chip]:
    """Return the filters that are on."""
    cleaned = filters.form.cleaned_data if filters.is_bound else {}
    names = [name for name, value in cleaned.items() if value]
    return [Chip(_chip_label(filters, name), _without(query, name)) for name in names]


def _chip_label(filters: TicketFilter, name: str) -> str:
    field, value = filters.form.fields[name], filters.form.cleaned_data[name]
    if value is True:
        return str(field.label)
    words = {"field": field.label, "value": _words_of(field, value)}
    return _("%(field)s: %(value)s") % words


def _words_of(field: forms.Field, value: str) -> str:
    """Return what the choice is called, also inside a group."""
    for key, label in getattr(field, "choices", []):
        if isinstance(label, list | tuple):
            found = dict(label).get(value)
            if found:
                return f"{found} ({key})"
        elif key == value:
            return str(label)
    return value


def _without(query: QueryDict, name: str) -> str:
    rest = query.copy()
    for gone in (name, "page"):
        rest.pop(gone, None)
    return f"?{rest.urlencode()}"


def ordered(rows: TicketQuerySet, sort: str) -> TicketQuerySet:
    """Return the rows in the order the address asks for, or newest first."""
    sort = sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT
    sign = "-" if sort.startswith("-") else ""
    column = SORTS[sort.removeprefix("-")]
    if column == "priority_order":
        rows = rows.with_priority_order()
    return rows.order_by(f"{sign}{column}", f"{sign}pk")
