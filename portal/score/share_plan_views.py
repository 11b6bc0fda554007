"""Pages of the share plan: choose a goal, review the set, share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector.access import require
from connector.models import Connection
from portal.score import drafting, share_plans
from portal.score.list_views import back_of, selection
from portal.score.models import Snapshot
from portal.score.share_plan_forms import TARGET, GoalForm, SharePlanForm
from portal.score.share_plan_models import SharePlan
from tickets.drafts import Draft
from tickets.models import Source

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from portal.score.listing import Row

VIEW = "portal.view_score"
SHARE = "tickets.share_ticket"
How = SharePlan.How


@require_GET
@require(VIEW)
def plan(request: TenantRequest) -> HttpResponse:
    """Ask for a goal, and propose the smallest set of actions that meets it."""
    latest = Snapshot.objects.latest_for(request.tenant)
    asked = request.GET if "goal" in request.GET else None
    form = GoalForm(asked, tenant=request.tenant, initial={"goal": TARGET})
    context: dict[str, Any] = {"form": form, "latest": latest}
    if latest and asked is not None and form.is_valid():
        proposal = share_plans.propose(request.tenant, form.wish(), latest)
        names = [one.control_id for one in proposal.chosen]
        rows = share_plans.rows(request.tenant, names, latest)
        context |= {
            "is_proposed": True,
            "rows": rows,
            "outlook": share_plans.outlook(rows, latest),
            "shortfall": proposal.shortfall,
            "is_fewer": len(rows) < (form.wish().count or 0),
        }
    status = 422 if form.errors else 200
    return render(request, "score/plan.html", context, status=status)


@require_POST
@require(SHARE)
def plan_new(request: TenantRequest) -> HttpResponse:
    """Take a selection, from the list or a proposal, to its review."""
    try:
        chosen = selection(request).control_ids
    except ValidationError as error:
        messages.warning(request, error.message)
        return redirect(_back(request))
    if len(chosen) > share_plans.MOST_TOGETHER:
        text = _("Choose %(most)s actions at most.")
        messages.warning(request, text % {"most": share_plans.MOST_TOGETHER})
        return redirect(_back(request))
    return redirect(share_plans.start(request.tenant, chosen, user=request.user))


def _back(request: TenantRequest) -> str:
    """Return the proposal or the list the selection was made in."""
    if goal := request.POST.get("goal_query", ""):
        return f"{reverse('score:plan')}?{QueryDict(goal[:1000]).urlencode()}"
    return back_of(request)


@require_http_methods(["GET", "POST"])
@require(VIEW)
def plan_review(request: TenantRequest, pk: str) -> HttpResponse:
    """Show a plan and what became of it, or share it."""
    page = _Review(request, pk)
    return _share(request, page) if request.method == "POST" else page.render()


@require(SHARE)
def _share(request: TenantRequest, page: _Review) -> HttpResponse:
    intent = request.POST.get("intent", "")
    form = page.form(request.POST)
    if form is None or intent not in How.values:
        # Only the sums were asked for, or there is nowhere to send it.
        return page.render(form, status=409 if form is None else 200)
    is_valid = form.is_valid()
    if problem := page.problem(intent):
        form.add_error(None, problem)
        is_valid = False
    if not is_valid:
        return page.render(form, status=422)
    try:
        tickets = share_plans.share(
            page.plan,
            page.chosen,
            form.cleaned_data,
            how=intent,
            connection=form.destination,
            actor=request.user,
        )
    except share_plans.AlreadyShared:
        messages.info(request, _("This plan was shared already."))
        return redirect(page.plan)
    text = ngettext(
        "%(count)s ticket is saved and will be sent to ServiceNow.",
        "%(count)s tickets are saved and will be sent to ServiceNow.",
        len(tickets),
    )
    messages.success(request, text % {"count": len(tickets)})
    return redirect(page.plan)


class _Review:
    """One request for the page of one plan."""

    def __init__(self, request: TenantRequest, pk: str) -> None:
        self.request = request
        self.tenant = request.tenant
        mine = SharePlan.objects.for_tenant(self.tenant).select_related("tenant")
        self.plan: SharePlan = get_object_or_404(mine, pk=pk)
        self.latest = Snapshot.objects.latest_for(self.tenant)
        self.rows = share_plans.rows(self.tenant, self.plan.control_ids, self.latest)

    @cached_property
    def busy(self) -> set[str]:
        return share_plans.with_open_ticket(self.tenant, self.plan.control_ids)

    @cached_property
    def chosen(self) -> list[Row]:
        """Return the actions that are ticked: at first those without an open ticket."""
        if self.plan.shared_as:
            return self.rows
        is_sent = self.request.method == "POST"
        kept = set(self.request.POST.getlist("control"))
        return [
            row
            for row in self.rows
            if (name := row.profile.control_id) in kept
            or (not is_sent and name not in self.busy)
        ]

    def form(self, data: Any = None) -> SharePlanForm | None:
        """Return the form of the tickets, or None where they can be sent nowhere."""
        usable = Connection.objects.for_sharing(self.tenant)
        if not usable:
            return None
        count = len(self.chosen)
        name = ngettext(
            "Secure Score: %(count)s improvement action",
            "Secure Score: %(count)s improvement actions",
            count,
        )
        draft = Draft(
            name=name % {"count": count},
            due_date=timezone.localdate() + drafting.DUE_IN,
            source=Source.MICROSOFT,
        )
        return SharePlanForm(draft, data, connections=usable)

    def problem(self, how: str) -> str:
        """Say why this selection cannot be shared like this, or ""."""
        count = len(self.chosen)
        if not count:
            return _("Tick at least one improvement action.")
        if how == How.EACH and count > share_plans.MOST_EACH:
            text = _("Share each makes %(most)s tickets at most. Tick fewer actions.")
            return text % {"most": share_plans.MOST_EACH}
        return ""

    def render(
        self, form: SharePlanForm | None = None, *, status: int = 200
    ) -> HttpResponse:
        may_share = self.request.user.has_perm(SHARE)
        is_open = may_share and not self.plan.shared_as
        form = (form or self.form()) if is_open else None
        ticked = {row.profile.control_id for row in self.chosen}
        context = {
            "plan": self.plan,
            "rows": [
                (row, name in ticked, is_open and name in self.busy)
                for row in self.rows
                if (name := row.profile.control_id)
            ],
            "count": len(self.chosen),
            "outlook": share_plans.outlook(self.chosen, self.latest),
            "form": form,
            "is_open": is_open,
            "may_share": may_share,
            "description": share_plans.described(self.plan, self.chosen),
            "tickets": list(self.plan.tickets.for_list()),
            "connection": Connection.objects.current(self.tenant),
        }
        return render(self.request, "score/plan_review.html", context, status=status)
