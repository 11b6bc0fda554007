"""Addresses of the connector API that ask for no token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.views.decorators.csrf import csrf_exempt

from tickets.support.api.errors import ApiError
from tickets.support.api.serving import refusal

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt
@login_not_required
def unknown(_request: HttpRequest) -> HttpResponse:
    """Say in JSON that there is no such address."""
    return refusal(ApiError("not_found"))
