"""The filters of the history; they live in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.score import categories
from portal.score.filters import FilterForm
from portal.score.models import ControlProfile, ScoreEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connector.models import Tenant

SYSTEM, PEOPLE = "system", "people"


def _day(label: Any) -> dict[str, Any]:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return {"label": label, "widget": widget, "field_name": "date"}


class HistoryFilter(filters.FilterSet):  # type: ignore[misc]
    """What the history shows; invalid values are ignored."""

    q = filters.CharFilter(
        label=_("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": ""}),
    )
    since = filters.DateFilter(lookup_expr="gte", **_day(_("From")))
    until = filters.DateFilter(lookup_expr="lte", **_day(_("To")))
    kind = filters.ChoiceFilter(
        label=_("Activity"), empty_label=_("All"), choices=ScoreEvent.Kind.choices
    )
    category = filters.ChoiceFilter(label=_("Category"), empty_label=_("All"))
    who = filters.ChoiceFilter(
        label=_("Attributed to"),
        empty_label=_("All"),
        choices=[(SYSTEM, _("System")), (PEOPLE, _("People"))],
        method="by",
    )
    action = filters.CharFilter(
        field_name="control_id", max_length=200, widget=forms.HiddenInput
    )

    class Meta:
        model = ScoreEvent
        fields: list[str] = []
        form = FilterForm

    def __init__(self, data: Any, queryset: QuerySet[Any], *, tenant: Tenant) -> None:
        super().__init__(data, queryset)
        self._actions = ControlProfile.objects.for_tenant(tenant)
        found = self._actions.order_by().values_list("category", flat=True).distinct()
        self.filters["category"].extra["choices"] = [
            (name, categories.label(name))
            for name in sorted(filter(None, found), key=categories.position)
        ]

    def search(self, queryset: QuerySet[Any], _name: str, words: str) -> QuerySet[Any]:
        found = self._actions
        for word in words.split():
            found = found.filter(title__icontains=word)
        return queryset.filter(control_id__in=found.values("control_id"))

    def by(self, queryset: QuerySet[Any], _name: str, who: str) -> QuerySet[Any]:
        return (
            queryset.filter(actor="") if who == SYSTEM else queryset.exclude(actor="")
        )
