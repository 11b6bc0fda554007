"""Pages of the alerts and their rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector.access import require
from portal.score import alert_mail, alert_texts
from portal.score import alerts as watch
from portal.score.alert_models import Alert, AlertRule
from portal.score.forms import AlertRuleForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

VIEW = "portal.view_score"
MANAGE = "portal.manage_score"
ACKNOWLEDGE = "portal.acknowledge_alert"
PAGE_SIZE = 25


@dataclass(frozen=True)
class Row:
    """One alert in words."""

    alert: Alert

    @property
    def headline(self) -> str:
        return alert_texts.headline(self.alert)

    @property
    def details(self) -> list[str]:
        return alert_texts.details(self.alert)

    @property
    def actions(self) -> list[str]:
        return alert_texts.actions(self.alert)

    @property
    def rule(self) -> str:
        return alert_texts.rule(self.alert.kind, self.alert.value)

    @property
    def recipients(self) -> list[str]:
        return self.alert.recipients.split()


@require_GET
@require(VIEW)
def alerts(request: TenantRequest) -> HttpResponse:
    """List the alerts, newest first, and the rules."""
    mine = Alert.objects.for_tenant(request.tenant)
    page = Paginator(mine, PAGE_SIZE).get_page(request.GET.get("page"))
    rules = AlertRule.objects.for_tenant(request.tenant)
    context = {
        "page": page,
        "rows": [Row(alert) for alert in page],
        "rules": [
            (rule, alert_texts.rule(rule.kind, rule.value), rule.recipients.split())
            for rule in rules
        ],
        "has_mail": alert_mail.is_sent_by_mail(),
    }
    return render(request, "score/alerts.html", context)


@require_POST
@require(ACKNOWLEDGE)
def acknowledge(request: TenantRequest, pk: int) -> HttpResponse:
    """Take note of one alert."""
    mine = Alert.objects.for_tenant(request.tenant)
    alert = get_object_or_404(mine, pk=pk)
    with transaction.atomic():
        watch.acknowledge(alert, actor=request.user)
    return redirect("score:alerts")


@require_POST
@require(ACKNOWLEDGE)
def acknowledge_all(request: TenantRequest) -> HttpResponse:
    """Take note of all alerts."""
    with transaction.atomic():
        for alert in Alert.objects.for_tenant(request.tenant).open():
            watch.acknowledge(alert, actor=request.user)
    return redirect("score:alerts")


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def rule(request: TenantRequest, pk: int | None = None) -> HttpResponse:
    """Add a rule, or change one."""
    mine = AlertRule.objects.for_tenant(request.tenant)
    known = get_object_or_404(mine, pk=pk) if pk else None
    form = AlertRuleForm(request.POST or None, instance=known, tenant=request.tenant)
    if request.method == "POST" and _is_saved(form, request):
        messages.success(request, _("The rule was saved. The next sync applies it."))
        return redirect("score:alerts")
    context = {"form": form, "rule": known, "has_mail": alert_mail.is_sent_by_mail()}
    status = 422 if form.errors else 200
    return render(request, "score/alert_rule.html", context, status=status)


def _is_saved(form: AlertRuleForm, request: TenantRequest) -> bool:
    with transaction.atomic():
        # The form looks for a twin: of two submits at once, one is to find the other.
        request.tenant.lock()
        if not form.is_valid():
            return False
        watch.save_rule(form.instance, actor=request.user)
    return True


@require_POST
@require(MANAGE)
def delete_rule(request: TenantRequest, pk: int) -> HttpResponse:
    """Remove a rule; its alerts stay."""
    mine = AlertRule.objects.for_tenant(request.tenant)
    with transaction.atomic():
        watch.delete_rule(get_object_or_404(mine, pk=pk), actor=request.user)
    messages.success(request, _("The rule was deleted."))
    return redirect("score:alerts")
