"""Pages of the connection: set-up, status, configuration, provisioning, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import addresses, audit, authorization, connections, runs, tasks
from connector.access import require
from connector.choosing import chosen, chosen_or_404
from connector.forms import ConnectionForm, RemovalForm
from connector.models import ProbeRun
from connector.panels import Panel
from connector.probes import probe_of
from connector.probes.findings import read
from connector.servicenow import backend

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from connector.models import Connection

MANAGE = "connector.manage_connection"
VIEW = "connector.view_connection"
# Where a check was asked for, and where its answer is shown.
_PAGES_WITH_CHECK = {"configuration", "provisioning"}


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def setup(request: TenantRequest) -> HttpResponse:
    """Explain the way to a connection, take the details and go on to authorize."""
    connection = chosen(request)
    typed = request.POST or request.unsent
    form = ConnectionForm(typed, connection=connection)
    if request.method == "POST" and form.is_valid():
        return _authorize(request, _configure(request, form))
    context = {
        "form": form,
        "panel": Panel(connection),
        "connection": connection,
        "redirect_uri": addresses.redirect_uri(),
        "is_open": form.errors or connection is None or not connection.authorized_at,
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "connector/setup.html", context, status=status)


def _configure(request: TenantRequest, form: ConnectionForm) -> Connection:
    values = dict(form.cleaned_data)
    with transaction.atomic():
        return connections.configure(
            request.tenant,
            actor=request.user,
            base_url=values.pop("instance"),
            details=connections.Details(**values),
        )


def _authorize(request: TenantRequest, connection: Connection) -> HttpResponse:
    if connection.needs_consent:
        return backend.begin(request, connection)
    with transaction.atomic():
        authorization.begin(connection, actor=request.user)
        tasks.authorize.delay_on_commit(connection.pk)
    return redirect("connector:setup")


@never_cache
@require_GET
@require(VIEW)
def setup_status(request: TenantRequest) -> HttpResponse:
    """Show how far an authorization or a check has come."""
    panel = Panel(chosen(request))
    return render(request, "connector/_status.html", {"panel": panel})


@never_cache
@require_POST
@require(MANAGE)
def authorize(request: TenantRequest) -> HttpResponse:
    """Ask ServiceNow for permission again: by a person, or with the stored secret."""
    return _authorize(request, chosen_or_404(request))


@require_GET
@require(VIEW, "tickets.rename_ticketstate")
def configuration(request: TenantRequest) -> HttpResponse:
    """Show what is connected and what can be done about it."""
    connection = chosen(request)
    context = {"panel": Panel(connection), "connection": connection}
    return render(request, "connector/configuration.html", context)


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
    address = reverse(f"connector:{page}")
    if not connection.is_default:
        address += f"?{urlencode({'connection': connection.pk})}"
    return redirect(f"{address}#{only}" if only else address)


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
            connections.remove(connection, actor=request.user)
            tasks.revoke.delay_on_commit(connection.pk)
        message = _("The connection to %(host)s was removed.")
        messages.success(request, message % {"host": connection.host})
        return redirect("portal:home")
    context = {"form": form, "connection": connection}
    status = 422 if form.errors else 200
    return render(request, "connector/remove.html", context, status=status)
