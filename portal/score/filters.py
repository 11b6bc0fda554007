"""Search, filters and order of the list of improvement actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.score import categories
from portal.score.models import ControlProfile
from portal.score.products import product_name
from portal.score.queries import RECENTLY_ADDED, REGRESSED, recently_updated
from portal.score.status import ActionStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

_STATUSES = [(status.value, status.label) for status in ActionStatus]
_FLAGS = {"regressed": REGRESSED, "added": RECENTLY_ADDED}
_SCOPES = {
    "unscored": Q(deprecated=False, score__isnull=True),
    "deprecated": Q(deprecated=True),
    "all": Q(),
}
_SORTS = {
    "rank": F("rank"),
    "name": F("title"),
    "points": F("score"),
    "impact": F("remaining"),
}
DEFAULT_SORT = "rank"


class FilterForm(forms.Form):
    """A form whose fields are all optional, without saying so."""

    is_filter = True


class ActionFilter(filters.FilterSet):  # type: ignore[misc]
    """What the list shows; invalid values are ignored."""

    q = filters.CharFilter(
        label=_("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": ""}),
    )
    category = filters.ChoiceFilter(
        label=_("Category"), empty_label=_("All categories")
    )
    status = filters.ChoiceFilter(
        label=_("Status"), empty_label=_("All statuses"), choices=_STATUSES
    )
    service = filters.ChoiceFilter(label=_("Product"), empty_label=_("All products"))
    flag = filters.ChoiceFilter(
        label=_("Last 30 days"),
        empty_label=_("All"),
        choices=[
            ("regressed", _("Regressed")),
            ("added", _("Recently added")),
            ("updated", _("Recently updated")),
        ],
        method="flagged",
    )
    scope = filters.ChoiceFilter(
        label=_("Show"),
        empty_label=_("Scored here"),
        choices=[
            ("unscored", _("Not scored here")),
            ("deprecated", _("Deprecated")),
            ("all", _("All")),
        ],
        method="scoped",
    )

    class Meta:
        model = ControlProfile
        fields: list[str] = []
        form = FilterForm

    def __init__(self, data: Any, queryset: QuerySet[Any], **options: Any) -> None:
        super().__init__(data, queryset, **options)
        found = set(queryset.order_by().values_list("category", "service"))
        self.filters["category"].extra["choices"] = _category_choices(found)
        self.filters["service"].extra["choices"] = _service_choices(found)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        narrowed = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("scope"):
            narrowed = narrowed.filter(deprecated=False, score__isnull=False)
        return _ordered(narrowed, self.data.get("sort", ""))

    def search(self, queryset: QuerySet[Any], _name: str, words: str) -> QuerySet[Any]:
        for word in words.split():
            queryset = queryset.filter(
                Q(title__icontains=word)
                | Q(description__icontains=word)
                | Q(control_id__icontains=word)
            )
        return queryset

    def flagged(self, queryset: QuerySet[Any], _name: str, flag: str) -> QuerySet[Any]:
        return queryset.filter(_FLAGS.get(flag) or recently_updated())

    def scoped(self, queryset: QuerySet[Any], _name: str, scope: str) -> QuerySet[Any]:
        return queryset.filter(_SCOPES[scope])


def _ordered(queryset: QuerySet[Any], sort: str) -> QuerySet[Any]:
    """Order by the wanted column; equal rows by rank, then by the points to win."""
    column = _SORTS.get(sort.removeprefix("-"), _SORTS[DEFAULT_SORT])
    first = (
        column.desc(nulls_last=True)
        if sort.startswith("-")
        else column.asc(nulls_last=True)
    )
    return queryset.order_by(
        first, F("rank").asc(nulls_last=True), "-remaining", "title", "pk"
    )


def _category_choices(found: set[tuple[str, str]]) -> list[tuple[str, str]]:
    names = sorted(
        {category for category, _s in found if category}, key=categories.position
    )
    return [(name, categories.label(name)) for name in names]


def _service_choices(found: set[tuple[str, str]]) -> list[tuple[str, str]]:
    choices = {(service, product_name(service)) for _c, service in found if service}
    return sorted(choices, key=lambda choice: choice[1].lower())
