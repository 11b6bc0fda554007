"""The Secure Score pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from portal.score import drafting, failures, tasks
from portal.score import history as past
from portal.score.models import ControlProfile, ScoreSync, Snapshot
from portal.score.overview import is_stale, is_under_way
from portal.score.overview import overview as read_overview
from tickets.views import compose

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet

    from connector.access import TenantRequest
    from connector.models import Tenant

PAGE_SIZES = {"25", "50", "100"}
VIEW = "portal.view_score"


@require_GET
@require(VIEW)
def overview(request: TenantRequest) -> HttpResponse:
    """Show the score, its parts, and what to do next."""
    context = _sync_context(request.tenant) | {
        "overview": read_overview(request.tenant)
    }
    return render(request, "score/overview.html", context)


@require_GET
@require(VIEW)
def sync_status(request: TenantRequest) -> HttpResponse:
    """Tell a waiting page that the sync goes on; load the page again when it ended."""
    context = _sync_context(request.tenant)
    if not context["is_under_way"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "score/overview.html#waiting", context)


@require_http_methods(["GET", "POST"])
@require("tickets.share_ticket")
def share(request: TenantRequest, control_id: str) -> HttpResponse:
    """Fill the task form with one improvement action."""
    profiles = ControlProfile.objects.for_tenant(request.tenant)
    profile = get_object_or_404(profiles, control_id=control_id)
    response: HttpResponse = compose(request, drafting.draft(profile))
    return response


@require_GET
@require(VIEW)
def history(request: TenantRequest) -> HttpResponse:
    """List the days and what moved on each."""
    page = _page(request, Snapshot.objects.for_tenant(request.tenant))
    context = {"page": page, "days": past.days(request.tenant, list(page.object_list))}
    return render(request, "score/history.html", context)


@require_POST
@require(VIEW)
def sync(request: TenantRequest) -> HttpResponse:
    """Ask for the score now."""
    ScoreSync.objects.current(request.tenant)
    if ScoreSync.objects.request(request.tenant):
        audit.record("score.sync_requested", tenant=request.tenant, actor=request.user)
        # Without a broker the beat's next round finds it due all the same.
        send = partial(tasks.sync.delay, request.tenant.pk)
        transaction.on_commit(send, robust=True)
    else:
        messages.info(request, _("A sync was started a moment ago."))
    return redirect("score:overview")


def _page(request: TenantRequest, queryset: QuerySet[Any]) -> Page[Any]:
    size = request.GET.get("size", "")
    paginator = Paginator(queryset, int(size) if size in PAGE_SIZES else 25)
    return paginator.get_page(request.GET.get("page"))


def _sync_context(tenant: Tenant) -> dict[str, Any]:
    sync = ScoreSync.objects.for_tenant(tenant).first()
    failure = failures.explain(sync.error_code) if sync and sync.error_code else None
    return {
        "sync": sync,
        "failure": failure,
        "is_under_way": sync is not None and is_under_way(sync),
        "is_stale": sync is not None and is_stale(sync),
    }
