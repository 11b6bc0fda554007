"""Pages of closed tickets: those that changed nothing, and what each one brought."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from portal.score import categories, earnings, evidence, sheets
from portal.score.effect_forms import EffectRuleForm, EvidenceForm
from portal.score.effect_models import EffectRule, TicketEffect, ToldRegression
from portal.score.models import Snapshot
from tickets import amendments
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.access import TenantRequest

VIEW = "portal.view_score"
SHARE = "tickets.share_ticket"
MANAGE = "portal.manage_score"
PAGE_SIZE = 25
TOLD_SHOWN = 10


@require_GET
@require(VIEW)
def effects(request: TenantRequest) -> HttpResponse:
    """List closed tickets whose actions did not improve, and what regressions told."""
    rule = EffectRule.objects.current(request.tenant)
    return _effects_page(request, EffectRuleForm(instance=rule))


@require_POST
@require(MANAGE)
def effect_rule(request: TenantRequest) -> HttpResponse:
    """Set what the ticket of an action that regresses is told."""
    rule = EffectRule.objects.current(request.tenant)
    form = EffectRuleForm(request.POST, instance=rule)
    if not form.is_valid():
        return _effects_page(request, form, status=422)
    with transaction.atomic():
        EffectRule.objects.update_or_create(
            tenant=request.tenant, defaults=form.cleaned_data
        )
        audit.record(
            "score.effect_rule_set",
            tenant=request.tenant,
            actor=request.user,
            rule=form.cleaned_data["on_regression"],
        )
    messages.success(request, _("The rule was saved. The next sync applies it."))
    return redirect("score:effects")


def _effects_page(
    request: TenantRequest, form: EffectRuleForm, *, status: int = 200
) -> HttpResponse:
    found = TicketEffect.objects.not_effective(request.tenant)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    tickets = Ticket.objects.for_tenant(request.tenant).for_list()
    by_pk = tickets.in_bulk([effect.ticket_id for effect in page])
    rows = [
        {
            "effect": effect,
            "ticket": by_pk[effect.ticket_id],
            "category": categories.label(effect.category),
            "may_reopen": amendments.can_reopen(by_pk[effect.ticket_id]),
        }
        for effect in page
    ]
    told = ToldRegression.objects.for_tenant(request.tenant).with_titles()
    context = {
        "page": page,
        "rows": rows,
        "told": told.select_related("ticket")[:TOLD_SHOWN],
        "form": form,
        "rule": form.instance.get_on_regression_display(),
        "waiting": _waiting(request),
        "is_synced": Snapshot.objects.for_tenant(request.tenant).exists(),
    }
    return render(request, "score/effects.html", context, status=status)


def _waiting(request: TenantRequest) -> int:
    """Return for how many the two days are not over, or no score has come since."""
    closed = TicketEffect.objects.closed(request.tenant)
    count: int = closed.filter(settled_on__isnull=True).count()
    return count


@require_http_methods(["GET", "POST"])
@require(SHARE)
def effect_note(request: TenantRequest, pk: int) -> HttpResponse:
    """Take a note with the evidence and queue it for the ticket."""
    return _tell(request, pk, _annotate, reopens=False)


@require_http_methods(["GET", "POST"])
@require(SHARE)
def effect_reopen(request: TenantRequest, pk: int) -> HttpResponse:
    """Queue that the ticket goes back to work, with the evidence as the reason."""
    return _tell(request, pk, amendments.reopen, reopens=True)


def _annotate(ticket: Ticket, text: str, **who: Any) -> amendments.Told:
    is_new = amendments.note(ticket, text, **who)
    return amendments.Told.NOTED if is_new else amendments.Told.BEFORE


def _tell(
    request: TenantRequest,
    pk: int,
    send: Callable[..., amendments.Told],
    *,
    reopens: bool,
) -> HttpResponse:
    effect = get_object_or_404(
        TicketEffect.objects.for_tenant(request.tenant).with_now(), pk=pk
    )
    tickets = Ticket.objects.for_tenant(request.tenant).select_related("connection")
    ticket = get_object_or_404(tickets.with_state(), pk=effect.ticket_id)
    initial = {"text": evidence.of_effect(effect)}
    form = EvidenceForm(request.POST or request.unsent or None, initial=initial)
    if request.method == "POST" and form.is_valid() and ticket.is_amendable:
        told = send(
            ticket,
            form.cleaned_data["text"],
            author=request.user.get_username(),
            once=str(form.cleaned_data["once"]),
            actor=request.user,
        )
        _say(request, told, reopens=reopens)
        return redirect(ticket)
    context = {
        "ticket": ticket,
        "form": form,
        "reopens": reopens,
        "may_reopen": amendments.can_reopen(ticket),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "score/effect_tell.html", context, status=status)


def _say(request: TenantRequest, told: amendments.Told, *, reopens: bool) -> None:
    if told == amendments.Told.REOPENED:
        text = _("The ticket is being reopened; ServiceNow gets the note with it.")
        messages.success(request, text)
    elif told == amendments.Told.BEFORE:
        messages.info(request, _("This note is on its way already."))
    elif reopens:
        text = _(
            "ServiceNow does not reopen this ticket. The note is saved and will be sent."
        )
        messages.warning(request, text)
    else:
        text = _("The note is saved and will be sent to ServiceNow.")
        messages.success(request, text)


@require_GET
@require(VIEW)
def ledger(request: TenantRequest) -> HttpResponse:
    """Show which closed ticket brought which points, with sums."""
    rows = earnings.earnings(request.tenant)
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "total": earnings.total(rows),
        "months": earnings.by_month(rows),
        "categories": earnings.by_category(rows),
    }
    return render(request, "score/ledger.html", context)


@require_GET
@require(VIEW)
def ledger_file(request: TenantRequest) -> HttpResponse:
    """Send the ledger as CSV or XLSX."""
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    rows = earnings.earnings(request.tenant)
    audit.record(
        "export.requested",
        tenant=request.tenant,
        actor=request.user,
        count=len(rows),
        format=kind,
        content="ledger",
    )
    file = io.BytesIO()
    sheets.write(file, kind, earnings.HEADER, earnings.sheet(rows))
    name = f"points-per-ticket-{timezone.localdate():%Y-%m-%d}.{kind}"
    return HttpResponse(
        file.getvalue(),
        content_type=sheets.TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
