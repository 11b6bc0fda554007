"""Pages of service health: services at a glance, one issue, one note for many tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from connector.graph import texts
from tickets.models import Ticket
from tickets.support import health, matching, updates
from tickets.support.choosing import integration_of
from tickets.support.health_forms import BulkNoteForm
from tickets.support.health_models import (
    HealthService,
    HealthSync,
    IssueMatch,
    ServiceIssue,
    StatusChange,
)
from tickets.support.views import MANAGE, VIEW

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from connector.graph.texts import Explanation

SHARE = "tickets.share_ticket"
RECENT = 10
VERDICTS = {
    "confirm": IssueMatch.Verdict.CONFIRMED,
    "reject": IssueMatch.Verdict.REJECTED,
    "reopen": IssueMatch.Verdict.SUGGESTED,
}


def sync_of(request: TenantRequest, part: str) -> dict[str, Any]:
    """Return how the last fetch of a part went, for `_fetched.html`."""
    sync = HealthSync.objects.for_tenant(request.tenant).filter(part=part).first()
    failure: Explanation | None = None
    if sync and sync.error_code:
        failure = texts.explain(sync.error_code)
    return {"sync": sync, "failure": failure}


@never_cache
@require_GET
@require(VIEW)
def overview(request: TenantRequest) -> HttpResponse:
    """Show how the services are, what is open, and what ended lately."""
    issues = ServiceIssue.objects.for_tenant(request.tenant).for_list()
    changes = StatusChange.objects.filter(service__tenant=request.tenant)
    services = list(
        HealthService.objects.for_tenant(request.tenant)
        .exclude(status="")
        .worst_first()
    )
    context = {
        "integration": integration_of(request),
        **sync_of(request, HealthSync.Part.HEALTH),
        "services": services,
        "troubled": sum(1 for one in services if not one.is_fine),
        "open": issues.open(),
        "resolved": issues.resolved()[:RECENT],
        "changes": changes.select_related("service")[:RECENT],
    }
    return render(request, "tickets/support/health.html", context)


@require_POST
@require(VIEW)
def refresh(request: TenantRequest) -> HttpResponse:
    """Have service health fetched now."""
    if health.request(request.tenant):
        audit.record(
            "support.health_requested", tenant=request.tenant, actor=request.user
        )
        messages.success(request, _("Service health is being fetched from Microsoft."))
    else:
        messages.info(request, _("It was fetched less than a minute ago."))
    return redirect("support:health")


@never_cache
@require_GET
@require(VIEW)
def issue(request: TenantRequest, issue_id: str) -> HttpResponse:
    """Show one issue: how it stands, its updates, the tickets that match."""
    found = _find(request, issue_id)
    integration = integration_of(request)
    matches = list(_matches(found))
    standing = [one for one in matches if one.verdict != IssueMatch.Verdict.REJECTED]
    context = {
        "integration": integration,
        **sync_of(request, HealthSync.Part.HEALTH),
        "issue": found,
        "posts": found.posts.all(),
        "standing": standing,
        "rejected": [one for one in matches if one not in standing],
        "silence": updates.reason_against(integration),
        "may_decide": request.user.has_perm(SHARE) or request.user.has_perm(MANAGE),
        "may_note": request.user.has_perm(SHARE)
        and any(one.ticket.is_amendable for one in standing),
    }
    return render(request, "tickets/support/issue.html", context)


def _find(request: TenantRequest, issue_id: str) -> ServiceIssue:
    issues = ServiceIssue.objects.for_tenant(request.tenant)
    found: ServiceIssue = get_object_or_404(issues, issue_id=issue_id)
    found.tenant = request.tenant
    return found


def _matches(found: ServiceIssue) -> list[IssueMatch]:
    """Return the matches with all that a row shows of their tickets."""
    matches = {one.ticket_id: one for one in found.matches.all()}
    tickets = Ticket.objects.for_tenant(found.tenant).filter(pk__in=matches)
    for ticket in tickets.for_list().select_related("connection", "tenant"):
        matches[ticket.pk].ticket = ticket
    return list(matches.values())


@require_POST
@require(SHARE, MANAGE)
def decide(request: TenantRequest, issue_id: str, pk: int) -> HttpResponse:
    """Confirm or reject that a ticket is about the issue, or take that back."""
    found = _find(request, issue_id)
    match = get_object_or_404(found.matches.select_related("ticket"), pk=pk)
    verdict = VERDICTS.get(request.POST.get("verdict", ""))
    if verdict is None:
        raise Http404
    match.issue = found
    with transaction.atomic():
        matching.decide(match, verdict, actor=request.user)
        health.wake(request.tenant, "tell_updates")
    messages.success(request, _said(verdict) % {"ticket": match.ticket})
    return redirect(found)


def _said(verdict: str) -> str:
    if verdict == IssueMatch.Verdict.CONFIRMED:
        return _("%(ticket)s is about this issue.")
    if verdict == IssueMatch.Verdict.REJECTED:
        return _("%(ticket)s is not about this issue.")
    return _("Nothing is decided about %(ticket)s any more.")


@require_http_methods(["GET", "POST"])
@require(SHARE)
def bulk_note(request: TenantRequest, issue_id: str) -> HttpResponse:
    """Take one note for several tickets, show where it goes, and queue it."""
    found = _find(request, issue_id)
    standing = [one for one in _matches(found) if one.verdict != "rejected"]
    form = BulkNoteForm(
        request.POST or request.unsent or None,
        matches=[one for one in standing if one.ticket.is_amendable],
    )
    silence = updates.reason_against(integration_of(request))
    is_valid = request.method == "POST" and form.is_valid()
    intent = request.POST.get("intent")
    if is_valid and intent == "send" and not silence:
        return _send(request, found, form)
    context = {
        "integration": integration_of(request),
        "issue": found,
        "form": form,
        "silence": silence,
        "chosen": form.chosen if is_valid and intent != "edit" else [],
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/support/bulk_note.html", context, status=status)


def _send(
    request: TenantRequest, found: ServiceIssue, form: BulkNoteForm
) -> HttpResponse:
    values = form.cleaned_data
    with transaction.atomic():
        count = updates.note_all(
            found, form.chosen, values["text"], once=values["once"], actor=request.user
        )
    if count:
        words = ngettext(
            "The note is saved and will be sent to %(count)s ticket.",
            "The note is saved and will be sent to %(count)s tickets.",
            count,
        )
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("This note is on its way already."))
    return redirect(found)
