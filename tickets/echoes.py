"""Notes of our own that come back with a poll, known by the marker they carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from tickets.models import Delivery, TicketEvent
from tickets.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickets.journals import Entry
    from tickets.models import Ticket

_NAME = "Security center portal"
_MARK = re.compile(rf"\[.+ · {_NAME} · (?P<marker>[0-9a-f-]{{36}})\]\s*$")
Status = Delivery.Status


def marked(text: str, *, author: str, marker: UUID) -> str:
    """Return the note as it is sent: with its author, as all come from one user."""
    return f"{text}\n\n[{author} · {_NAME} · {marker}]"


def without_own(ticket: Ticket, entries: Iterable[Entry]) -> list[Entry]:
    """Leave out the entries the portal wrote itself; those still open have arrived."""
    entries = list(entries)
    markers = {_marker(entry) for entry in entries} - {None}
    if not markers:
        return entries
    ours = Delivery.objects.filter(ticket=ticket, marker__in=markers)
    for delivery in ours.exclude(status__in=[Status.DELIVERED, Status.SENDING]):
        _arrived(delivery)
    known = set(ours.values_list("marker", flat=True))
    return [entry for entry in entries if _marker(entry) not in known]


def _marker(entry: Entry) -> UUID | None:
    match = _MARK.search(entry.text)
    return UUID(match["marker"]) if match else None


def _arrived(delivery: Delivery) -> None:
    work = Work(delivery)
    if work.close():
        facts = {"operation": delivery.operation}
        work.log(TicketEvent.Action.AMENDED, "", facts)
