"""The list of improvement actions, and the page of one with its plan."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)
from django.views.decorators.vary import vary_on_headers

from connector import markup
from connector.access import refusal, require
from connector.models import Connection
from portal.score import (
    columns,
    filters,
    grouping,
    listing,
    neighbours,
    plans,
    prerequisites,
    refusals,
    saved_views,
    sharing,
    state_changes,
    timeline,
)
from portal.score import history as past
from portal.score.models import Snapshot
from portal.score.plan_forms import PlanForm
from portal.score.plan_models import ActionPlan, ActionTag, StateChange
from portal.score.status import KEPT_HERE, ActionStatus, can_be_sent, of_graph_state
from tickets import lists
from tickets.models import Ticket

if TYPE_CHECKING:
    from typing import Any

    from django.core.paginator import Page

    from connector.access import TenantRequest
    from portal.score.listing import Row
    from portal.score.models import ControlProfile

VIEW = "portal.view_score"
EDIT = "portal.edit_actionplan"
LEARN_MORE = "https://learn.microsoft.com/defender-xdr/microsoft-secure-score-improvement-actions"


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@require(VIEW)
def actions(request: TenantRequest) -> HttpResponse:
    """List the improvement actions an address asks for."""
    query = filters.tidied(request.GET)
    address = f"{request.path}?{query.urlencode()}" if query else request.path
    is_part = lists.wants_part(request, "list")
    if query != request.GET and not is_part:
        # What a form without JavaScript sends along says nothing in an address.
        return redirect(address)
    request.GET = query  # type: ignore[assignment]
    template = "score/actions.html#list" if is_part else "score/actions.html"
    response = render(request, template, _list_context(request))
    if is_part:
        response.headers["HX-Push-Url"] = address
    return response


def _list_context(request: TenantRequest) -> dict[str, Any]:
    query = request.GET
    latest, reference = Snapshot.objects.latest_and_reference(request.tenant)
    filterset = listing.listed(request.tenant, request.user, query, reference)
    group = query.get("group", "")
    totals = grouping.totals(filterset.qs, group)
    page = _page(request, filterset.qs, totals)
    shown = columns.chosen(query.getlist("col"))
    rows = listing.full_rows(
        request.tenant,
        list(page.object_list),
        latest,
        with_plans=bool(columns.OF_PLANS & set(shown)),
    )
    here = filters.asked_for(query)
    here.pop("page", None)
    views = list(saved_views.visible(request.tenant, request.user))
    return {
        "filterset": filterset,
        "page": page,
        "rows": rows,
        "groups": grouping.groups(rows, group, totals),
        "chips": listing.chips(filterset, query),
        "columns": [column for column in columns.COLUMNS if column.key in shown],
        "labels": columns.labels(),
        "shown": shown,
        "all_columns": columns.COLUMNS,
        "group": group,
        "groupings": grouping.LABELS,
        "sort": query.get("sort", ""),
        "default_sort": filters.DEFAULT_SORT,
        "query": here.urlencode(),
        "views": views,
        "view_name": saved_views.name_of(here, views),
        "is_synced": latest is not None,
        "may_edit": request.user.has_perm(EDIT),
    }


@require_http_methods(["GET", "POST"])
@require(VIEW)
def action(request: TenantRequest, control_id: str) -> HttpResponse:
    """Show one improvement action and its plan, or save the plan."""
    if request.method == "POST":
        return save_plan(request, control_id)
    page = _ActionPage(request, control_id)
    return page.render(page.form(request.unsent))


@require(EDIT)
def save_plan(request: TenantRequest, control_id: str) -> HttpResponse:
    """Save the action's plan; a new status goes to Microsoft where Graph takes it."""
    with transaction.atomic():
        # Whoever saves at the same moment is compared with what the first one saved.
        request.tenant.lock()
        page = _ActionPage(request, control_id)
        form = page.form(request.POST)
        if not form.is_valid():
            return page.render(form, status=422)
        # Before: a new status may take the action out of the list it was opened from.
        here, back = page.url, page.place.back
        outcome = plans.change(
            request.tenant, [control_id], form.wish(), actor=request.user
        )
    if not outcome.changed:
        messages.info(request, _("Nothing was changed."))
    elif outcome.sent:
        text = _("The action plan is saved; the status is being sent to Microsoft.")
        messages.success(request, text)
    else:
        messages.success(request, _("The action plan is saved."))
    closes = request.POST.get("intent") == "close"
    return redirect(back if closes else here)


@require_GET
@require(VIEW)
def plan_status(request: TenantRequest, control_id: str) -> HttpResponse:
    """Tell a waiting page how the status fares; load it again when it is settled."""
    page = _ActionPage(request, control_id)
    context = page.sending()
    if not context["is_watched"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "score/_sending.html", context)


