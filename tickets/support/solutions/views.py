"""The search for solutions, and what people say of what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connector.access import require
from connector.choosing import key_in
from tickets import lists
from tickets.models import Ticket
from tickets.support.choosing import integration_of
from tickets.support.solutions import feedback, ranking, search
from tickets.support.solutions.forms import OpinionForm
from tickets.support.solutions.models import Document
from tickets.support.views import VIEW

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.support.solutions.search import Hit

# On the page of its own, and beside a ticket.
MANY, FEW = 10, 3
_LONGEST_QUERY = 1000


@dataclass(frozen=True)
class Row:
    """A hit, and what this person said of it."""

    hit: Hit
    opinion: bool | None


@never_cache
@require_GET
@require(VIEW)
def solutions(request: TenantRequest) -> HttpResponse:
    """Search for words, or for what a ticket is about."""
    ticket = _ticket(request)
    query = request.GET.get("q", "").strip()[:_LONGEST_QUERY]
    text = f"{ticket.name}\n{ticket.description}" if ticket and not query else query
    is_panel = lists.wants_part(request, "solutions-panel")
    context = {
        "integration": integration_of(request),
        "ticket": ticket,
        "query": query,
        "is_asked": bool(text),
        "is_empty": not Document.objects.for_tenant(request.tenant).active().exists(),
        "here": request.get_full_path(),
        **_answer(request, text, FEW if is_panel else MANY),
    }
    template = "tickets/support/solutions/search.html"
    if is_panel:
        template = "tickets/support/solutions/_panel.html"
    elif lists.wants_part(request, "results"):
        template += "#results"
    return lists.told_apart(render(request, template, context))


def _ticket(request: TenantRequest) -> Ticket | None:
    wanted = request.GET.get("ticket")
    if not wanted:
        return None
    mine = Ticket.objects.for_tenant(request.tenant)
    ticket: Ticket = get_object_or_404(mine, pk=key_in(wanted) or 0)
    return ticket


def _answer(request: TenantRequest, text: str, limit: int) -> dict[str, Any]:
    asked = ranking.question(text[: search.LONGEST_TEXT])
    hits = search.answer(request.tenant, asked, limit=limit) if asked.terms else []
    terms = feedback.join(sorted(asked.terms))
    said = feedback.opinions(
        [hit.document.pk for hit in hits],
        feedback.search_id(request.tenant, terms.split()),
        feedback.person(request.user),
    )
    return {
        "rows": [Row(hit, said.get(hit.document.pk)) for hit in hits],
        "terms": terms,
    }


@require_POST
@require(VIEW)
def judge(request: TenantRequest, pk: int) -> HttpResponse:
    """Keep whether a solution helped with what was looked for."""
    mine = Document.objects.for_tenant(request.tenant).active().light()
    document = get_object_or_404(mine, pk=pk)
    form = OpinionForm(request.POST)
    if not form.is_valid():
        raise Http404
    terms = sorted(set(form.cleaned_data["terms"].split()))
    is_helpful: bool = form.cleaned_data["helpful"]
    feedback.give(
        document,
        feedback.person(request.user),
        search=feedback.search_id(request.tenant, terms),
        terms=feedback.join(terms),
        is_helpful=is_helpful,
    )
    if request.htmx:  # type: ignore[attr-defined]
        context = {
            "pk": pk,
            "terms": form.cleaned_data["terms"],
            "opinion": is_helpful,
            "here": request.POST.get("next", ""),
            "is_fresh": True,
        }
        return render(request, "tickets/support/solutions/_opinion.html", context)
    messages.success(request, _("Thank you. It counts in later searches."))
    return redirect(_way_back(request))


def _way_back(request: TenantRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse("support:solutions")
