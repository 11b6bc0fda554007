"""The filters of the log of calls; they live in the address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.filters import FilterForm
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis.purposes import label_of

if TYPE_CHECKING:
    from connector.models import Tenant
    from connector.queries import TenantQuerySet

_OUTCOMES = {
    "good": (_("Success"), Q(status__lt=400)),
    "refused": (_("Refused (4xx)"), Q(status__gte=400, status__lt=500)),
    "failed": (_("Failed (5xx)"), Q(status__gte=500)),
    "unanswered": (_("No answer"), Q(status=None)),
}
_TIMES = {
    "hour": (_("Last hour"), timedelta(hours=1)),
    "day": (_("Last 24 hours"), timedelta(hours=24)),
    "week": (_("Last 7 days"), timedelta(days=7)),
}


class CallFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the log may be narrowed to; invalid values are ignored."""

    repository = django_filters.ChoiceFilter(
        label=_("Repository"), field_name="repository_id", empty_label=_("All")
    )
    direction = django_filters.ChoiceFilter(
        label=_("Direction"),
        choices=ConnectorCall.Direction.choices,
        empty_label=_("Both"),
    )
    purpose = django_filters.ChoiceFilter(label=_("Purpose"), empty_label=_("All"))
    outcome = django_filters.ChoiceFilter(
        label=_("Result"),
        choices=[(name, label) for name, (label, _q) in _OUTCOMES.items()],
        method="with_outcome",
        empty_label=_("All"),
    )
    code = django_filters.ChoiceFilter(label=_("Code"), empty_label=_("All"))
    user = django_filters.CharFilter(
        label=_("ServiceNow user"),
        field_name="user_name",
        lookup_expr="icontains",
        max_length=100,
    )
    since = django_filters.ChoiceFilter(
        label=_("Time"),
        choices=[(name, label) for name, (label, _span) in _TIMES.items()],
        method="not_before",
        empty_label=_("All"),
    )

    class Meta:
        model = ConnectorCall
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, tenant: Tenant, **more: Any) -> None:
        super().__init__(*args, **more)
        mine = ConnectorCall.objects.for_tenant(tenant).order_by()
        for name in ("purpose", "code"):
            values = mine.exclude(**{name: ""}).values_list(name, flat=True)
            found = sorted(set(values.distinct()))
            named = [(one, label_of(one)) for one in found]
            self.filters[name].extra["choices"] = named
        instances = [(str(one.pk), str(one)) for one in tenant.repositories.all()]
        # Whether a row must say which repository it is of.
        self.has_several = len(instances) > 1
        self.filters["repository"].extra["choices"] = instances
        if not self.has_several:
            self.filters["repository"].extra["widget"] = forms.HiddenInput

    def with_outcome(
        self, rows: TenantQuerySet, _name: str, outcome: str
    ) -> TenantQuerySet:
        return rows.filter(_OUTCOMES[outcome][1])

    def not_before(self, rows: TenantQuerySet, _name: str, time: str) -> TenantQuerySet:
        return rows.filter(at__gte=timezone.now() - _TIMES[time][1])
