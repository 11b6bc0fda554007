"""The two ticket cards of the home page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from connector import messages
from connector.models import Connection
from connector.servicenow.query import Query
from tickets.mapping import CORRELATION_DISPLAY
from tickets.models import Kind, SyncCursor, Ticket

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connector.models import Tenant

ROWS = 10


@dataclass(frozen=True)
class Freshness:
    """When ServiceNow was last asked, and what kept it from answering since."""

    synced_at: datetime | None
    is_stale: bool
    problem: str
    words: str


@dataclass(frozen=True)
class TicketCard:
    """One card: the newest tickets of one kind and where to go on."""

    kind: str
    title: str
    tickets: list[Ticket]
    freshness: Freshness
    # Addresses; "" where the person may not go.
    create_url: str
    remote_url: str
    configuration_url: str
    list_url: str
    states_url: str


def ticket_cards(tenant: Tenant, user: User) -> list[TicketCard]:
    """Return both cards, or none without a connection."""
    connection = Connection.objects.current(tenant)
    if connection is None:
        return []
    state = freshness(connection)
    return [_card(connection, Kind(kind), user, state) for kind in Kind]


def _card(
    connection: Connection, kind: Kind, user: User, state: Freshness
) -> TicketCard:
    tickets = Ticket.objects.for_tenant(connection.tenant).of_kind(kind).for_list()
    create_url = reverse("tickets:new", query={"kind": kind.value})
    may_share = user.has_perm("tickets.share_ticket")
    may_rename = user.has_perm("tickets.rename_ticketstate")
    may_configure = may_rename or user.has_perm("connector.view_connection")
    return TicketCard(
        kind=kind.value,
        title=_title(kind),
        tickets=list(tickets.order_by("-created_at", "-pk")[:ROWS]),
        freshness=state,
        create_url=create_url if may_share else "",
        remote_url=remote_list_url(connection, kind),
        configuration_url=reverse("connector:configuration") if may_configure else "",
        list_url=reverse("tickets:list", query={"kind": kind.value}),
        states_url=reverse("tickets:states") if may_rename else "",
    )


def _title(kind: Kind) -> str:
    if kind == Kind.INCIDENT:
        return _("ServiceNow incident management tickets")
    return _("ServiceNow change management tickets")


def remote_list_url(connection: Connection, kind: str) -> str:
    """Return the address of the instance's own list of our tickets."""
    query = Query().equals("correlation_display", CORRELATION_DISPLAY)
    page = f"{kind}_list.do?sysparm_query={quote(str(query), safe='')}"
    return f"{connection.base_url}/nav_to.do?uri={quote(page, safe='')}"


def freshness(connection: Connection) -> Freshness:
    """Return how fresh what the portal shows of this connection is."""
    cursor = SyncCursor.objects.filter(connection=connection).first()
    if cursor is None:
        return Freshness(None, is_stale=False, problem="", words="")
    return Freshness(
        synced_at=cursor.polled_at,
        is_stale=connection.is_connected and _is_late(cursor),
        problem=_problem(connection, cursor),
        words=cursor.error_words,
    )


def _problem(connection: Connection, cursor: SyncCursor) -> str:
    # What broke the connection stands above every page.
    if not cursor.error_code or connection.status == connection.Status.BROKEN:
        return ""
    explanation = messages.explain(cursor.error_code)
    return f"{explanation.title}. {explanation.repair}"


def _is_late(cursor: SyncCursor) -> bool:
    patience = timedelta(seconds=2 * cursor.interval)
    polled_at = cursor.polled_at
    return polled_at is not None and timezone.now() - polled_at > patience
