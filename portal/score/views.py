"""Pages of the improvement actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from connector.access import require
from connector.models import Connection
from portal.score import drafting, listing, sharing
from portal.score import history as past
from portal.score.filters import DEFAULT_SORT, ActionFilter
from portal.score.models import ControlProfile, Snapshot
from portal.score.status import ActionStatus
from tickets.models import Ticket
from tickets.views import compose

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpResponse
    from django_htmx.middleware import HtmxDetails

    from connector.access import TenantRequest
    from connector.models import Tenant

PAGE_SIZES = {"25", "50", "100"}
VIEW = "portal.view_score"
LEARN_MORE = "https://learn.microsoft.com/defender-xdr/microsoft-secure-score-improvement-actions"


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@require(VIEW)
def actions(request: TenantRequest) -> HttpResponse:
    """List the improvement actions."""
    latest = Snapshot.objects.latest_for(request.tenant)
    filterset = ActionFilter(request.GET, _actions(request.tenant, latest))
    page = _page(request, filterset.qs)
    tickets = listing.tickets_of(request.tenant, page.object_list)
    context = {
        "filterset": filterset,
        "page": page,
        "rows": listing.rows(page.object_list, latest, tickets),
        "chips": listing.chips(filterset, request.GET),
        "sort": request.GET.get("sort", ""),
        "default_sort": DEFAULT_SORT,
        "is_synced": latest is not None,
    }
    template = (
        "score/actions.html#list" if _wants_list(request) else "score/actions.html"
    )
    return render(request, template, context)


@require_GET
@require(VIEW)
def action(request: TenantRequest, control_id: str) -> HttpResponse:
    """Show one improvement action, its points, its tickets and ways to share it."""
    latest = Snapshot.objects.latest_for(request.tenant)
    profile = get_object_or_404(_actions(request.tenant, latest), control_id=control_id)
    connection = Connection.objects.best(request.tenant)
    tickets = Ticket.objects.for_tenant(request.tenant).filter(control_id=control_id)
    context = {
        "row": listing.rows([profile], latest)[0],
        "statuses": list(ActionStatus),
        "history": past.of_control(request.tenant, profile),
        "tickets": tickets.for_list(),
        "learn_more": LEARN_MORE,
        "share": sharing.share_menu(profile, connection, request.user),
    }
    return render(request, "score/action.html", context)


@require_http_methods(["GET", "POST"])
@require("tickets.share_ticket")
def share(request: TenantRequest, control_id: str) -> HttpResponse:
    """Fill the task form with one improvement action."""
    profiles = ControlProfile.objects.for_tenant(request.tenant)
    profile = get_object_or_404(profiles, control_id=control_id)
    response: HttpResponse = compose(request, drafting.draft(profile))
    return response


def _wants_list(request: TenantRequest) -> bool:
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == "list"


def _actions(tenant: Tenant, latest: Snapshot | None) -> QuerySet[ControlProfile]:
    reference = Snapshot.objects.to_compare_with(latest) if latest else None
    profiles = ControlProfile.objects.for_tenant(tenant)
    return profiles.with_status().with_news(reference)


def _page(request: TenantRequest, queryset: QuerySet[Any]) -> Page[Any]:
    size = request.GET.get("size", "")
    paginator = Paginator(queryset, int(size) if size in PAGE_SIZES else 25)
    return paginator.get_page(request.GET.get("page"))
