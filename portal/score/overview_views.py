"""Pages of the score as a whole: overview, history, trends, organisations, sync."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from connector.graph import access as accesses
from connector.graph import texts
from portal.score import history as past
from portal.score import listing, overview, ranges, tasks, trends
from portal.score import organizations as all_of
from portal.score import sync as syncing
from portal.score.board import VIEWS
from portal.score.effect_models import TicketEffect
from portal.score.forms import ZoneForm
from portal.score.history_filters import HistoryFilter
from portal.score.models import ControlProfile, ScoreEvent, ScoreSync, Snapshot
from tickets import lists

if TYPE_CHECKING:
    from connector.access import TenantRequest
    from connector.models import GraphAccess

VIEW = "portal.view_score"
MANAGE = "portal.manage_score"


@require_GET
@require(VIEW)
def score_overview(request: TenantRequest) -> HttpResponse:
    """Show the score, its parts, and what to do next."""
    span = ranges.chosen(request.GET)
    views = overview.included(request.GET)
    by_product = request.GET.get("by") == "product"
    context = _sync_context(request)
    # The same organisation, with its zones already at hand.
    tenant = context["sync"].tenant if context["sync"] else request.tenant
    context |= {
        "overview": overview.overview(tenant, span, views, by_product=by_product),
        "ranges": ranges.RANGES,
        "range": span,
        "views": VIEWS,
        "included": [view.value for view in views],
        "by_product": by_product,
        "ineffective": TicketEffect.objects.not_effective(tenant).count(),
    }
    return render(request, "score/overview.html", context)


@require_GET
@require(VIEW)
def sync_status(request: TenantRequest) -> HttpResponse:
    """Tell a waiting page that the sync goes on; load the page again when it ended."""
    context = _sync_context(request)
    if not context["is_under_way"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "score/overview.html#waiting", context)


@require_POST
@require(VIEW)
def sync(request: TenantRequest) -> HttpResponse:
    """Ask for the score now."""
    if syncing.request(request.tenant):
        audit.record("score.sync_requested", tenant=request.tenant, actor=request.user)
        # Without a broker the beat's next round finds it due all the same.
        send = partial(tasks.sync.delay, request.tenant.pk)
        transaction.on_commit(send, robust=True)
    else:
        messages.info(request, _("A sync was started a moment ago."))
    return redirect("score:overview")


@require_GET
@require(VIEW)
def history(request: TenantRequest) -> HttpResponse:
    """List who did what, and which points came and went."""
    mine = ScoreEvent.objects.for_tenant(request.tenant)
    filterset = HistoryFilter(request.GET, mine, tenant=request.tenant)
    found = filterset.qs
    page = lists.page_of(request, found.with_titles())
    context = {
        "filterset": filterset,
        "page": page,
        "entries": past.entries(page.object_list),
        "sums": found.sums(),
        "chart": past.movements(found),
        "chips": listing.chips(filterset, request.GET),
        "action": _named_action(request),
    }
    return lists.answer(request, "score/history.html", context)


def _named_action(request: TenantRequest) -> ControlProfile | None:
    """Return the action whose history is shown, if the address names one."""
    control_id = request.GET.get("action")
    if not control_id:
        return None
    mine = ControlProfile.objects.for_tenant(request.tenant)
    profile: ControlProfile | None = mine.filter(control_id=control_id).first()
    return profile


@require_GET
@require(VIEW)
def metrics(request: TenantRequest) -> HttpResponse:
    """Show metrics and trends."""
    latest = Snapshot.objects.latest_for(request.tenant)
    span = ranges.chosen(request.GET)
    limits = overview.zones(request.tenant)
    context = {
        "trends": trends.trends(latest, span, limits) if latest else None,
        "zones": limits,
        "ranges": ranges.RANGES,
        "range": span,
    }
    return render(request, "score/trends.html", context)


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def zones(request: TenantRequest) -> HttpResponse:
    """Set from where on the score is okay, and good."""
    form = ZoneForm(request.POST or None, instance=overview.zones(request.tenant))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            zone = form.save()
            audit.record(
                "score.zones_set",
                tenant=request.tenant,
                actor=request.user,
                okay=zone.okay_from,
                good=zone.good_from,
            )
        messages.success(request, _("The score zones were saved."))
        return redirect("score:trends")
    status = 422 if form.errors else 200
    return render(request, "score/zones.html", {"form": form}, status=status)


@require_GET
@require(VIEW)
def organizations(request: TenantRequest) -> HttpResponse:
    """Show all organisations of the person side by side."""
    rows = all_of.organizations(list(request.user.tenants.all()))
    context = {"rows": rows, "current": request.tenant}
    return render(request, "score/organizations.html", context)


def _sync_context(request: TenantRequest) -> dict[str, Any]:
    sync = ScoreSync.objects.for_tenant(request.tenant).with_settings().first()
    failure = texts.explain(sync.error_code) if sync and sync.error_code else None
    return {
        "sync": sync,
        "failure": failure,
        "is_under_way": sync is not None and overview.is_under_way(sync),
        "is_stale": sync is not None and overview.is_stale(sync),
        "ending": _ending(request, sync) if sync else None,
    }


def _ending(request: TenantRequest, sync: ScoreSync) -> GraphAccess | None:
    """Return the access whose secret ends soon, for those who can renew it."""
    access: GraphAccess | None = getattr(sync.tenant, "graph_access", None)
    if access is None or not request.user.has_perm("connector.manage_graph"):
        return None
    ends = access.is_entered and access.expires_within(accesses.WARN_WITHIN)
    return access if ends else None
