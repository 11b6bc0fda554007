"""What people do on a request's page: state, case number, updates, deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connector.access import require
from tickets.support.service_requests import deliveries, flow
from tickets.support.service_requests.forms import CaseForm, StateForm, UpdateForm
from tickets.support.service_requests.states import State
from tickets.support.service_requests.views import MANAGE, find, page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.support.service_requests.models import RequestDelivery


@require_POST
@require(MANAGE)
def request_state(request: TenantRequest, reference: str) -> HttpResponse:
    """Bring a request into another state."""
    case = find(request, reference)
    form = StateForm(request.POST, case=case)
    if not form.is_valid():
        return page(request, case, status=422, state_form=form)
    state, text = form.cleaned_data["state"], form.cleaned_data["text"]
    try:
        flow.move(case, state, by=flow.person(request.user), text=text)
    except flow.WrongState as error:
        _say_wrong_state(request, error)
    else:
        words = {"state": State(state).label}
        messages.success(request, _("The state is now: %(state)s.") % words)
    return redirect(case)


def _say_wrong_state(request: TenantRequest, error: flow.WrongState) -> None:
    words = {"state": State(error.state).label}
    message = _("Nothing was done: the request is “%(state)s” by now.")
    messages.warning(request, message % words)


@require_POST
@require(MANAGE)
def request_case(request: TenantRequest, reference: str) -> HttpResponse:
    """Store Microsoft's case number."""
    case = find(request, reference)
    form = CaseForm(request.POST)
    if not form.is_valid():
        return page(request, case, status=422, case_form=form)
    number = form.cleaned_data["case_number"]
    if flow.number(case, number, by=flow.person(request.user)):
        messages.success(request, _("The case number is saved."))
    else:
        messages.info(request, _("That was the case number already."))
    return redirect(case)


@require_POST
@require(MANAGE)
def request_update(request: TenantRequest, reference: str) -> HttpResponse:
    """Tell Microsoft something further."""
    case = find(request, reference)
    form = UpdateForm(request.POST)
    if not form.is_valid():
        return page(request, case, status=422, update_form=form)
    values = form.cleaned_data
    try:
        flow.say(case, values["text"], by=flow.person(request.user), key=values["once"])
    except flow.WrongState as error:
        _say_wrong_state(request, error)
    else:
        messages.success(request, _("The update is saved."))
    return redirect(case)


@require_POST
@require(MANAGE)
def delivery_retry(request: TenantRequest, reference: str, pk: int) -> HttpResponse:
    """Send a mail or note again."""
    delivery = _delivery(request, reference, pk)
    if deliveries.retry(delivery, actor=request.user):
        messages.success(request, _("It is queued again."))
    else:
        messages.info(request, _("It is being sent, or was sent already."))
    return redirect(delivery.request)


@require_POST
@require(MANAGE)
def delivery_discard(request: TenantRequest, reference: str, pk: int) -> HttpResponse:
    """Give up a mail or note that was not sent."""
    delivery = _delivery(request, reference, pk)
    if deliveries.discard(delivery, actor=request.user):
        messages.success(request, _("It was discarded and will not be sent."))
    else:
        messages.info(request, _("It is being sent, or was sent already."))
    return redirect(delivery.request)


def _delivery(request: TenantRequest, reference: str, pk: int) -> RequestDelivery:
    case = find(request, reference)
    delivery: RequestDelivery = get_object_or_404(case.deliveries, pk=pk)
    delivery.request = case
    return delivery
