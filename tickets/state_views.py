"""The page on which ticket states get their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connector.access import require
from connector.models import Connection
from tickets import states
from tickets.forms import StateNameForm
from tickets.models import Kind, TicketState

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@dataclass(frozen=True)
class Row:
    """One state and the form of its name."""

    state: TicketState
    form: StateNameForm


@require_GET
@require("tickets.rename_ticketstate")
def state_list(request: TenantRequest) -> HttpResponse:
    """Show what the states of both kinds are called."""
    return _page(request)


@require_POST
@require("tickets.rename_ticketstate")
def rename_state(request: TenantRequest, pk: int) -> HttpResponse:
    """Give a state a name of our own."""
    state = _find(request, pk)
    form = StateNameForm(request.POST, prefix=str(pk))
    if not form.is_valid():
        return _page(request, wrong=Row(state, form), status=422)
    states.rename(state, form.cleaned_data["label"], actor=request.user)
    words = {"old": state.default_label, "new": str(state)}
    messages.success(request, _("“%(old)s” is called “%(new)s” now.") % words)
    return redirect("tickets:states")


@require_POST
@require("tickets.rename_ticketstate")
def reset_state(request: TenantRequest, pk: int) -> HttpResponse:
    """Call a state again as ServiceNow does."""
    state = _find(request, pk)
    states.reset(state, actor=request.user)
    words = {"name": state.default_label}
    messages.success(request, _("The state is called “%(name)s” again.") % words)
    return redirect("tickets:states")


def _find(request: TenantRequest, pk: int) -> TicketState:
    rows = TicketState.objects.for_tenant(request.tenant).select_related("tenant")
    state: TicketState = get_object_or_404(rows, pk=pk)
    return state


def _page(
    request: TenantRequest, wrong: Row | None = None, status: int = 200
) -> HttpResponse:
    connection = Connection.objects.current(request.tenant)
    known = list(TicketState.objects.of(connection)) if connection else []
    rows = [
        wrong if wrong and wrong.state == state else Row(state, _form(state))
        for state in known
    ]
    groups = [
        {"kind": kind, "rows": [row for row in rows if row.state.kind == kind]}
        for kind in Kind
    ]
    context = {"groups": groups, "connection": connection, "wrong": wrong}
    return render(request, "tickets/states.html", context, status=status)


def _form(state: TicketState) -> StateNameForm:
    return StateNameForm(initial={"label": str(state)}, prefix=str(state.pk))
