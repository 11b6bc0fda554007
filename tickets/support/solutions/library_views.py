"""Pages of the library: list, read, write, delete, export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import audit
from connector.access import require
from tickets import filters, lists
from tickets.filters import FilterForm
from tickets.support.choosing import integration_of
from tickets.support.solutions import importing, library, markdown
from tickets.support.solutions.forms import SolutionForm, initial_of, values_of
from tickets.support.solutions.library import Changed
from tickets.support.solutions.models import BODY_LIMIT, Document, Solution
from tickets.support.views import MANAGE, VIEW

if TYPE_CHECKING:
    from connector.access import TenantRequest
    from tickets.support.solutions.queries import SolutionQuerySet

FOLDER = "tickets/support/solutions"


class LibraryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the library may be narrowed to; invalid values are ignored."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Search"),
        method="search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True}),
    )
    published = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        field_name="is_published",
        choices=[("True", gettext_lazy("Published")), ("False", gettext_lazy("Draft"))],
        empty_label=gettext_lazy("All"),
    )

    class Meta:
        model = Solution
        fields: list[str] = []
        form = FilterForm

    def search(self, rows: SolutionQuerySet, _name: str, text: str) -> SolutionQuerySet:
        return rows.with_words(text)


def visible(request: TenantRequest) -> SolutionQuerySet:
    """Return what this person may read: drafts are for those who write."""
    mine: SolutionQuerySet = Solution.objects.for_tenant(request.tenant)
    return mine if request.user.has_perm(MANAGE) else mine.published()


@require_GET
@require(VIEW)
def solution_list(request: TenantRequest) -> HttpResponse:
    """List the library, narrowed by the address."""
    filterset = LibraryFilter(request.GET, queryset=visible(request).defer("body"))
    if not request.user.has_perm(MANAGE):
        del filterset.form.fields["published"]
    context = {
        "integration": integration_of(request),
        "page": lists.page_of(request, filterset.qs),
        "filterset": filterset,
        "chips": filters.chips(filterset, request.GET),
    }
    return lists.answer(request, f"{FOLDER}/library.html", context)


@require_GET
@require(VIEW)
def solution(request: TenantRequest, pk: int) -> HttpResponse:
    """Show one solution."""
    found = get_object_or_404(visible(request), pk=pk)
    context = {
        "integration": integration_of(request),
        "solution": found,
        "html": markdown.render(found.body),
    }
    return render(request, f"{FOLDER}/solution.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def solution_new(request: TenantRequest) -> HttpResponse:
    """Write a new solution."""
    return _write(request, Solution(tenant=request.tenant))


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def solution_edit(request: TenantRequest, pk: int) -> HttpResponse:
    """Change a solution, unless somebody else just did."""
    mine = Solution.objects.for_tenant(request.tenant)
    found: Solution | None = mine.filter(pk=pk).first()
    if found is None:
        return _gone(request, pk)
    found.tenant = request.tenant
    return _write(request, found)


def _gone(request: TenantRequest, pk: int) -> HttpResponse:
    """Keep what was typed for a solution that somebody deleted meanwhile."""
    traces = Document.objects.for_tenant(request.tenant)
    was_there = traces.filter(source=Document.Source.LIBRARY, key=str(pk)).exists()
    if request.method != "POST" or not was_there:
        raise Http404
    typed = request.POST.copy()
    typed["revision"] = "0"
    fresh = Solution(tenant=request.tenant)
    form = SolutionForm(typed, solution=fresh)
    return _form(request, fresh, form, status=409, is_gone=True)


def _write(request: TenantRequest, found: Solution) -> HttpResponse:
    if request.method != "POST":
        return _form(request, found, SolutionForm(request.unsent, solution=found))
    with transaction.atomic():
        # Validated under the lock: the same may be written twice at once.
        request.tenant.lock()
        return _save(request, found, SolutionForm(request.POST, solution=found))


def _save(request: TenantRequest, found: Solution, form: SolutionForm) -> HttpResponse:
    if not form.is_valid():
        return _form(request, found, form, status=422)
    if request.POST.get("intent") == "preview":
        return _form(
            request, found, form, html=markdown.render(form.cleaned_data["body"])
        )
    values = values_of(form.cleaned_data)
    seen = form.cleaned_data["revision"]
    try:
        saved = library.save(found, values, seen=seen, actor=request.user)
    except Changed as clash:
        return _clash(request, found, clash.now)
    messages.success(request, _said(saved))
    return redirect(saved)


def _said(saved: Solution) -> str:
    if saved.is_published:
        return _("Saved. It is found from now on.")
    return _("Saved as a draft. Nobody finds it before it is published.")


def _clash(request: TenantRequest, found: Solution, now: Solution) -> HttpResponse:
    """Show what was typed beside what somebody else saved; the next save is meant."""
    typed = request.POST.copy()
    typed["revision"] = str(now.revision)
    form = SolutionForm(typed, solution=found)
    return _form(request, found, form, status=409, clash=now)


def _form(
    request: TenantRequest,
    found: Solution,
    form: SolutionForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    clash: Solution | None = more.get("clash")
    context = {
        "integration": integration_of(request),
        "solution": found,
        "form": form,
        "theirs": initial_of(clash) if clash else None,
        **more,
    }
    return render(request, f"{FOLDER}/solution_form.html", context, status=status)


@require_POST
@require(MANAGE)
def preview(request: TenantRequest) -> HttpResponse:
    """Show a Markdown text as it will look."""
    html = markdown.render(request.POST.get("body", "")[:BODY_LIMIT])
    return render(request, f"{FOLDER}/_preview.html", {"html": html})


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def solution_delete(request: TenantRequest, pk: int) -> HttpResponse:
    """Name the consequences, and delete a solution when that was confirmed."""
    found = get_object_or_404(Solution.objects.for_tenant(request.tenant), pk=pk)
    found.tenant = request.tenant
    if request.method == "POST":
        library.delete(found, actor=request.user)
        words = {"title": found.title}
        messages.success(request, _("“%(title)s” was deleted.") % words)
        return redirect("support:library")
    context = {"integration": integration_of(request), "solution": found}
    return render(request, f"{FOLDER}/solution_delete.html", context)


@require_GET
@require(MANAGE)
def library_export(request: TenantRequest) -> HttpResponse:
    """Hand the whole library out as CSV."""
    text = importing.export(request.tenant)
    audit.record("solution.exported", tenant=request.tenant, actor=request.user)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="solutions.csv"'
    return response
