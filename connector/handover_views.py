"""The hand-over link: made by a Security Administrator, opened by somebody without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector import addresses, connections, handover, wizard
from connector.access import require
from connector.choosing import address, chosen, chosen_or_404, is_new
from connector.handover_forms import CredentialsForm, HandOverForm
from connector.models import Connection

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connector.access import TenantRequest
    from connector.models import HandOver

MANAGE = "connector.manage_connection"


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def handover_new(request: TenantRequest) -> HttpResponse:
    """Settle instance and user, and make the link; show the one there is."""
    connection = None if is_new(request) else chosen(request)
    if connection and connection.authorized_at:
        messages.info(
            request,
            _("This connection was authorized already; there is nothing to hand over."),
        )
        return redirect("connector:configuration")
    form = HandOverForm(
        request.POST or None, tenant=request.tenant, connection=connection
    )
    if request.method == "POST" and form.is_valid():
        connection = _make(request, connection, form.cleaned_data)
        return redirect(address("connector:handover_new", connection))
    link = handover.current(connection)
    context = {
        "form": form,
        "connection": connection,
        "link": link,
        "address": handover.address(link) if link and link.is_open else "",
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "connector/handover_new.html", context, status=status)


def _make(
    request: TenantRequest, connection: Connection | None, values: dict[str, Any]
) -> Connection:
    with transaction.atomic():
        connection = wizard.configure(
            request.tenant,
            actor=request.user,
            connection=connection,
            base_url=values["instance"],
            details=_details(request, connection, values),
        )
        handover.create(connection, actor=request.user, days=values["days"])
    return connection


def _details(
    request: TenantRequest, connection: Connection | None, values: dict[str, Any]
) -> connections.Details:
    """Return what was settled; what the page does not ask for stays as it was saved."""
    base_url = values["instance"]
    mine = Connection.objects.of_servicenow(request.tenant)
    there = mine.filter(base_url=base_url).first()
    kept = there or connection
    return connections.Details(
        integration_user=values["integration_user"],
        auth_type=values["auth_type"],
        client_id=there.client_id if there else "",
        name=kept.name if kept else "",
        is_test=kept.is_test if kept else False,
    )


@require_POST
@require(MANAGE)
def handover_revoke(request: TenantRequest) -> HttpResponse:
    """Make the link useless at once."""
    connection = chosen_or_404(request)
    if handover.revoke(connection, actor=request.user):
        messages.success(request, _("The link no longer works."))
    else:
        messages.info(request, _("There was no open link."))
    return redirect(address("connector:handover_new", connection))


@never_cache
@require_http_methods(["GET", "POST"])
@login_not_required
def handover_open(request: HttpRequest, token: str) -> HttpResponse:
    """Show the values to copy, and take client ID and secret once."""
    try:
        link = handover.find(token)
        form = CredentialsForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            handover.use(link, **form.cleaned_data)
            return redirect("connector:handover_done")
    except handover.LinkError as error:
        return _page(
            request, "connector/handover_over.html", status=410, code=error.code
        )
    handover.note_opened(link)
    status = 422 if request.POST and form.errors else 200
    return _page(
        request, "connector/handover.html", status=status, form=form, **_values(link)
    )


def _values(link: HandOver) -> dict[str, Any]:
    connection = link.connection
    return {
        "link": link,
        "connection": connection,
        "redirect_uri": addresses.redirect_uri(),
        "wants_credentials": connection.auth_type
        == Connection.AuthType.CLIENT_CREDENTIALS,
    }


@never_cache
@require_GET
@login_not_required
def handover_done(request: HttpRequest) -> HttpResponse:
    """Say that the values arrived."""
    return _page(request, "connector/handover_over.html", status=200, code="done")


def _page(
    request: HttpRequest, template: str, *, status: int, **context: Any
) -> HttpResponse:
    response = render(request, template, context, status=status)
    # The address is the key: it goes into no log and no search engine. (Without any
    # referrer a browser would not say either which site a form comes from.)
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
