"""The page that shares an improvement action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from connector.access import require
from portal.score import drafting
from portal.score.models import ControlProfile
from tickets.views import compose

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@require_http_methods(["GET", "POST"])
@require("tickets.share_ticket")
def share(request: TenantRequest, control_id: str) -> HttpResponse:
    """Fill the task form with one improvement action."""
    profiles = ControlProfile.objects.for_tenant(request.tenant)
    profile = get_object_or_404(profiles, control_id=control_id)
    response: HttpResponse = compose(request, drafting.draft(profile))
    return response
