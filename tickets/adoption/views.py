"""The pages on which tickets come to a new address: what differs, then the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import addresses, connections
from connector.access import require
from connector.choosing import address, chosen_or_404
from connector.forms import ConnectionForm
from connector.messages import explain
from connector.views import begin_authorization
from tickets import lists
from tickets.adoption import comparing, deciding
from tickets.adoption.comparing import Verdict
from tickets.adoption.models import Adoption
from tickets.models import Ticket

if TYPE_CHECKING:
    from django.core.paginator import Page
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from connector.models import Connection
    from tickets.adoption.comparing import Finding

MANAGE = "connector.manage_connection"


# What becomes of the tickets of each verdict.
_CONSEQUENCES = {
    Verdict.SAME: gettext_lazy("They stay linked to the same records."),
    Verdict.RELINKED: gettext_lazy(
        "They are linked to the records that carry their references."
    ),
    Verdict.FOREIGN: gettext_lazy(
        "They are not touched: they stay with the old address, to be read."
    ),
    Verdict.MISSING: gettext_lazy(
        "They are kept and shown as not visible. If their records turn up there, they are followed again."
    ),
    Verdict.UNDELIVERED: gettext_lazy("They go out to the new address."),
}
_TONES = {
    Verdict.RELINKED.value: "info",
    Verdict.FOREIGN.value: "danger",
    Verdict.MISSING.value: "warning",
}


class AddressForm(ConnectionForm):
    """The new address of an instance; name and use stay."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"], self.fields["is_test"]


@dataclass(frozen=True)
class Row:
    """One ticket that differs, as the page shows it."""

    ticket: Ticket
    finding: Finding

    @property
    def verdict(self) -> str:
        return str(Verdict(self.finding.verdict).label)

    @property
    def tone(self) -> str:
        return _TONES.get(self.finding.verdict, "neutral")


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def reprovision(request: TenantRequest) -> HttpResponse:
    """Offer to authorize again, to move to a new address, or to take tickets over."""
    connection = chosen_or_404(request)
    unfinished = Adoption.objects.unfinished().filter(source=connection).first()
    if unfinished:
        return redirect("tickets:adoption", unfinished.pk)
    form = _address_form(request, connection)
    if request.method == "POST" and form.is_valid():
        return _move(request, connection, form)
    context = {
        "connection": connection,
        "form": form,
        "redirect_uri": addresses.redirect_uri(),
        "removed": deciding.left_behind(request.tenant),
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/reprovision.html", context, status=status)


def _address_form(request: TenantRequest, connection: Connection) -> AddressForm:
    # A clone has the same entity and the same users.
    initial = {
        "auth_type": connection.auth_type,
        "client_id": connection.client_id,
        "integration_user": connection.integration_user,
    }
    typed = request.POST or request.unsent
    return AddressForm(typed, tenant=request.tenant, initial=initial)


def _move(
    request: TenantRequest, source: Connection, form: AddressForm
) -> HttpResponse:
    values = dict(form.cleaned_data)
    base_url = values.pop("instance")
    details = connections.Details(**values, name=source.name, is_test=source.is_test)
    try:
        with transaction.atomic():
            adoption = deciding.move(
                source, actor=request.user, base_url=base_url, details=details
            )
    except deciding.AddressTaken:
        messages.warning(request, _("Somebody connected this instance meanwhile."))
        return redirect(address("tickets:reprovision", source))
    back_to = reverse("tickets:adoption", args=[adoption.pk])
    return begin_authorization(request, adoption.target, back_to)


@require_POST
@require(MANAGE)
def take_over(request: TenantRequest) -> HttpResponse:
    """Have the tickets of a removed connection looked up at this one."""
    target = chosen_or_404(request)
    wanted = request.POST.get("source", "")
    removed = [
        one for one in deciding.left_behind(request.tenant) if str(one.pk) == wanted
    ]
    if not removed or not target.is_settled:
        raise Http404
    mine = Adoption.objects.unfinished().filter(source=removed[0])
    with transaction.atomic():
        adoption = mine.first() or deciding.begin(
            removed[0], target, actor=request.user
        )
    return redirect("tickets:adoption", adoption.pk)


@never_cache
@require_GET
@require(MANAGE)
def adoption(request: TenantRequest, pk: int) -> HttpResponse:
    """Show what was found of the tickets, and ask what is to become of them."""
    one = _find(request, pk)
    is_waiting = one.status == Adoption.Status.COMPARING
    target_error = one.target.last_error_code if is_waiting else ""
    context = {
        "adoption": one,
        "counts": [
            (verdict, one.counts.get(verdict, 0), _CONSEQUENCES[verdict])
            for verdict in Verdict
        ],
        "page": _rows(request, one),
        "error": explain(one.error_code) if one.error_code else None,
        "target_error": explain(target_error) if target_error else None,
        "is_asking": is_waiting and not one.target.is_connected,
        "is_live": one.is_at_work and one.target.status in {"connected", "authorizing"},
    }
    return render(request, "tickets/adoption.html", context)


def _rows(request: TenantRequest, one: Adoption) -> Page[Row]:
    differing = [f for f in comparing.findings_in(one.result) if f.differs]
    page = lists.page_of(request, differing)
    tickets = Ticket.objects.for_tenant(one.tenant).for_list()
    known = tickets.in_bulk([finding.ticket_id for finding in page.object_list])
    page.object_list = [
        Row(known[finding.ticket_id], finding)
        for finding in page.object_list
        if finding.ticket_id in known
    ]
    return page


@require_POST
@require(MANAGE)
def compare_again(request: TenantRequest, pk: int) -> HttpResponse:
    """Have everything looked up once more."""
    one = _find(request, pk)
    if not deciding.compare_again(one):
        messages.info(request, _("This is under way or decided already."))
    return redirect("tickets:adoption", pk)


@require_POST
@require(MANAGE)
def accept(request: TenantRequest, pk: int) -> HttpResponse:
    """Have the tickets taken over as shown."""
    one = _find(request, pk)
    if not deciding.accept(one, actor=request.user):
        messages.info(request, _("This is under way or decided already."))
    return redirect("tickets:adoption", pk)


@require_POST
@require(MANAGE)
def discard(request: TenantRequest, pk: int) -> HttpResponse:
    """Leave everything as it was."""
    one = _find(request, pk)
    if deciding.discard(one, actor=request.user):
        words = {"host": one.source.host}
        message = _("Discarded. The tickets of %(host)s are as they were.")
        messages.success(request, message % words)
        return redirect("connector:configuration")
    messages.info(request, _("This is under way or decided already."))
    return redirect("tickets:adoption", pk)


def _find(request: TenantRequest, pk: int) -> Adoption:
    mine = Adoption.objects.for_tenant(request.tenant)
    joined = mine.select_related("tenant", "source", "target")
    one: Adoption = get_object_or_404(joined, pk=pk)
    return one
