"""Pages of the log of connector calls: the list, one call, the export."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from connector.access import require
from tickets import cells, filters, lists
from tickets.support.call_models import ConnectorCall
from tickets.support.choosing import integration_of
from tickets.support.diagnosis import calls as explaining
from tickets.support.diagnosis.call_filters import CallFilter
from tickets.support.diagnosis.purposes import label_of
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.access import TenantRequest

# More rows than anybody reads; who wants all asks the database.
_MOST_EXPORTED = 20_000
_COLUMNS = (
    *("at", "direction", "repository__repository_id", "purpose", "method", "address"),
    *("status", "code", "words", "milliseconds", "user_name", "app_id"),
    *("ip_address", "request_id"),
)


@never_cache
@require_GET
@require(MANAGE)
def call_list(request: TenantRequest) -> HttpResponse:
    """List the calls of both directions, newest first, narrowed by the address."""
    filterset = _filterset(request)
    rows = filterset.qs.select_related("repository").defer("words")
    page = lists.page_of(request, rows, usual=50)
    context = {
        "integration": integration_of(request),
        "page": page,
        "rows": [(one, label_of(one.purpose)) for one in page],
        "filterset": filterset,
        "chips": filters.chips(filterset, request.GET),
        "has_several": filterset.has_several,
    }
    return lists.answer(request, "tickets/support/diagnosis/calls.html", context)


def _filterset(request: TenantRequest) -> CallFilter:
    mine = ConnectorCall.objects.for_tenant(request.tenant)
    return CallFilter(request.GET, queryset=mine, tenant=request.tenant)


@never_cache
@require_GET
@require(MANAGE)
def call(request: TenantRequest, pk: int) -> HttpResponse:
    """Show one call, what was wrong with it, and what to do."""
    mine = ConnectorCall.objects.for_tenant(request.tenant)
    found = get_object_or_404(mine.select_related("repository__tenant"), pk=pk)
    context = {
        "integration": integration_of(request),
        "call": found,
        "label": label_of(found.purpose),
        "is_good": explaining.is_good(found),
        "explanation": explaining.explanation(found),
        "situations": explaining.situations(found),
    }
    return render(request, "tickets/support/diagnosis/call.html", context)


@never_cache
@require_GET
@require(MANAGE)
def export(request: TenantRequest) -> HttpResponse:
    """Hand out the calls that the filters show, as CSV."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"connector-calls-{timezone.now():%Y%m%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write(cells.BYTE_ORDER_MARK)
    writer = csv.writer(response)
    writer.writerow(column.partition("__")[2] or column for column in _COLUMNS)
    writer.writerows(_exported(_filterset(request)))
    return response


def _exported(filterset: CallFilter) -> Iterator[list[Any]]:
    rows = filterset.qs.values_list(*_COLUMNS)[:_MOST_EXPORTED]
    for row in rows:
        yield [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    # Agents' names, among others, come from the instance.
    return cells.guarded(value)
