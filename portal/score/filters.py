"""Search, filters and order of the list of improvement actions."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.score import categories, columns, plan_forms
from portal.score.models import ControlProfile
from portal.score.plan_models import ActionTag, StateChange
from portal.score.products import product_name
from portal.score.queries import RECENTLY_ADDED, REGRESSED, recently_updated
from portal.score.standstill import unchanged
from portal.score.status import FINISHED, TOLERANCE, ActionStatus
from tickets.models import Ticket
from tickets.queries import controls

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import QueryDict

    from connector.models import Tenant

_FLAGS = {"regressed": REGRESSED, "added": RECENTLY_ADDED}
_SCOPES = {
    "unscored": Q(deprecated=False, score__isnull=True),
    "deprecated": Q(deprecated=True),
    "all": Q(),
}
_LEVELS = ("low", "moderate", "high")
_Level = ControlProfile.Level
DEFAULT_SORT = "rank"
ME = "me"
NOBODY = "none"
SOON = timedelta(days=7)


def _steps(column: str, values: Any) -> Case:
    """Return the place of a column's value in a list, to sort by."""
    steps = [When(**{column: value}, then=Value(n)) for n, value in enumerate(values)]
    return Case(*steps, default=Value(len(steps)))


SORTS = {
    "rank": F("rank"),
    "name": F("title"),
    "points": F("score"),
    "impact": F("remaining"),
    "status": _steps("status", ActionStatus),
    "category": F("category"),
    "product": F("service"),
    "user_impact": _steps("user_impact", _LEVELS),
    "cost": _steps("implementation_cost", _LEVELS),
    "synced": F("last_synced_at"),
    "owner": F("owner_name"),
    "due": F("due"),
}


class FilterForm(forms.Form):
    """A form whose fields are all optional, without saying so."""

    is_filter = True


class _Checkboxes(forms.CheckboxSelectMultiple):
    """Boxes of which any may be ticked."""


def _several(label: Any) -> filters.MultipleChoiceFilter:
    return filters.MultipleChoiceFilter(label=label, widget=_Checkboxes, distinct=False)


def _one(label: Any, choices: Any, method: str = "") -> filters.ChoiceFilter:
    options = {"method": method} if method else {}
    return filters.ChoiceFilter(
        label=label, choices=choices, empty_label=gettext_lazy("All"), **options
    )


