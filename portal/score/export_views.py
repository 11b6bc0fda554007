"""Exports of improvement actions: what, as which file, how far, and the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from connector.access import require
from portal.score import exporting, filters, listing, saved_views, sheets
from portal.score.action_views import VIEW
from portal.score.export_columns import ACTIONS, HISTORY
from portal.score.list_models import Export
from portal.score.list_views import selection
from portal.score.models import Snapshot

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from connector.access import TenantRequest


class ExportForm(forms.Form):
    """What is written, and as which file."""

    content = forms.ChoiceField(
        label=gettext_lazy("Content"),
        choices=Export.Content.choices,
        widget=forms.RadioSelect,
        initial=Export.Content.ACTIONS,
    )
    format = forms.ChoiceField(
        label=gettext_lazy("File"),
        choices=[
            ("csv", gettext_lazy("CSV: text with commas, UTF-8, for any program")),
            ("xlsx", gettext_lazy("XLSX: a workbook for Excel and LibreOffice")),
        ],
        widget=forms.RadioSelect,
        initial=Export.Format.CSV,
    )


@require_http_methods(["GET", "POST"])
@require(VIEW)
def export(request: TenantRequest) -> HttpResponse:
    """Ask what to export; give a short file at once and have a long one written."""
    if request.method != "POST":
        return _page(request, ExportForm(), request.GET)
    form = ExportForm(request.POST)
    query = QueryDict(request.POST.get("query", ""))
    if not form.is_valid():
        return _page(request, form, query, status=422)
    try:
        chosen = selection(request)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, form, query, status=422)
    wanted = exporting.request(
        request.tenant,
        request.user,
        control_ids=chosen.control_ids,
        **form.cleaned_data,
    )
    return _answer(request, wanted)


def _answer(request: TenantRequest, wanted: Export) -> HttpResponse:
    if not exporting.is_long(wanted):
        exporting.tell(wanted)
        return _attached(wanted, exporting.content(wanted))
    if not exporting.has_room(request.tenant, request.user):
        text = _("%(count)s exports are being written for you. Wait for one of them.")
        messages.warning(request, text % {"count": exporting.MOST_AT_ONCE})
        return redirect("score:export")
    exporting.tell(wanted)
    exporting.enqueue(wanted)
    return redirect(wanted)


def _attached(wanted: Export, content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=sheets.TYPES[wanted.format],
        headers={
            "Content-Disposition": f'attachment; filename="{wanted.file_name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _page(
    request: TenantRequest, form: ExportForm, query: QueryDict, *, status: int = 200
) -> HttpResponse:
    _latest, reference = Snapshot.objects.latest_and_reference(request.tenant)
    meant = filters.tidied(query)
    listed = listing.listed(request.tenant, request.user, meant, reference)
    mine = Export.objects.for_tenant(request.tenant).filter(user=request.user)
    context: dict[str, Any] = {
        "form": form,
        "query": saved_views.tidied(query.urlencode()),
        "chips": listing.chips(listed, meant),
        "count": listed.qs.count(),
        "documented": [
            (Export.Content.ACTIONS.label, ACTIONS),
            (Export.Content.HISTORY.label, HISTORY),
        ],
        "exports": mine[:10],
    }
    return render(request, "score/export.html", context, status=status)


@require_GET
@require(VIEW)
def export_progress(request: TenantRequest, pk: UUID) -> HttpResponse:
    """Show how far an export is; when it is ready, offer the file."""
    found = _mine(request, pk)
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    template = "score/export_progress.html" + ("#progress" if is_part else "")
    return render(request, template, {"export": found})


@require_GET
@require(VIEW)
def export_file(request: TenantRequest, pk: UUID) -> Any:
    """Give the file of an export to the person who asked for it, until it expires."""
    found = _mine(request, pk)
    path = exporting.path(found)
    if found.status != Export.Status.READY or found.has_expired or not path.is_file():
        raise Http404
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=found.file_name,
        content_type=sheets.TYPES[found.format],
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _mine(request: TenantRequest, pk: UUID) -> Export:
    mine = Export.objects.for_tenant(request.tenant).filter(user=request.user)
    export: Export = get_object_or_404(mine, pk=pk)
    return export
