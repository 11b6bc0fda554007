"""Pages of the connection: set-up, status, configuration, provisioning, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import (
    audit,
    authorization,
    connections,
    handover,
    tasks,
    wizard,
)
from connector.access import require
from connector.choosing import chosen, chosen_or_404
from connector.forms import ConnectionForm, RemovalForm
from connector.panels import Panel
from connector.servicenow import backend

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from connector.models import Connection

MANAGE = "connector.manage_connection"
VIEW = "connector.view_connection"
# Where a check was asked for, and where its answer is shown.
_PAGES_WITH_CHECK = {"configuration", "provisioning", "setup"}


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def setup(request: TenantRequest) -> HttpResponse:
    """Explain the way to a connection, take the details and go on to authorize."""
    connection = chosen(request)
    typed = request.POST or request.unsent
    form = ConnectionForm(typed, connection=connection)
    if request.method == "POST" and form.is_valid():
        return _go_on(request, _configure(request, form))
    step = "enter" if form.is_bound else request.GET.get("step", "")
    context = {
        "form": form,
        "wizard": wizard.Wizard(request.tenant, connection, step),
        "panel": Panel.of(request, connection),
        "connection": connection,
        "redirect_uri": backend.redirect_uri(),
        "link": handover.current(connection),
        "is_open": form.errors or connection is None or not connection.authorized_at,
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "connector/setup.html", context, status=status)


def _configure(request: TenantRequest, form: ConnectionForm) -> Connection:
    values = dict(form.cleaned_data)
    with transaction.atomic():
        connection = connections.configure(
            request.tenant,
            actor=request.user,
            base_url=values.pop("instance"),
            details=connections.Details(**values),
        )
        wizard.attach(request.tenant, connection)
    return connection


def _go_on(request: TenantRequest, connection: Connection) -> HttpResponse:
    """Authorize what was entered, unless it was to be saved for later."""
    if request.POST.get("intent") != "save":
        return _authorize(request, connection)
    messages.success(request, _("Saved. Nothing was sent to ServiceNow yet."))
    return redirect(wizard.address(connection))


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
    panel = Panel.of(request, chosen(request))
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
    context = {"panel": Panel.of(request, connection), "connection": connection}
    return render(request, "connector/configuration.html", context)


@require_POST
@require(MANAGE)
def check(request: TenantRequest) -> HttpResponse:
    """Have the connection examined now."""
    connection = chosen_or_404(request)
    audit.record(
        "connection.check_requested",
        tenant=request.tenant,
        actor=request.user,
        target=connection.host,
    )
    page = request.POST.get("page", "")
    return _with_check(
        page if page in _PAGES_WITH_CHECK else "configuration", connection
    )


def _with_check(page: str, connection: Connection) -> HttpResponse:
    since = timezone.now()
    tasks.check.delay_on_commit(connection.pk)
    query = urlencode({"since": since.isoformat()})
    return redirect(f"{reverse(f'connector:{page}')}?{query}")


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
    messages.success(
        request,
        _(
            "Saved. The ticket cards are on the home page; the settings are checked now."
        ),
    )
    return _with_check("provisioning", connection)


def _provisioning_page(
    request: TenantRequest, *, is_refused: bool = False
) -> HttpResponse:
    connection = chosen(request)
    context = {
        "panel": Panel.of(request, connection),
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
