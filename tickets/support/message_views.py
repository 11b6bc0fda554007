"""The message center: a list with filters, and one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from connector.access import require
from tickets import filters
from tickets.support.choosing import integration_of
from tickets.support.health_models import HealthSync, ServiceMessage
from tickets.support.health_views import sync_of
from tickets.support.message_filters import MessageFilter
from tickets.support.views import VIEW

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

PAGE_SIZES = {"25", "50", "100"}


@require_GET
@require(VIEW)
def message_list(request: TenantRequest) -> HttpResponse:
    """List the messages, narrowed by the address."""
    mine = ServiceMessage.objects.for_tenant(request.tenant)
    listed = mine.defer("html", "text", "extra")
    filterset = MessageFilter(request.GET, queryset=listed, tenant=request.tenant)
    size = request.GET.get("size", "")
    paginator = Paginator(filterset.qs, int(size) if size in PAGE_SIZES else 25)
    context = {
        "integration": integration_of(request),
        **sync_of(request, HealthSync.Part.MESSAGES),
        "page": paginator.get_page(request.GET.get("page")),
        "filterset": filterset,
        "chips": filters.chips(filterset, request.GET),
    }
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    part = "#list" if htmx and htmx.target == "list" else ""
    response = render(request, f"tickets/support/messages.html{part}", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_GET
@require(VIEW)
def message(request: TenantRequest, message_id: str) -> HttpResponse:
    """Show one message."""
    mine = ServiceMessage.objects.for_tenant(request.tenant)
    context = {
        "integration": integration_of(request),
        "message": get_object_or_404(mine, message_id=message_id),
    }
    return render(request, "tickets/support/message.html", context)
