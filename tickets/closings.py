"""When tickets that are done became so, as their own histories tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets.builtin_states import BUILT_IN
from tickets.choices import StateCategory
from tickets.models import TicketEvent, TicketState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connector.models import Tenant
    from tickets.models import Ticket

    # connection, kind, state's code.
    _State = tuple[int, str, str]

_CHUNK = 500


def closed_at(tenant: Tenant, tickets: Iterable[Ticket]) -> dict[int, datetime]:
    """Return by ticket since when it is done without a break; of tickets that are done.

    One that was first seen when it was done already is left out.
    """
    states = TicketState.objects.for_tenant(tenant)
    named = states.values_list("connection_id", "kind", "value", "category")
    known = {(one, kind, value): category for one, kind, value, category in named}
    found: dict[int, datetime] = {}
    tickets = list(tickets)
    for start in range(0, len(tickets), _CHUNK):
        found |= _of_chunk(tickets[start : start + _CHUNK], known)
    return found


def _of_chunk(tickets: list[Ticket], known: dict[_State, str]) -> dict[int, datetime]:
    places = {ticket.pk: (ticket.connection_id, ticket.kind) for ticket in tickets}
    changes = TicketEvent.objects.filter(
        ticket__in=places, action=TicketEvent.Action.CHANGED, field="state"
    )
    rows = changes.order_by("-at", "-pk").values_list("ticket_id", "old", "new", "at")
    found: dict[int, datetime] = {}
    settled: set[int] = set()
    for pk, old, new, at in rows:
        if pk in settled:
            continue
        if _is_done(places[pk], new, known):
            found[pk] = at
        if not (_is_done(places[pk], old, known) and _is_done(places[pk], new, known)):
            settled.add(pk)
    return found


def _is_done(place: tuple[int, str], code: str, known: dict[_State, str]) -> bool:
    category = known.get((*place, code))
    if category is None:
        usual = BUILT_IN[place[1]].get(code)
        category = usual.category if usual else ""
    return category == StateCategory.DONE
