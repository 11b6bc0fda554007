"""Pages of the connection: set-up, status, configuration, provisioning, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import (
    addresses,
    audit,
    authorization,
    connections,
    handover,
    hints,
    runs,
    tasks,
    wizard,
)
from connector.access import require
from connector.choosing import NEW, PARAMETER, address, chosen, chosen_or_404, is_new
from connector.forms import ConnectionForm, LabelForm, RemovalForm
from connector.models import Connection, ProbeRun
from connector.panels import Panel
from connector.probes import probe_of
from connector.probes.findings import read
from connector.servicenow import backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from connector.access import TenantRequest

MANAGE = "connector.manage_connection"
VIEW = "connector.view_connection"
# Where a check was asked for, and where its answer is shown.
_PAGES_WITH_CHECK = {"configuration", "provisioning", "setup"}


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def setup(request: TenantRequest) -> HttpResponse:
    """Explain the way to a connection, take the details and go on to authorize."""
    connection = None if is_new(request) else chosen(request)
    form = _setup_form(request, connection)
    if request.method == "POST" and form.is_valid():
        return _go_on(request, _configure(request, connection, form))
    step = "enter" if form.is_bound else request.GET.get("step", "")
    context = _status_context(request, connection) | {
        "form": form,
        "wizard": wizard.Wizard(request.tenant, connection, step),
        "link": handover.current(connection),
        "redirect_uri": addresses.redirect_uri(),
        "is_open": form.errors or connection is None or not connection.authorized_at,
        "target": connection.pk if connection else NEW,
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "connector/setup.html", context, status=status)


def _setup_form(
    request: TenantRequest, connection: Connection | None
) -> ConnectionForm:
    return ConnectionForm(
        request.POST or request.unsent,
        tenant=request.tenant,
        connection=connection,
        initial={"instance": request.GET["instance"]}
        if connection is None and "instance" in request.GET
        else None,
    )


def _status_context(
    request: TenantRequest, connection: Connection | None
) -> dict[str, Any]:
    """Return what _status.html shows."""
    return {
        "connection": connection,
        "panel": Panel(connection),
        "hints": _hints(request, connection),
        # What broke it, and its repair, stand above every page.
        "is_told": connection is not None
        and connection.status == Connection.Status.BROKEN,
    }


def _hints(
    request: TenantRequest, connection: Connection | None
) -> Sequence[hints.Hint]:
    """Return what there is to decide, to those who may."""
    return hints.of(connection) if request.user.has_perm(MANAGE) else []


def _configure(
    request: TenantRequest, connection: Connection | None, form: ConnectionForm
) -> Connection:
    values = dict(form.cleaned_data)
    return wizard.configure(
        request.tenant,
        actor=request.user,
        connection=connection,
        base_url=values.pop("instance"),
        details=connections.Details(**values),
    )


def _go_on(request: TenantRequest, connection: Connection) -> HttpResponse:
    """Authorize what was entered, unless it was to be saved for later."""
    if request.POST.get("intent") != "save":
        return begin_authorization(request, connection)
    messages.success(request, _("Saved. Nothing was sent to ServiceNow yet."))
    return redirect(wizard.address(connection))


def begin_authorization(
    request: TenantRequest, connection: Connection, back_to: str = ""
) -> HttpResponse:
    """Authorize the connection, by a person or in the background, and go to `back_to`."""
    if connection.needs_consent:
        return backend.begin(request, connection, back_to)
    with transaction.atomic():
        authorization.begin(connection, actor=request.user)
        tasks.authorize.delay_on_commit(connection.pk)
    return redirect(back_to or address("connector:setup", connection))


@never_cache
@require_GET
@require(VIEW)
def setup_status(request: TenantRequest) -> HttpResponse:
    """Show how far an authorization or a check has come."""
    connection = chosen(request)
    context = {
        "panel": Panel(connection),
        "hints": _hints(request, connection),
    }
    return render(request, "connector/_status.html", context)


@never_cache
@require_POST
@require(MANAGE)
def authorize(request: TenantRequest) -> HttpResponse:
    """Ask ServiceNow for permission again: by a person, or with the stored secret."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    connection = chosen_or_404(request)
    return begin_authorization(request, connection, wanted if is_ours else "")


@require_GET
@require(VIEW, "tickets.rename_ticketstate")
def configuration(request: TenantRequest) -> HttpResponse:
    """Show what is connected, one or all of several, and what can be done about it."""
    mine = list(Connection.objects.of_servicenow(request.tenant).for_show())
    if len(mine) > 1 and not request.GET.get(PARAMETER):
        cards = [(connection, _hints(request, connection)) for connection in mine]
        return render(request, "connector/connections.html", {"cards": cards})
    connection = chosen(request)
    return _configuration_page(request, connection, others=len(mine) - 1)


