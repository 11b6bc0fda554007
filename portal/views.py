"""The home page, the audit trail and the organisation switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connector.access import require
from connector.choosing import key_in
from connector.models import AuditEvent, Connection
from portal import audit_sentences
from portal.score.cards import score_card
from portal.tenancy import SESSION_KEY
from tickets import lists
from tickets.cards import ticket_cards

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@require_GET
@require("portal.view_score")
def home(request: TenantRequest) -> HttpResponse:
    """Show the score and the tickets, or the way to connect ServiceNow."""
    mine = list(Connection.objects.of_servicenow(request.tenant).for_show())
    usable = any(connection.is_usable for connection in mine)
    context = {
        "connection": mine[0] if mine else None,
        "score_card": score_card(request.tenant),
        "ticket_cards": ticket_cards(request.tenant, mine, request.user)
        if usable
        else [],
    }
    return render(request, "portal/home.html", context)


@require_GET
@require("connector.view_auditevent")
def audit(request: TenantRequest) -> HttpResponse:
    """List what was done, newest first."""
    events = AuditEvent.objects.for_tenant(request.tenant).select_related("actor")
    actions = list(
        events.order_by("action").values_list("action", flat=True).distinct()
    )
    chosen = request.GET.get("action", "")
    if chosen:
        events = events.filter(action=chosen)
    page = lists.page_of(request, events, usual=50)
    context = {
        "page": page,
        "rows": [audit_sentences.row(event) for event in page],
        "kinds": [(action, audit_sentences.name(action)) for action in actions],
        "chosen": chosen,
    }
    return render(request, "portal/audit.html", context)


@require_POST
def switch_tenant(request: TenantRequest) -> HttpResponse:
    """Work in another organisation of the person from now on."""
    wanted = request.POST.get("tenant", "")
    tenant = get_object_or_404(request.user.tenants, pk=key_in(wanted))
    request.session[SESSION_KEY] = tenant.pk
    return redirect("portal:home")
