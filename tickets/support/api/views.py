"""Addresses of the connector API that ask for no token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tickets.support.api import openapi
from tickets.support.api.errors import ApiError
from tickets.support.api.serving import finish, refusal

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt
@login_not_required
def document(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI document."""
    if request.method not in {"GET", "HEAD"}:
        method = (request.method or "")[:10]
        return refusal(
            ApiError("method_not_allowed", method=method, allowed="GET, HEAD")
        )
    shown = JsonResponse(openapi.document(), json_dumps_params={"indent": 2})
    return finish(shown)


@csrf_exempt
@login_not_required
def unknown(_request: HttpRequest) -> HttpResponse:
    """Say in JSON that there is no such address."""
    return refusal(ApiError("not_found"))