def _configuration_page(
    request: TenantRequest,
    connection: Connection | None,
    *,
    others: int,
    form: LabelForm | None = None,
) -> HttpResponse:
    label = (
        {"name": connection.name, "is_test": connection.is_test} if connection else {}
    )
    context = _status_context(request, connection) | {
        "form": form or LabelForm(initial=label),
        "has_others": others > 0,
        "query": f"?connection={connection.pk}" if connection else "",
    }
    status = 422 if form else 200
    return render(request, "connector/configuration.html", context, status=status)


@require_POST
@require(MANAGE)
def relabel(request: TenantRequest) -> HttpResponse:
    """Change a connection's name, and whether it is a test instance."""
    connection = chosen_or_404(request)
    form = LabelForm(request.POST)
    if not form.is_valid():
        others = Connection.objects.of_servicenow(request.tenant).count() - 1
        return _configuration_page(request, connection, others=others, form=form)
    with transaction.atomic():
        connections.relabel(connection, **form.cleaned_data, actor=request.user)
    messages.success(request, _("Saved."))
    return redirect(address("connector:configuration", connection))


@require_POST
@require(MANAGE)
def make_default(request: TenantRequest) -> HttpResponse:
    """Have new tickets go to this connection unless another one is chosen."""
    connection = chosen_or_404(request)
    words = {"name": str(connection)}
    if connection.is_settled:
        with transaction.atomic():
            connections.make_default(connection, actor=request.user)
        messages.success(request, _("%(name)s is the default now.") % words)
    else:
        message = _("Authorize %(name)s first; then it can be the default.")
        messages.warning(request, message % words)
    return redirect("connector:configuration")


@require_POST
@require(MANAGE)
def check(request: TenantRequest) -> HttpResponse:
    """Have everything about the connection examined now, or one question of it."""
    connection = chosen_or_404(request)
    only = request.POST.get("probe", "")
    probe = probe_of(only)
    if only and probe is None:
        raise Http404
    is_test = probe is not None and probe.on_request
    with transaction.atomic():
        audit.record(
            "connection.test_requested" if is_test else "connection.check_requested",
            tenant=request.tenant,
            actor=request.user,
            target=connection.host,
            **({"probe": only} if only else {}),
        )
        _examine(connection, request, only)
    page = request.POST.get("page", "")
    return _back_to(
        page if page in _PAGES_WITH_CHECK else "configuration", connection, only
    )


def _examine(connection: Connection, request: TenantRequest, only: str = "") -> None:
    run = runs.begin(connection, asked_by=request.user, only=only)
    tasks.examine.delay_on_commit(run.pk)


def _back_to(page: str, connection: Connection, only: str = "") -> HttpResponse:
    there = address(f"connector:{page}", connection)
    return redirect(f"{there}#{only}" if only else there)


@require_GET
@require(VIEW)
def check_run(request: TenantRequest, pk: int) -> HttpResponse:
    """Show what one round of questions found."""
    mine = ProbeRun.objects.for_tenant(request.tenant)
    run = get_object_or_404(mine.select_related("connection", "asked_by"), pk=pk)
    found = read(run.answers)
    context = {"run": run, "findings": found, "counts": runs.counts(found)}
    return render(request, "connector/check_run.html", context)


@require_http_methods(["GET", "POST"])
@require(VIEW)
def provisioning(request: TenantRequest) -> HttpResponse:
    """Show step by step what is in order, and take Save."""
    if request.method == "POST":
        response: HttpResponse = _save_provisioning(request)
        return response
    return _provisioning_page(request)


@require(MANAGE)
def _save_provisioning(request: TenantRequest) -> HttpResponse:
    connection = chosen(request)
    if connection is None or not Panel(connection).is_authorized:
        return _provisioning_page(request, is_refused=True)
    with transaction.atomic():
        connections.enable_cards(connection, actor=request.user)
        _examine(connection, request)
    messages.success(
        request,
        _(
            "Saved. The ticket cards are on the home page; the settings are checked now."
        ),
    )
    return _back_to("provisioning", connection)


def _provisioning_page(
    request: TenantRequest, *, is_refused: bool = False
) -> HttpResponse:
    connection = chosen(request)
    context = {
        "panel": Panel(connection),
        "connection": connection,
        "is_refused": is_refused,
    }
    status = 422 if is_refused else 200
    return render(request, "connector/provisioning.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def remove(request: TenantRequest) -> HttpResponse:
    """Name the consequences, and end the connection when its name was typed."""
    connection = chosen_or_404(request)
    form = RemovalForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            heir = connections.remove(connection, actor=request.user)
            tasks.revoke.delay_on_commit(connection.pk)
        message = _("The connection to %(host)s was removed.")
        messages.success(request, message % {"host": connection.host})
        if heir:
            message = _("%(name)s is the default now.")
            messages.info(request, message % {"name": heir})
        return redirect("portal:home")
    others = Connection.objects.of_servicenow(request.tenant).exclude(pk=connection.pk)
    context = {"form": form, "connection": connection, "has_others": others.exists()}
    status = 422 if form.errors else 200
    return render(request, "connector/remove.html", context, status=status)
