"""Settings of service requests: the way to Microsoft, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connector.access import require
from tickets.support import configuration
from tickets.support.choosing import integration_of
from tickets.support.service_requests import case_numbers, inbound, transport
from tickets.support.service_requests.forms import RequestSettingsForm
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def request_settings(request: TenantRequest) -> HttpResponse:
    """Show and take how requests reach Microsoft, and how answers come back."""
    form = RequestSettingsForm(
        request.POST or request.unsent or None, integration=integration_of(request)
    )
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            request.tenant.lock()
            configuration.change(request.tenant, form.changes(), actor=request.user)
        messages.success(request, _("Saved."))
        return redirect("support:request_settings")
    status = 422 if request.POST and form.errors else 200
    return _page(request, form, status=status)


def _page(
    request: TenantRequest,
    form: RequestSettingsForm,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    # The form has written what was typed on its own copy.
    integration = integration_of(request)
    context = {
        "integration": integration,
        "form": form,
        "explanations": [
            (one.label, one.explanation(integration))
            for one in transport.TRANSPORTS.values()
        ],
        "usual_pattern": case_numbers.USUAL,
        "address": inbound.address(integration),
        "secret": secret,
        "script": inbound.script(inbound.address(integration)),
        "command": inbound.command(integration),
    }
    return render(
        request, "tickets/support/request_settings.html", context, status=status
    )


@never_cache
@require_POST
@require(MANAGE)
def inbound_secret(request: TenantRequest) -> HttpResponse:
    """Make the secret of the way back, and show it this once."""
    with transaction.atomic():
        request.tenant.lock()
        secret = inbound.new_secret(request.tenant, actor=request.user)
    form = RequestSettingsForm(integration=integration_of(request))
    return _page(request, form, secret)
