"""The filters of the list of service requests; they live in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.filters import FilterForm
from tickets.support.models import Repository
from tickets.support.service_requests.models import ServiceRequest
from tickets.support.service_requests.states import State

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.service_requests.queries import ServiceRequestQuerySet

UNFINISHED = "unfinished"


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list may be narrowed to; invalid values are ignored."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True}),
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[(UNFINISHED, _("Not finished")), *State.choices],
        method="in_state",
        empty_label=_("All"),
    )
    test = django_filters.ChoiceFilter(
        label=_("Test"),
        choices=[("no", _("Real requests")), ("yes", _("Tests"))],
        method="of_test",
        empty_label=_("All"),
    )
    repository = django_filters.ChoiceFilter(
        label=_("Instance"),
        field_name="repository_id",
        empty_label=_("All"),
    )

    class Meta:
        model = ServiceRequest
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, tenant: Tenant, **more: Any) -> None:
        super().__init__(*args, **more)
        instances = Repository.objects.for_tenant(tenant)
        choices = [(str(one.pk), str(one)) for one in instances]
        self.filters["repository"].extra["choices"] = choices
        if not choices:
            del self.filters["repository"]

    def search(
        self, rows: ServiceRequestQuerySet, _name: str, text: str
    ) -> ServiceRequestQuerySet:
        return rows.with_words(text)

    def in_state(
        self, rows: ServiceRequestQuerySet, _name: str, state: str
    ) -> ServiceRequestQuerySet:
        return rows.unfinished() if state == UNFINISHED else rows.filter(state=state)

    def of_test(
        self, rows: ServiceRequestQuerySet, _name: str, choice: str
    ) -> ServiceRequestQuerySet:
        return rows.filter(is_test=choice == "yes")