@require_POST
@require(EDIT)
def retry_status(request: TenantRequest, control_id: str) -> HttpResponse:
    """Send a status Microsoft did not take, or that waits, again; or give it up."""
    page = _ActionPage(request, control_id)
    if page.change and request.POST.get("intent") == "withdraw":
        if state_changes.withdraw(page.change, actor=request.user):
            messages.success(request, _("The status is withdrawn."))
    elif page.change and state_changes.retry(page.change, actor=request.user):
        messages.success(request, _("The status is being sent to Microsoft again."))
    else:
        messages.info(request, _("Nothing waits to be sent."))
    return redirect(page.url)


class _ActionPage:
    """One request for the page of one action."""

    def __init__(self, request: TenantRequest, control_id: str) -> None:
        self.request = request
        self.tenant = request.tenant
        self.control_id = control_id
        # Before the status it leads to: so the page never shows less than it says.
        self.change = state_changes.newest(self.tenant, control_id)
        snapshots = Snapshot.objects.latest_and_reference(self.tenant)
        self.latest, self.reference = snapshots
        profiles = listing.all_actions(self.tenant, self.reference)
        self.profile: ControlProfile = get_object_or_404(
            profiles, control_id=control_id
        )
        self.plan = ActionPlan.objects.by_control(self.tenant, [control_id]).get(
            control_id
        )
        self.row: Row = listing.rows([self.profile], self.latest)[0]

    @cached_property
    def place(self) -> neighbours.Place:
        """Where the action stands in the list whose address the page carries."""
        query = filters.tidied(self.request.GET)
        query.pop("page", None)
        listed = listing.listed(self.tenant, self.request.user, query, self.reference)
        names = list(listed.qs.values_list("control_id", flat=True))
        if at := self.request.GET.get("at"):
            query["at"] = at
        return neighbours.place(self.control_id, names, query)

    @cached_property
    def address(self) -> str:
        """The query that leads here again, with the number in the list."""
        query = self.request.GET.copy()
        if self.place.number and (query or self.place.count):
            query["at"] = str(self.place.number - 1)
        return query.urlencode()

    @property
    def url(self) -> str:
        path = reverse("score:action", args=[self.control_id])
        return f"{path}?{self.address}" if self.address else path

    def form(self, data: Any = None) -> PlanForm:
        return PlanForm(
            data,
            tenant=self.tenant,
            plan=self.plan,
            status=self.row.status,
            is_device=not can_be_sent(self.control_id),
        )

    def render(self, form: PlanForm, *, status: int = 200) -> HttpResponse:
        template = "score/action.html"
        return render(self.request, template, self._context(form), status=status)

    def _context(self, form: PlanForm) -> dict[str, Any]:
        request, profile = self.request, self.profile
        connection = Connection.objects.best(self.tenant)
        tickets = Ticket.objects.for_tenant(self.tenant).of_control(self.control_id)
        may_see = request.user.has_perm("tickets.view_ticket")
        listed = list(tickets.for_list()) if may_see else []
        history = past.of_control(self.tenant, profile)
        may_edit = request.user.has_perm(EDIT)
        html = f"{profile.remediation} {profile.remediation_impact}"
        return {
            **self.sending(),
            "row": self.row,
            "plan": self.plan,
            "form": form,
            "tags": ActionTag.objects.in_use(self.tenant),
            "place": self.place,
            "address": self.address,
            "may_edit": may_edit,
            "may_not_edit": "" if may_edit else refusal(EDIT),
            "kept_here": KEPT_HERE,
            "is_device": not can_be_sent(self.control_id),
            "graph_status": of_graph_state(profile.state),
            "is_completed": self.row.status == ActionStatus.COMPLETED,
            "prerequisite": prerequisites.prerequisite(profile, self.latest),
            "links": markup.links(html),
            "learn_more": LEARN_MORE,
            "history": history,
            "timeline": timeline.lines(self.tenant, profile, history.events, listed),
            "tickets": listed,
            "share": sharing.share_menu(profile, connection, request.user),
        }

    def sending(self) -> dict[str, Any]:
        """Return how the newest status fares on its way to Microsoft."""
        change = self.change
        code = change.error_code if change else ""
        return {
            "change": change,
            "explanation": refusals.explain(code) if code else None,
            "is_watched": change is not None and _is_watched(change),
            "control_id": self.control_id,
            "may_edit": self.request.user.has_perm(EDIT),
        }


def _is_watched(change: StateChange) -> bool:
    return change.is_open and not change.waits_long


def _page(request: TenantRequest, queryset: Any, totals: dict[str, int]) -> Page[Any]:
    count = sum(totals.values()) if totals else None
    return lists.page_of(request, queryset, count=count)
