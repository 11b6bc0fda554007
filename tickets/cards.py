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
from connector.servicenow.query import Query
from tickets.mapping import CORRELATION_DISPLAY
from tickets.models import Kind, SyncCursor, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.models import User

    from connector.models import Connection, Tenant
    from tickets.queries import TicketQuerySet

ROWS = 10


@dataclass(frozen=True)
class Freshness:
    """When ServiceNow was last asked, and what kept it from answering since."""

    synced_at: datetime | None
    is_stale: bool
    problem: str
    words: str


@dataclass(frozen=True)
class RemoteList:
    """One instance's own list of our tickets."""

    connection: Connection
    url: str


@dataclass(frozen=True)
class TicketCard:
    """One card: the newest tickets of one kind and where to go on."""

    kind: str
    title: str
    tickets: list[Ticket]
    freshness: Freshness
    # One per instance, the default's first.
    remote_lists: list[RemoteList]
    # Addresses; "" where the person may not go.
    create_url: str
    configuration_url: str
    list_url: str
    states_url: str

    @property
    def remote_url(self) -> str:
        return self.remote_lists[0].url

    @property
    def has_several(self) -> bool:
        """Whether a row must say which instance it is of."""
        return len(self.remote_lists) > 1


def ticket_cards(
    tenant: Tenant, connections: Sequence[Connection], user: User
) -> list[TicketCard]:
    """Return both cards of an organisation's connections, or none without any."""
    mine = [connection for connection in connections if connection.is_settled]
    if not mine:
        return []
    state = freshness(mine)
    tickets = Ticket.objects.for_tenant(tenant).followed().for_list()
    newest = tickets.order_by("-created_at", "-pk")
    return [_card(mine, newest.of_kind(kind), Kind(kind), user, state) for kind in Kind]


def _card(
    connections: Sequence[Connection],
    newest: TicketQuerySet,
    kind: Kind,
    user: User,
    state: Freshness,
) -> TicketCard:
    create_url = reverse("tickets:new", query={"kind": kind.value})
    may_share = user.has_perm("tickets.share_ticket")
    may_rename = user.has_perm("tickets.rename_ticketstate")
    may_configure = may_rename or user.has_perm("connector.view_connection")
    return TicketCard(
        kind=kind.value,
        title=_title(kind),
        tickets=list(newest[:ROWS]),
        freshness=state,
        create_url=create_url if may_share else "",
        remote_lists=[RemoteList(c, remote_list_url(c, kind)) for c in connections],
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


def freshness(connections: Sequence[Connection]) -> Freshness:
    """Return how fresh what the portal shows of these connections is.

    Of several, the one that was asked longest ago and the first problem count.
    """
    ids = [connection.pk for connection in connections]
    cursors = {
        cursor.connection_id: cursor
        for cursor in SyncCursor.objects.filter(connection__in=ids)
    }
    pairs = [(one, cursors[one.pk]) for one in connections if one.pk in cursors]
    asked = [cursor.polled_at for _one, cursor in pairs if cursor.polled_at]
    troubled = [pair for pair in pairs if _problem(*pair)]
    return Freshness(
        synced_at=min(asked, default=None),
        is_stale=any(one.is_connected and _is_late(cursor) for one, cursor in pairs),
        problem=_said(*troubled[0], of_several=len(ids) > 1) if troubled else "",
        words=troubled[0][1].error_words if troubled else "",
    )


def _said(connection: Connection, cursor: SyncCursor, *, of_several: bool) -> str:
    problem = _problem(connection, cursor)
    if not of_several:
        return problem
    return _("%(name)s: %(problem)s") % {"name": connection, "problem": problem}


def _problem(connection: Connection, cursor: SyncCursor) -> str:
    # What broke the connection stands above every page, and history has none.
    is_told = connection.status == connection.Status.BROKEN or connection.is_removed
    if not cursor.error_code or is_told:
        return ""
    explanation = messages.explain(cursor.error_code)
    return f"{explanation.title}. {explanation.repair}"


def _is_late(cursor: SyncCursor) -> bool:
    patience = timedelta(seconds=2 * cursor.interval)
    polled_at = cursor.polled_at
    return polled_at is not None and timezone.now() - polled_at > patience
