"""Importing solutions: choose files, see what would become of them, take them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connector.access import require
from tickets.support.choosing import integration_of
from tickets.support.solutions import files, importing
from tickets.support.solutions.forms import FilesForm
from tickets.support.solutions.importing import Fate
from tickets.support.solutions.models import LibraryImport
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.support.solutions.importing import Plan


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def library_import(request: TenantRequest) -> HttpResponse:
    """Take files, read them, and go on to the preview; nothing is written yet."""
    form = FilesForm()
    if request.method == "POST":
        form = FilesForm(request.POST, request.FILES)
        if form.is_valid():
            drafts = form.cleaned_data["chosen"]
            kept = importing.keep(request.tenant, drafts, user=request.user)
            return redirect("support:library_import_preview", kept.pk)
    context = {
        "integration": integration_of(request),
        "form": form,
        "columns": files.COLUMNS,
        "most_files": files.MOST_FILES,
        "most_drafts": files.MOST_DRAFTS,
    }
    status = 422 if form.errors else 200
    template = "tickets/support/solutions/import.html"
    return render(request, template, context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def library_import_preview(request: TenantRequest, pk: int) -> HttpResponse:
    """Show what becomes of each solution, and write it when that was confirmed."""
    mine = LibraryImport.objects.for_tenant(request.tenant)
    kept = get_object_or_404(mine.filter(user=request.user), pk=pk)
    kept.tenant = request.tenant
    if request.method == "POST":
        mark = request.POST.get("mark", "")
        done = importing.apply(kept, mark=mark, actor=request.user)
        if done:
            messages.success(request, _said(done))
            return redirect("support:library")
    plan = importing.plan(request.tenant, importing.drafts_of(kept))
    context = {
        "integration": integration_of(request),
        "kept": kept,
        "plan": plan,
        "counts": [(fate, plan.count(fate)) for fate in Fate],
        "is_stale": request.method == "POST",
    }
    status = 409 if request.method == "POST" else 200
    template = "tickets/support/solutions/import_preview.html"
    return render(request, template, context, status=status)


def _said(done: Plan) -> str:
    words = {"new": done.count(Fate.NEW), "changed": done.count(Fate.CHANGED)}
    return _("Imported: %(new)d new, %(changed)d changed.") % words