class ActionFilter(filters.FilterSet):  # type: ignore[misc]
    """What the list shows; invalid values are ignored."""

    q = filters.CharFilter(
        label=gettext_lazy("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": ""}),
    )
    show = filters.ChoiceFilter(
        label=gettext_lazy("Show"),
        empty_label=None,
        choices=[
            # The first stands for an address that has other filters only.
            ("all", gettext_lazy("All")),
            ("open", gettext_lazy("Open")),
            ("finished", gettext_lazy("Finished")),
        ],
        method="shown",
    )
    status = filters.MultipleChoiceFilter(
        label=gettext_lazy("Status"),
        choices=ActionStatus.choices,
        widget=_Checkboxes,
        distinct=False,
    )
    category = _several(gettext_lazy("Category"))
    service = _several(gettext_lazy("Product"))
    points = _one(
        gettext_lazy("Points"),
        [
            ("open", gettext_lazy("Not 100 %")),
            ("full", gettext_lazy("100 %")),
        ],
        "with_points",
    )
    flag = _one(
        gettext_lazy("Last 30 days"),
        [
            ("regressed", gettext_lazy("Regressed")),
            ("added", gettext_lazy("Recently added")),
            ("updated", gettext_lazy("Recently updated")),
        ],
        "flagged",
    )
    ticket = _one(
        gettext_lazy("Ticket"),
        [
            ("open", gettext_lazy("Has open ticket")),
            ("any", gettext_lazy("Has a ticket")),
            ("none", gettext_lazy("Has no ticket")),
        ],
        "with_ticket",
    )
    owner = filters.ChoiceFilter(
        label=gettext_lazy("Owner"),
        empty_label=gettext_lazy("All"),
        method="owned",
    )
    due = _one(
        gettext_lazy("Due date"),
        [
            ("overdue", gettext_lazy("Overdue")),
            ("soon", gettext_lazy("In the next 7 days")),
            ("set", gettext_lazy("Has a due date")),
            ("none", gettext_lazy("Has no due date")),
        ],
        "due_when",
    )
    tag = filters.ChoiceFilter(
        label=gettext_lazy("Tag"), empty_label=gettext_lazy("All"), method="tagged"
    )
    user_impact = _one(gettext_lazy("User impact"), _Level.choices)
    cost = filters.ChoiceFilter(
        label=gettext_lazy("Implementation cost"),
        choices=_Level.choices,
        empty_label=gettext_lazy("All"),
        field_name="implementation_cost",
    )
    microsoft = _one(
        gettext_lazy("Told to Microsoft"),
        [
            ("waiting", gettext_lazy("Being sent")),
            ("refused", gettext_lazy("Not taken")),
        ],
        "told",
    )
    stale = filters.NumberFilter(
        label=gettext_lazy("No change for (days)"),
        method="stale_for",
        min_value=1,
        max_value=3650,
        widget=forms.NumberInput(attrs={"min": 1, "max": 3650}),
    )
    scope = filters.ChoiceFilter(
        label=gettext_lazy("Scored"),
        empty_label=gettext_lazy("Scored here"),
        choices=[
            ("unscored", gettext_lazy("Not scored here")),
            ("deprecated", gettext_lazy("Deprecated")),
            ("all", gettext_lazy("All")),
        ],
        method="scoped",
    )

    class Meta:
        model = ControlProfile
        fields: list[str] = []
        form = FilterForm

    def __init__(
        self, data: Any, queryset: QuerySet[Any], *, tenant: Tenant, user: Any
    ) -> None:
        super().__init__(data, queryset)
        self.tenant = tenant
        self.user = user
        found = cache(partial(_found, tenant))
        self._choices_of("category", lambda: _category_choices(found()))
        self._choices_of("service", lambda: _service_choices(found()))
        self._choices_of("owner", partial(_owner_choices, tenant))
        self._choices_of("tag", partial(_tag_choices, tenant))

    def _choices_of(self, name: str, choices: Callable[[], Any]) -> None:
        # Read only if something is chosen from them, or they are shown; then once.
        self.filters[name].extra["choices"] = cache(choices)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        narrowed = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("scope"):
            narrowed = narrowed.filter(deprecated=False, score__isnull=False)
        return ordered(narrowed, self.data.get("sort", ""), self.data.get("group", ""))

    def search(self, queryset: QuerySet[Any], _name: str, words: str) -> QuerySet[Any]:
        for word in words.split():
            queryset = queryset.filter(
                Q(title__icontains=word)
                | Q(description__icontains=word)
                | Q(control_id__icontains=word)
            )
        return queryset

    def shown(self, queryset: QuerySet[Any], _name: str, part: str) -> QuerySet[Any]:
        finished = Q(status__in=FINISHED)
        return queryset.filter({"open": ~finished, "finished": finished}.get(part, Q()))

    def with_points(self, rows: QuerySet[Any], _name: str, part: str) -> QuerySet[Any]:
        is_full = Q(remaining__lte=TOLERANCE)
        return rows.filter(is_full if part == "full" else ~is_full)

    def flagged(self, queryset: QuerySet[Any], _name: str, flag: str) -> QuerySet[Any]:
        return queryset.filter(_FLAGS.get(flag) or recently_updated())

    def scoped(self, queryset: QuerySet[Any], _name: str, scope: str) -> QuerySet[Any]:
        return queryset.filter(_SCOPES[scope])

    def with_ticket(self, rows: QuerySet[Any], _name: str, which: str) -> QuerySet[Any]:
        tickets = Ticket.objects.for_tenant(self.tenant)
        has = controls(tickets.open() if which == "open" else tickets)
        return rows.filter(~has if which == "none" else has)

    def owned(self, rows: QuerySet[Any], _name: str, who: str) -> QuerySet[Any]:
        if who == NOBODY:
            return rows.filter(owner_id__isnull=True)
        return rows.filter(owner_id=self.user.pk if who == ME else int(who))

    def due_when(self, rows: QuerySet[Any], _name: str, when: str) -> QuerySet[Any]:
        today = timezone.localdate()
        rules = {
            "overdue": Q(due__lt=today) & ~Q(status__in=FINISHED),
            "soon": Q(due__gte=today, due__lte=today + SOON),
            "set": Q(due__isnull=False),
            "none": Q(due__isnull=True),
        }
        return rows.filter(rules[when])

    def tagged(self, rows: QuerySet[Any], _name: str, tag: str) -> QuerySet[Any]:
        plans = ActionTag.objects.for_tenant(self.tenant).filter(pk=int(tag))
        return rows.filter(control_id__in=plans.order_by().values("plans__control_id"))

    def told(self, rows: QuerySet[Any], _name: str, how: str) -> QuerySet[Any]:
        statuses = {"waiting": ["queued", "sending"], "refused": ["refused"]}[how]
        changes = StateChange.objects.for_tenant(self.tenant).order_by()
        mine = changes.filter(status__in=statuses).values("control_id")
        return rows.filter(control_id__in=mine)

    def stale_for(self, rows: QuerySet[Any], _name: str, days: Any) -> QuerySet[Any]:
        return unchanged(rows, self.tenant, int(days))


