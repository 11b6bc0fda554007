"""The guided set-up: the guide, its live part, ticks, notes, checks, the printed page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector.access import require
from connector.models import Connection
from tickets.support import configuration, steps, tasks, verdicts
from tickets.support.choosing import chosen, found, integration_of
from tickets.support.forms import NoteForm
from tickets.support.guide_parts import DOCUMENTED_ADDRESSES
from tickets.support.guides import guide_for
from tickets.support.models import Repository
from tickets.support.repository_forms import InstanceForm
from tickets.support.views import MANAGE, VIEW
from tickets.support.walkthrough import Walkthrough

if TYPE_CHECKING:
    from typing import Any

    from connector.access import TenantRequest
    from tickets.support.guide_parts import Step


@never_cache
@require_http_methods(["GET", "POST"])
@require(VIEW)
def setup(request: TenantRequest) -> HttpResponse:
    """Show the guide of a repository, or take the instance before there is one."""
    if request.method == "POST":
        response: HttpResponse = _start(request)
        return response
    return _page(request, chosen(request))


def _page(
    request: TenantRequest,
    repository: Repository | None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    integration = integration_of(request)
    way = None
    if repository and integration.setup:
        typed = more.pop("typed", None)
        way = Walkthrough(integration, repository, integration.setup, typed)
    context = {
        "integration": integration,
        "setup": integration.setup,
        "way": way,
        "repositories": Repository.objects.for_tenant(request.tenant),
        **_addresses(),
        **({} if way else {"form": _instance_form(request)}),
        **more,
    }
    return render(request, "tickets/support/setup.html", context, status=status)


def _addresses() -> dict[str, Any]:
    return {
        "documented_addresses": DOCUMENTED_ADDRESSES,
        "portal_addresses": settings.PORTAL_EGRESS_ADDRESSES,
    }


def _instance_form(request: TenantRequest) -> InstanceForm:
    """Suggest the instance that tickets go to already."""
    connection = Connection.objects.current(request.tenant)
    initial = {}
    if connection:
        initial = {
            "endpoint": f"{connection.base_url}/",
            "repository_id": urlsplit(connection.base_url).hostname,
            "is_test": connection.is_test,
        }
    return InstanceForm(request.unsent or None, tenant=request.tenant, initial=initial)


@require(MANAGE)
def _start(request: TenantRequest) -> HttpResponse:
    """Take the instance, so that its guide can be followed."""
    with transaction.atomic():
        # Validated under the lock: two people may name the same instance.
        request.tenant.lock()
        form = InstanceForm(request.POST, tenant=request.tenant)
        if form.is_valid():
            repository = configuration.start(
                request.tenant, form.cleaned_data, actor=request.user
            )
            return redirect(_address(repository))
    return _page(request, None, status=422, form=form)


@never_cache
@require_GET
@require(VIEW)
def printed(request: TenantRequest) -> HttpResponse:
    """Show the guide as one page for paper."""
    repository, integration = chosen(request), integration_of(request)
    if repository is None or integration.setup is None:
        return redirect("support:setup")
    way = Walkthrough(integration, repository, integration.setup)
    context = {
        "way": way,
        "integration": integration,
        "setup": integration.setup,
        **_addresses(),
    }
    return render(request, "tickets/support/printed.html", context)


@never_cache
@require_GET
@require(VIEW)
def changes(request: TenantRequest, pk: int) -> HttpResponse:
    """Say what changed in the guide since the page was made, if anything did."""
    repository, setup = found(request, pk), integration_of(request).setup
    if setup is None or setup.id != request.GET.get("setup", ""):
        # The page shows another guide by now.
        return HttpResponse(headers={"HX-Refresh": "true"})
    way = Walkthrough(integration_of(request), repository, setup)
    if way.stamp == request.GET.get("stamp"):
        return HttpResponse(status=204)
    context = {"way": way, "integration": way.integration}
    return render(request, "tickets/support/_changes.html", context)


@require_POST
@require(MANAGE)
def tick(request: TenantRequest, pk: int, step: str) -> HttpResponse:
    """Mark a step as done, or take that back."""
    repository = found(request, pk)
    wanted = _step(request, step)
    if "undo" not in request.POST:
        with transaction.atomic():
            steps.complete(repository, wanted, actor=request.user)
        return redirect(_address(repository, wanted))
    with transaction.atomic():
        is_undone = steps.reopen(
            repository, wanted, seen=_moment(request), actor=request.user
        )
    if not is_undone:
        message = _("Nothing was changed: somebody else changed this step meanwhile.")
        messages.warning(request, message)
    return redirect(_address(repository, wanted))


@require_POST
@require(MANAGE)
def tick_checked(request: TenantRequest, pk: int) -> HttpResponse:
    """Mark every step as done whose live checks are all OK."""
    repository, integration = found(request, pk), integration_of(request)
    if integration.setup is None:
        return redirect("support:decision")
    wanted = Walkthrough(integration, repository, integration.setup).checked
    with transaction.atomic():
        for step in wanted:
            steps.complete(repository, step, actor=request.user)
    count = len(wanted)
    message = ngettext(
        "%(count)s step is marked as done.",
        "%(count)s steps are marked as done.",
        count,
    )
    messages.success(request, message % {"count": count})
    return redirect(_address(repository))


def _moment(request: TenantRequest) -> Any:
    try:
        return parse_datetime(request.POST.get("undo", ""))
    except ValueError:
        return None


@require_POST
@require(MANAGE)
def annotate(request: TenantRequest, pk: int, step: str) -> HttpResponse:
    """Store the note of a step."""
    repository = found(request, pk)
    wanted = _step(request, step)
    form = NoteForm(request.POST, auto_id=f"id_{wanted.id}_%s")
    if form.is_valid():
        with transaction.atomic():
            is_stored = steps.annotate(
                repository,
                wanted,
                note=form.cleaned_data["note"],
                seen=form.cleaned_data["seen"],
                actor=request.user,
            )
        if is_stored:
            return redirect(_address(repository, wanted))
        form = _overtaken(repository, wanted, form)
    return _page(request, repository, status=422, typed=(wanted.id, form))


def _overtaken(repository: Repository, step: Step, form: NoteForm) -> NoteForm:
    """Return the form as typed, with the note that was written meanwhile."""
    row = repository.steps.model.objects.get(repository=repository, step_id=step.id)
    typed = {"note": form.cleaned_data["note"], "seen": row.note}
    again = NoteForm(typed, auto_id=form.auto_id)
    words = {"who": row.note_by_name, "note": row.note}
    again.add_error(
        "note",
        _("%(who)s changed it meanwhile to “%(note)s”. Save again to replace that.")
        % words,
    )
    return again


@require_POST
@require(MANAGE)
def check(request: TenantRequest, pk: int) -> HttpResponse:
    """Have one step's checks made, or all of the guide."""
    repository = found(request, pk)
    setup = integration_of(request).setup
    if setup is None:
        return redirect("support:decision")
    name = request.POST.get("step", "")
    step = _step(request, name) if name else None
    wanted = step.checks if step else guide_for(setup).checks
    with transaction.atomic():
        # Two clicks at once must not both try the password.
        request.tenant.lock()
        asked = verdicts.request(repository, wanted, actor=request.user)
        if asked:
            tasks.check.delay_on_commit(repository.pk, asked)
    if step:
        return redirect(_address(repository, step))
    return redirect("support:repository", repository.pk)


def _step(request: TenantRequest, step_id: str) -> Step:
    setup = integration_of(request).setup
    step = guide_for(setup).step(step_id) if setup else None
    if step is None:
        raise Http404
    return step


def _address(repository: Repository, step: Step | None = None) -> str:
    mark = f"#step-{step.id}" if step else ""
    return f"{reverse('support:setup')}?repository={repository.pk}{mark}"
