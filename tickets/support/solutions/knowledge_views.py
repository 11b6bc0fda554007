"""Which knowledge bases are taken over, and how that goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connector import audit
from connector.access import require
from tickets.support.choosing import integration_of
from tickets.support.setups import INSIGHTS
from tickets.support.solutions import knowledge, knowledge_texts, readers
from tickets.support.solutions.forms import KnowledgeForm
from tickets.support.solutions.models import KnowledgeSource
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from connector.access import TenantRequest
    from connector.messages import Explanation


@dataclass(frozen=True)
class Part:
    """An instance as the page shows it."""

    source: KnowledgeSource
    form: KnowledgeForm
    failure: Explanation | None

    @property
    def is_waiting(self) -> bool:
        """Whether it is switched on and nothing came of it yet."""
        return self.source.is_enabled and self.source.finished_at is None


@never_cache
@require_GET
@require(MANAGE)
def knowledge_bases(request: TenantRequest) -> HttpResponse:
    """Show the knowledge base of each instance."""
    return _page(request)


def _page(
    request: TenantRequest, given: Mapping[int, KnowledgeForm] | None = None
) -> HttpResponse:
    integration = integration_of(request)
    readers.ensure_sources(request.tenant)
    mine = KnowledgeSource.objects.for_tenant(request.tenant)
    context = {
        "integration": integration,
        "is_allowed": readers.is_allowed(integration),
        "is_insights": integration.setup is INSIGHTS,
        "parts": [_part(source, given or {}) for source in mine],
    }
    template = "tickets/support/solutions/knowledge.html"
    return render(request, template, context, status=422 if given else 200)


def _part(source: KnowledgeSource, given: Mapping[int, KnowledgeForm]) -> Part:
    initial = {"is_enabled": source.is_enabled, "bases": "\n".join(source.bases)}
    form = KnowledgeForm(initial=initial, auto_id=f"id_{source.pk}_%s")
    failure = knowledge_texts.explain(source.error_code) if source.error_code else None
    return Part(source, given.get(source.pk, form), failure)


@require_POST
@require(MANAGE)
def knowledge_save(request: TenantRequest, pk: int) -> HttpResponse:
    """Set what is taken over from an instance."""
    source = _find(request, pk)
    form = KnowledgeForm(request.POST, auto_id=f"id_{source.pk}_%s")
    if not form.is_valid():
        return _page(request, {source.pk: form})
    with transaction.atomic():
        knowledge.configure(source, **form.cleaned_data)
        audit.record(
            "solution.knowledge_configured",
            tenant=request.tenant,
            actor=request.user,
            target=source.host,
            enabled=source.is_enabled,
            knowledge_bases=source.bases,
        )
    text = _("Saved. The articles are being fetched.")
    if not source.is_enabled:
        text = _("Saved. No articles of this instance are found any more.")
    messages.success(request, text)
    return redirect("support:knowledge")


@require_POST
@require(MANAGE)
def knowledge_fetch(request: TenantRequest, pk: int) -> HttpResponse:
    """Have the articles of an instance fetched now."""
    source = _find(request, pk)
    if not source.is_enabled:
        messages.info(request, _("Switch it on first: tick Take articles over."))
    elif knowledge.request(source):
        messages.success(request, _("The articles are being fetched."))
    else:
        text = _("Not now: it was fetched a moment ago, or the instance asked to wait.")
        messages.info(request, text)
    return redirect("support:knowledge")


def _find(request: TenantRequest, pk: int) -> KnowledgeSource:
    mine = KnowledgeSource.objects.for_tenant(request.tenant)
    source: KnowledgeSource = get_object_or_404(mine, pk=pk)
    source.tenant = request.tenant
    return source
