"""The pages of tickets: list, new, one ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from connector.models import Connection
from tickets import (
    cards,
    filters,
    glossary,
    lists,
    mapping,
    outbox,
    profiles,
    progress,
    sentences,
    sharing,
    states,
)
from tickets.composing import compose
from tickets.drafts import Draft
from tickets.models import Kind, Ticket, TicketState
from tickets.support.service_requests.models import ServiceRequest
from tickets.waking import wake

if TYPE_CHECKING:
    from uuid import UUID

    from connector.access import TenantRequest
    from tickets.models import Delivery

__all__ = ["compose"]


@require_GET
@require("tickets.view_ticket")
def ticket_list(request: TenantRequest) -> HttpResponse:
    """List the organisation's tickets, narrowed and sorted by the address."""
    tickets = Ticket.objects.for_tenant(request.tenant)
    filterset = filters.TicketFilter(
        request.GET, queryset=tickets, tenant=request.tenant
    )
    rows = filters.ordered(filterset.qs.for_list(), request.GET.get("sort", ""))
    mine = list(Connection.objects.of_servicenow(request.tenant).for_show())
    context = {
        "page": lists.page_of(request, rows),
        "filterset": filterset,
        "chips": filters.chips(filterset, request.GET),
        "is_usable": any(connection.is_usable for connection in mine),
        "is_connected": any(connection.is_connected for connection in mine),
        "has_several": filterset.has_several,
        "freshness": cards.freshness(mine) if mine else None,
        "may_share": request.user.has_perm("tickets.share_ticket"),
    }
    return lists.answer(request, "tickets/list.html", context)


@require_http_methods(["GET", "POST"])
@require("tickets.share_ticket")
def ticket_new(request: TenantRequest) -> HttpResponse:
    """Compose a ticket from nothing, of the kind whose card it was started from."""
    kind = request.GET.get("kind", Kind.CHANGE_REQUEST)
    if kind not in Kind.values:
        raise Http404
    return compose(request, Draft(kind=kind, priority=""))


@require_GET
@require("tickets.view_ticket")
def ticket_detail(request: TenantRequest, pk: int) -> HttpResponse:
    """Show one ticket: where it is, what happens next, all that happened."""
    ticket = _find(request, pk)
    delivery = _delivery(ticket)
    names = states.names(
        TicketState.objects.of(ticket.connection).filter(kind=ticket.kind)
    )
    again = _rebuilt(ticket, delivery)
    priority = profiles.of(ticket).priority_column
    wanted = {*delivery.payload, *again, priority}
    words = glossary.of(ticket.connection, ticket.kind, wanted)
    context = {
        **_on_the_way(ticket, delivery),
        "ticket": ticket,
        "control_ids": ticket.control_ids,
        "lines": sentences.lines(ticket.events.all(), names, words.choices(priority)),
        "sent": sharing.preview(delivery.payload, words),
        "again": sharing.preview(again, words),
        "freshness": cards.freshness([ticket.connection]),
        "may_share": request.user.has_perm("tickets.share_ticket"),
        "service_requests": _service_requests(request, ticket),
    }
    return render(request, "tickets/detail.html", context)


def _service_requests(request: TenantRequest, ticket: Ticket) -> list[ServiceRequest]:
    """Return what was asked of Microsoft's support about the ticket."""
    if not request.user.has_perm("tickets.view_support"):
        return []
    return list(ServiceRequest.objects.of_ticket(ticket).defer("diagnostics"))


def _rebuilt(ticket: Ticket, delivery: Delivery) -> dict[str, str]:
    """Return what Try again would send, empty if that is what was refused."""
    if delivery.status != delivery.Status.STOPPED or ticket.is_read_only:
        return {}
    payload = mapping.payload(ticket)
    return {} if payload == delivery.payload else payload


@require_GET
@require("tickets.view_ticket")
def ticket_by_reference(request: TenantRequest, reference: UUID) -> HttpResponse:
    """Go to the ticket a record in ServiceNow points to."""
    tickets = Ticket.objects.for_tenant(request.tenant)
    return redirect(get_object_or_404(tickets, correlation_id=reference))


@require_GET
@require("tickets.view_ticket")
def ticket_progress(request: TenantRequest, pk: int) -> HttpResponse:
    """Show how far the ticket is; when it has arrived, the whole page is news."""
    ticket = _find(request, pk)
    context = {
        **_on_the_way(ticket, _delivery(ticket)),
        "ticket": ticket,
        "may_share": request.user.has_perm("tickets.share_ticket"),
    }
    response = render(request, "tickets/_progress.html", context)
    if not context["refresh"]:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@require("tickets.share_ticket")
def ticket_retry(request: TenantRequest, pk: int) -> HttpResponse:
    """Send a ticket that was not delivered again."""
    ticket = _find(request, pk)
    if ticket.is_read_only:
        messages.warning(
            request, _("The connection was removed, so this ticket can only be read.")
        )
    elif outbox.retry(_delivery(ticket), actor=request.user):
        messages.success(request, _("The ticket is queued again."))
    else:
        messages.info(request, _("The ticket is being sent or in ServiceNow already."))
    return redirect(ticket)


@require_POST
@require("tickets.view_ticket")
def sync_now(request: TenantRequest) -> HttpResponse:
    """Ask all connected instances for changes now."""
    mine = Connection.objects.of_servicenow(request.tenant).usable().for_show()
    for connection in mine:
        wake("poll", connection.pk, True)
        audit.record(
            "tickets.sync_requested",
            tenant=request.tenant,
            actor=request.user,
            target=connection,
        )
    if mine:
        messages.success(request, _("Changes are being fetched from ServiceNow."))
    else:
        messages.warning(
            request, _("ServiceNow is not connected, so nothing is synced.")
        )
    return redirect(_way_back(request))


def _way_back(request: TenantRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse("tickets:list")


def _find(request: TenantRequest, pk: int) -> Ticket:
    tickets = Ticket.objects.for_tenant(request.tenant).with_state().with_delivery()
    ticket: Ticket = get_object_or_404(tickets.select_related("connection"), pk=pk)
    return ticket


def _on_the_way(ticket: Ticket, delivery: Delivery) -> dict[str, Any]:
    state, amendments = progress.of(ticket, delivery), progress.amendments(ticket)
    return {
        "progress": state,
        "amendments": amendments,
        "refresh": progress.next_look([state, *amendments]),
    }


def _delivery(ticket: Ticket) -> Delivery:
    return get_object_or_404(ticket.deliveries, operation="create")
