"""The page of the access to Microsoft Graph."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import tasks
from connector.access import require
from connector.graph import access as accesses
from connector.graph import auth, texts
from connector.graph import check as checking
from connector.graph.forms import GraphAccessForm
from connector.models import GraphAccess

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

MANAGE = "connector.manage_graph"
# After this the page says that the background worker may be the reason.
_SLOW_AFTER = timedelta(seconds=20)
# After this the page stops asking.
_PATIENCE = timedelta(seconds=120)


@dataclass(frozen=True)
class Panel:
    """The state of an access as the page shows it."""

    access: GraphAccess
    uses_environment: bool

    @property
    def is_checking(self) -> bool:
        is_wanted = self.access.status == GraphAccess.Status.CHECKING
        return is_wanted and self._age < _PATIENCE

    @property
    def is_slow(self) -> bool:
        return self.is_checking and self._age > _SLOW_AFTER

    @property
    def _age(self) -> timedelta:
        asked_at = self.access.asked_at
        return timezone.now() - asked_at if asked_at else _PATIENCE

    @property
    def is_configured(self) -> bool:
        return self.access.is_entered or self.uses_environment

    @property
    def findings(self) -> list[checking.Finding]:
        return checking.stored(self.access)

    @property
    def error(self) -> texts.Explanation | None:
        code = self.access.last_error_code
        return texts.explain(code) if code and not self.is_checking else None

    @property
    def ends_soon(self) -> bool:
        return self.access.expires_within(accesses.WARN_WITHIN)

    @property
    def has_ended(self) -> bool:
        return self.access.expires_within(timedelta(days=-1))


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def access(request: TenantRequest) -> HttpResponse:
    """Show the access with its last check, and take new details."""
    current = GraphAccess.objects.current(request.tenant)
    typed = request.POST or request.unsent
    form = GraphAccessForm(typed, tenant=request.tenant, access=current)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            details = accesses.Details(**form.cleaned_data)
            entered = accesses.enter(
                request.tenant, actor=request.user, details=details
            )
            _ask(request, entered)
        messages.success(request, _("Saved. The access is checked now."))
        return redirect("connector:graph")
    context = {"form": form, "panel": _panel(current)}
    status = 422 if request.POST and form.errors else 200
    return render(request, "connector/graph/access.html", context, status=status)


@never_cache
@require_GET
@require(MANAGE)
def status(request: TenantRequest) -> HttpResponse:
    """Show how far a check has come."""
    panel = _panel(GraphAccess.objects.current(request.tenant))
    return render(request, "connector/graph/_status.html", {"panel": panel})


@require_POST
@require(MANAGE)
def check(request: TenantRequest) -> HttpResponse:
    """Have the access checked now."""
    with transaction.atomic():
        _ask(request, GraphAccess.objects.current(request.tenant))
    return redirect("connector:graph")


@require_POST
@require(MANAGE)
def remove(request: TenantRequest) -> HttpResponse:
    """Forget what was entered."""
    with transaction.atomic():
        accesses.remove(request.tenant, actor=request.user)
    messages.success(request, _("The access was removed, with its secrets."))
    return redirect("connector:graph")


def _ask(request: TenantRequest, current: Any) -> None:
    checking.ask(current, actor=request.user)
    tasks.check_graph.delay_on_commit(current.pk)


def _panel(current: GraphAccess) -> Panel:
    uses_environment = (
        not current.is_entered
        and auth.from_settings().is_complete
        and accesses.environment_is_for(current.tenant)
    )
    return Panel(current, uses_environment)
