"""Messages that came in: taken by the signed endpoint, sorted by a person where need be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from connector.access import require
from tickets.support.choosing import integration_of
from tickets.support.service_requests import inbound, sorting
from tickets.support.service_requests.forms import AssignForm
from tickets.support.service_requests.inbound import Rejected
from tickets.support.service_requests.letters import JSON, MAIL
from tickets.support.service_requests.models import InboundReceipt
from tickets.support.service_requests.views import MANAGE

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from connector.access import TenantRequest

logger = logging.getLogger(__name__)

PAGE_SIZE = 25


@csrf_exempt
@login_not_required
@require_POST
def take(request: HttpRequest, key: UUID) -> JsonResponse:
    """Take one message in, if it is signed with the organisation's secret."""
    try:
        receipt = _take(request, key)
    except Rejected as error:
        logger.warning("a message was not taken: %s", error.code)
        answer = {"error": {"code": error.code}}
        return JsonResponse(answer, status=error.status)
    return JsonResponse({"id": str(receipt.pk)}, status=202)


def _take(request: HttpRequest, key: UUID) -> InboundReceipt:
    integration = inbound.find(key)
    if request.content_type not in (MAIL, JSON):
        raise Rejected("not_a_message", 415)
    body = _body(request)
    signature = inbound.verify(
        integration,
        timestamp=request.headers.get("X-Portal-Timestamp", ""),
        signature=request.headers.get("X-Portal-Signature", ""),
        body=body,
    )
    return inbound.take(
        integration.tenant, body, request.content_type, signature=signature
    )


def _body(request: HttpRequest) -> bytes:
    try:
        body: bytes = request.read(inbound.LARGEST + 1)
    except UnreadablePostError as error:
        raise Rejected("broken_off", 400) from error
    if len(body) > inbound.LARGEST:
        raise Rejected("too_large", 413)
    return body


@never_cache
@require_GET
@require(MANAGE)
def inbox(request: TenantRequest) -> HttpResponse:
    """Show the messages nobody but a person can place."""
    return _page(request)


def _page(
    request: TenantRequest, typed: AssignForm | None = None, pk: UUID | None = None
) -> HttpResponse:
    waiting = InboundReceipt.objects.for_tenant(request.tenant).waiting()
    page = Paginator(waiting, PAGE_SIZE).get_page(request.GET.get("page"))
    for receipt in page.object_list:
        is_typed = receipt.pk == pk and typed is not None
        receipt.form = typed if is_typed else _form(request, receipt)
        receipt.why = sorting.REASONS.get(receipt.reason, "")
        receipt.shown = receipt.text or sorting.plain_of(receipt)
    context = {"integration": integration_of(request), "page": page, "form": typed}
    status = 422 if typed else 200
    return render(request, "tickets/support/request_inbox.html", context, status=status)


def _form(
    request: TenantRequest, receipt: InboundReceipt, data: object = None
) -> AssignForm:
    # Several forms on one page: each has ids of its own.
    return AssignForm(data, tenant=request.tenant, auto_id=f"id_{receipt.pk.hex}_%s")


@require_POST
@require(MANAGE)
def assign(request: TenantRequest, pk: UUID) -> HttpResponse:
    """Put a message into a request."""
    receipt = _find(request, pk)
    form = _form(request, receipt, request.POST)
    if not form.is_valid() or form.case is None:
        return _page(request, form, receipt.pk)
    if sorting.assign(receipt, form.case, actor=request.user):
        messages.success(request, _("It is in %(case)s now.") % {"case": form.case})
    else:
        messages.info(request, _("Somebody else was faster."))
    return redirect("support:request_inbox")


@require_POST
@require(MANAGE)
def drop(request: TenantRequest, pk: UUID) -> HttpResponse:
    """Say that a message belongs to no request."""
    if sorting.drop(_find(request, pk), actor=request.user):
        messages.success(request, _("It was dropped."))
    else:
        messages.info(request, _("Somebody else was faster."))
    return redirect("support:request_inbox")


def _find(request: TenantRequest, pk: UUID) -> InboundReceipt:
    mine = InboundReceipt.objects.for_tenant(request.tenant)
    receipt: InboundReceipt = get_object_or_404(mine, pk=pk)
    receipt.tenant = request.tenant
    return receipt
