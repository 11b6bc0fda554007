"""What every request carries: its audit context and the organisation."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.translation import gettext as _

from connector import audit
from portal import unsent
from portal.tenancy import SESSION_KEY, choose_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

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
        if not getattr(view, "login_required", True):
            # Not for members: whoever calls shows something else than a sign-in.
            return None
        if request.resolver_match and request.resolver_match.app_name:
            return render(request, "portal/no_tenant.html", status=403)
        return None


class SignInMiddleware(LoginRequiredMiddleware):
    """Ask for a sign-in; what was typed when the session ended is there afterwards."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> Any:
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None and getattr(view_func, "login_required", True):
            unsent.restore(request)
        return refusal

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        if request.headers.get("HX-Request"):
            # A part of a page: the sign-in page would be swapped into its middle.
            return HttpResponse(status=401)
        if request.method != "POST":
            return super().handle_no_permission(request, view_func)
        is_kept = unsent.keep(request)
        messages.warning(request, _kept() if is_kept else _lost())
        page = request.get_full_path() if is_kept else unsent.page_of(request)
        return redirect_to_login(page)


def _kept() -> str:
    return _(
        "Your session had ended, so nothing was sent. What you typed is kept:"
        " sign in, check it and send it."
    )


def _lost() -> str:
    return _(
        "Your session had ended, so nothing was done. Sign in and do it once more."
    )


class NothingToShowMiddleware:
    """Explain the address of a button to whoever opens it as a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page
