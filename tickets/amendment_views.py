"""Pages that change a ticket which is in ServiceNow, or write into its journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connector.access import require
from tickets import amendments, outbox
from tickets.forms import EditForm, NoteForm
from tickets.models import Delivery, Ticket

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

SHARE = "tickets.share_ticket"


@require_http_methods(["GET", "POST"])
@require(SHARE)
def ticket_edit(request: TenantRequest, pk: int) -> HttpResponse:
    """Take new values of a ticket and queue them for ServiceNow."""
    ticket = _amendable(request, pk)
    form = EditForm(ticket, request.POST or request.unsent)
    if request.method == "POST" and form.is_valid():
        if amendments.edit(ticket, form.changes(), actor=request.user):
            messages.success(
                request, _("The change is saved and will be sent to ServiceNow.")
            )
        else:
            messages.info(request, _("Nothing was changed."))
        return redirect(ticket)
    context = {"ticket": ticket, "form": form}
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/edit.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(SHARE)
def ticket_note(request: TenantRequest, pk: int) -> HttpResponse:
    """Take a note and queue it for ServiceNow."""
    ticket = _amendable(request, pk)
    form = NoteForm(request.POST or request.unsent or None)
    if request.method == "POST" and form.is_valid():
        is_new = amendments.note(
            ticket,
            form.cleaned_data["text"],
            author=request.user.get_username(),
            once=str(form.cleaned_data["once"]),
            element=form.cleaned_data["element"],
            actor=request.user,
        )
        if is_new:
            messages.success(
                request, _("The note is saved and will be sent to ServiceNow.")
            )
        else:
            messages.info(request, _("This note is on its way already."))
        return redirect(ticket)
    context = {"ticket": ticket, "form": form}
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/note.html", context, status=status)


@require_POST
@require(SHARE)
def amendment_retry(request: TenantRequest, pk: int, delivery: int) -> HttpResponse:
    """Send a change or note again."""
    ticket = _amendable(request, pk)
    amendment = get_object_or_404(
        Delivery.objects.amendments(), ticket=ticket, pk=delivery
    )
    if outbox.retry(amendment, actor=request.user):
        messages.success(request, _("It is queued again."))
    else:
        messages.info(request, _("It is being sent or in ServiceNow already."))
    return redirect(ticket)


@require_POST
@require(SHARE)
def amendment_discard(request: TenantRequest, pk: int, delivery: int) -> HttpResponse:
    """Give up a change or note that is not in ServiceNow."""
    ticket = _find(request, pk)
    if amendments.discard(ticket, delivery, actor=request.user):
        messages.success(request, _("It was discarded and will not be sent."))
    else:
        messages.info(request, _("It is being sent or in ServiceNow already."))
    return redirect(ticket)


def _find(request: TenantRequest, pk: int) -> Ticket:
    tickets = Ticket.objects.for_tenant(request.tenant).select_related("connection")
    ticket: Ticket = get_object_or_404(tickets, pk=pk)
    return ticket


def _amendable(request: TenantRequest, pk: int) -> Ticket:
    """Return the ticket, unless nothing about it can be told to ServiceNow."""
    ticket = _find(request, pk)
    if not ticket.is_amendable:
        raise Http404
    return ticket
