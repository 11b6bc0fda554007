"""The filters of the message center; they live in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.filters import FilterForm
from tickets.support import health_words
from tickets.support.health_models import ServiceMessage

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.health_queries import ServiceMessageQuerySet


class MessageFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list may be narrowed to; invalid values are ignored."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True}),
    )
    service = django_filters.ChoiceFilter(
        label=_("Service"), method="of_service", empty_label=_("All")
    )
    category = django_filters.ChoiceFilter(
        label=_("Category"),
        choices=health_words.category_choices,
        empty_label=_("All"),
    )
    severity = django_filters.ChoiceFilter(
        label=_("Severity"),
        choices=health_words.severity_choices,
        empty_label=_("All"),
    )
    tag = django_filters.ChoiceFilter(
        label=_("Tag"), method="with_tag", empty_label=_("All")
    )
    major = django_filters.BooleanFilter(
        label=_("Major changes only"),
        method="only_major",
        widget=forms.CheckboxInput(),
    )

    class Meta:
        model = ServiceMessage
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, tenant: Tenant, **more: Any) -> None:
        super().__init__(*args, **more)
        rows = ServiceMessage.objects.for_tenant(tenant).order_by()
        named = list(rows.values_list("services", "tags").distinct())
        for name, place in (("service", 0), ("tag", 1)):
            found = sorted({str(one) for row in named for one in row[place]})
            self.filters[name].extra["choices"] = [(one, one) for one in found]

    def search(
        self, rows: ServiceMessageQuerySet, _name: str, text: str
    ) -> ServiceMessageQuerySet:
        return rows.with_words(text)

    def of_service(
        self, rows: ServiceMessageQuerySet, _name: str, service: str
    ) -> ServiceMessageQuerySet:
        return rows.of_service(service)

    def with_tag(
        self, rows: ServiceMessageQuerySet, _name: str, tag: str
    ) -> ServiceMessageQuerySet:
        return rows.with_tag(tag)

    def only_major(
        self, rows: ServiceMessageQuerySet, _name: str, wanted: bool
    ) -> ServiceMessageQuerySet:
        return rows.filter(is_major_change=True) if wanted else rows
