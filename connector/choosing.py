"""Which of an organisation's connections a page is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.urls import reverse

from connector.models import Connection

if TYPE_CHECKING:
    from connector.access import TenantRequest

PARAMETER = "connection"
# What the set-up page is given for a connection that is to be made.
NEW = "new"


def key_in(text: str) -> int | None:
    """Return the key an address or form carries, None for what cannot be one."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def is_new(request: TenantRequest) -> bool:
    """Say whether the address asks for one more connection."""
    return NEW in {request.POST.get(PARAMETER), request.GET.get(PARAMETER)}


def address(url_name: str, connection: Connection, **more: str) -> str:
    """Return the address of a page about this connection."""
    return reverse(url_name, query={PARAMETER: str(connection.pk), **more})


def chosen(request: TenantRequest) -> Connection | None:
    """Return the connection the form or address names, else the default, or None.

    Raises `Http404` for one that is not the organisation's.
    """
    wanted = request.POST.get(PARAMETER) or request.GET.get(PARAMETER)
    if not wanted:
        return Connection.objects.current(request.tenant)
    mine = Connection.objects.of_servicenow(request.tenant)
    connection: Connection | None = mine.filter(pk=key_in(wanted)).first()
    if connection is None:
        raise Http404
    connection.tenant = request.tenant
    return connection


def chosen_or_404(request: TenantRequest) -> Connection:
    """Return the connection the page is about; raises `Http404` without one."""
    connection = chosen(request)
    if connection is None:
        raise Http404
    return connection
