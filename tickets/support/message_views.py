"""The message center: a list with filters, and one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from connector.access import require
from tickets import filters, lists
from tickets.support.choosing import integration_of
from tickets.support.health_models import HealthSync, ServiceMessage
from tickets.support.health_views import sync_of
from tickets.support.message_filters import MessageFilter
from tickets.support.views import VIEW

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@require_GET
@require(VIEW)
def message_list(request: TenantRequest) -> HttpResponse:
    """List the messages, narrowed by the address."""
    mine = ServiceMessage.objects.for_tenant(request.tenant)
    listed = mine.defer("html", "text", "extra")
    filterset = MessageFilter(request.GET, queryset=listed, tenant=request.tenant)
    context = {
        "integration": integration_of(request),
        **sync_of(request, HealthSync.Part.MESSAGES),
        "page": lists.page_of(request, filterset.qs),
        "filterset": filterset,
        "chips": filters.chips(filterset, request.GET),
    }
    return lists.answer(request, "tickets/support/messages.html", context)


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
