"""What people tick in the set-up, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connector import connections, wizard
from connector.access import require
from connector.choosing import chosen, chosen_or_404, is_new

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

MANAGE = "connector.manage_connection"


@require_POST
@require(MANAGE)
def setup_tick(request: TenantRequest) -> HttpResponse:
    """Write down that a part of the set-up is done, or take it back."""
    connection = None if is_new(request) else chosen(request)
    item = request.POST.get("item", "")
    if item not in wizard.ITEMS or item == wizard.FINISHED:
        raise Http404
    change = wizard.untick if request.POST.get("undo") else wizard.tick
    change(request.tenant, connection, item, actor=request.user)
    step = "" if item == wizard.MAPPED else "prepare"
    return redirect(wizard.address(connection, step))


@require_POST
@require(MANAGE)
def setup_finish(request: TenantRequest) -> HttpResponse:
    """End the set-up: the cards are on the home page."""
    connection = chosen_or_404(request)
    if wizard.Wizard(request.tenant, connection).turn != "finish":
        messages.warning(request, _("Something is still to be done before that."))
        return redirect(wizard.address(connection))
    with transaction.atomic():
        wizard.tick(request.tenant, connection, wizard.FINISHED, actor=request.user)
        connections.enable_cards(connection, actor=request.user)
    messages.success(
        request, _("The set-up is finished. The ticket cards are on the home page.")
    )
    return redirect("portal:home")