NAMES = tuple(ActionFilter.base_filters)
# Beside the filters; they choose no actions.
LAYOUT = ("sort", "group", "size", "col")


def asked_for(query: QueryDict) -> QueryDict:
    """Return what the address means: a bare one asks for what is open."""
    meant = query.copy()
    if not any(name in query for name in NAMES):
        meant["show"] = "open"
    return meant


def tidied(query: QueryDict) -> QueryDict:
    """Return the same query without what says nothing."""
    kept = query.copy()
    for name in list(kept):
        values = [value for value in kept.getlist(name) if value]
        if values and name in (*NAMES, *LAYOUT, "page"):
            kept.setlist(name, values)
        else:
            del kept[name]
    if not any(name in kept for name in NAMES) and any(n in query for n in NAMES):
        kept["show"] = "all"
    if kept.get("sort") == DEFAULT_SORT:
        del kept["sort"]
    if "col" in kept and columns.is_default(kept.getlist("col")):
        del kept["col"]
    return kept


def ordered(queryset: QuerySet[Any], sort: str, group: str = "") -> QuerySet[Any]:
    """Order by group and wanted column; equal rows by rank, then by points to win."""
    column = SORTS.get(sort.removeprefix("-"), SORTS[DEFAULT_SORT])
    first = [_directed(column, sort.startswith("-"))]
    if group in GROUPS:
        first.insert(0, _directed(GROUPS[group], descends=False))
    return queryset.order_by(
        *first, F("rank").asc(nulls_last=True), "-remaining", "title", "pk"
    )


GROUPS = {
    "category": _steps("category", categories.ORDER),
    "product": F("service"),
    "status": SORTS["status"],
    "owner": F("owner_name"),
}


def _directed(column: Any, descends: bool) -> Any:
    order = column.desc if descends else column.asc
    return order(nulls_last=True)


def _found(tenant: Tenant) -> set[tuple[str, str]]:
    mine = ControlProfile.objects.for_tenant(tenant).order_by()
    return set(mine.values_list("category", "service").distinct())


def _category_choices(found: set[tuple[str, str]]) -> list[tuple[str, str]]:
    names = sorted(
        {category for category, _s in found if category}, key=categories.position
    )
    return [(name, categories.label(name)) for name in names]


def _service_choices(found: set[tuple[str, str]]) -> list[tuple[str, str]]:
    choices = {(service, product_name(service)) for _c, service in found if service}
    return sorted(choices, key=lambda choice: choice[1].lower())


def _owner_choices(tenant: Tenant) -> list[tuple[str, str]]:
    names = [(str(u.pk), u.get_username()) for u in plan_forms.people(tenant)]
    return [(ME, _("Me")), (NOBODY, _("Nobody")), *names]


def _tag_choices(tenant: Tenant) -> list[tuple[str, str]]:
    tags = ActionTag.objects.in_use(tenant)
    return [(str(tag.pk), tag.name) for tag in tags]
