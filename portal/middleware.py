"""What every request carries: its audit context and the organisation."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.shortcuts import render

from connector import audit
from portal.tenancy import SESSION_KEY, choose_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    GetResponse = Callable[[HttpRequest], HttpResponse]


class AuditContextMiddleware:
    """Give the request an identifier; audit events and the answer carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        with audit.context(request_id, request.META.get("REMOTE_ADDR") or None):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class TenantMiddleware:
    """Set `request.tenant`; a person without an organisation sees nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.session.get(SESSION_KEY)
        request.tenant = choose_tenant(request.user, wanted)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Stop members of no organisation before any view of the portal."""
        if not request.user.is_authenticated or request.tenant:  # type: ignore[attr-defined]
            return None
        if request.resolver_match and request.resolver_match.app_name:
            return render(request, "portal/no_tenant.html", status=403)
        return None
