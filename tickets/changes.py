"""Bringing a ticket to what its record in ServiceNow says, and telling what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from tickets import echoes, journals, mapping
from tickets.models import TicketEvent

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from datetime import datetime

    from connector.models import Connection
    from connector.servicenow.records import Record
    from tickets.journals import Entry
    from tickets.models import Ticket
    from tickets.profiles import Profile

_APPLIED = [
    "name",
    "priority",
    "due_date",
    "number",
    "remote_state",
    "remote_priority",
    "remote_updated_at",
    "remote_mod_count",
    "assigned_to",
    "synced_at",
    "misses",
    "missing_since",
]


@dataclass(frozen=True)
class Change:
    """One field that differs, in ServiceNow's codes."""

    field: str
    old: str
    new: str


def is_older(ticket: Ticket, record: Record) -> bool:
    """Whether the record was read before what the ticket already shows."""
    seen = record.datetime("sys_updated_on")
    if seen is None or ticket.remote_updated_at is None:
        return False
    return (seen, mod_count(record)) < (
        ticket.remote_updated_at,
        ticket.remote_mod_count or 0,
    )


def is_same(ticket: Ticket, record: Record) -> bool:
    """Whether the record is the very version the ticket already shows."""
    seen = record.datetime("sys_updated_on")
    return (
        ticket.missing_since is None
        and ticket.misses == 0
        and seen is not None
        and seen == ticket.remote_updated_at
        and record.has("sys_mod_count")
        and mod_count(record) == ticket.remote_mod_count
    )


def mod_count(record: Record) -> int:
    """Return how often the record was written; 0 when that may not be read."""
    text = record.value("sys_mod_count")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def apply(
    ticket: Ticket,
    record: Record,
    *,
    connection: Connection,
    profile: Profile,
    ours: Container[str] = (),
) -> bool:
    """Take over what the record says; return whether the ticket's face changed.

    `profile` is what is in force for the ticket; changes of the fields in `ours` are
    told elsewhere. Harmless to repeat, and older versions are ignored. Called inside
    a transaction.
    """
    if is_older(ticket, record):
        return False
    was_missing = ticket.missing_since is not None
    found = _take_over(ticket, record, profile)
    found = [change for change in found if change.field not in ours]
    ticket.save(update_fields=_APPLIED)
    if was_missing:
        TicketEvent.objects.create(ticket=ticket, action=TicketEvent.Action.FOUND)
    return _tell(ticket, record, connection, found) or was_missing


def link(
    ticket: Ticket, record: Record, *, connection: Connection, profile: Profile
) -> bool:
    """Tie the ticket to its record; False if it is tied to one already.

    Called inside a transaction.
    """
    found = _take_over(ticket, record, profile)
    ticket.sys_id, ticket.delivered_at = record.sys_id, timezone.now()
    columns = [*_APPLIED, "sys_id", "delivered_at"]
    row = type(ticket).objects.filter(pk=ticket.pk, sys_id="")
    if row.update(**{name: getattr(ticket, name) for name in columns}) != 1:
        return False
    _tell(ticket, record, connection, found)
    return True


def _take_over(ticket: Ticket, record: Record, profile: Profile) -> list[Change]:
    found = list(_take_values(ticket, record, profile))
    _take_marks(ticket, record)
    return found


def _tell(
    ticket: Ticket, record: Record, connection: Connection, found: Sequence[Change]
) -> bool:
    """Write the history of what was taken over; return whether there was any."""
    events = [_changed(ticket, record, connection, change) for change in found]
    if events:
        TicketEvent.objects.bulk_create(events)
    commented = add_entries(ticket, journals.printed(record), record)
    return bool(events) or commented


def add_entries(
    ticket: Ticket, entries: Sequence[Entry], record: Record | None = None
) -> bool:
    """Add comments the timeline does not have yet; return whether there were any."""
    entries = echoes.without_own(ticket, entries)
    if not entries:
        return False
    keys = {entry.key for entry in entries}
    known = set(
        TicketEvent.objects.filter(ticket=ticket, key__in=keys).values_list(
            "key", flat=True
        )
    )
    written_at = record.datetime("sys_updated_on") if record else None
    fresh = [
        _commented(ticket, entry, written_at)
        for entry in entries
        if entry.key not in known
    ]
    TicketEvent.objects.bulk_create(fresh, ignore_conflicts=True)
    return bool(fresh)


def _take_values(ticket: Ticket, record: Record, profile: Profile) -> Iterable[Change]:
    values = mapping.values_of(record, profile)
    if values.state is not None:
        yield from _differ("state", ticket.remote_state, values.state)
        ticket.remote_state = values.state
    if values.priority is not None:
        before = ticket.remote_priority or profile.priority_code(ticket.priority)
        yield from _differ("priority", before, values.priority)
        ticket.remote_priority = values.priority
        ticket.priority = profile.priority_of(values.priority)
    if values.knows_due_date and values.due_date != ticket.due_date:
        yield Change("due_date", _day(ticket.due_date), _day(values.due_date))
        ticket.due_date = values.due_date
    name = mapping.portal_name(ticket, values.name or "")
    if name and name != ticket.name:
        yield Change("name", ticket.name, name)
        ticket.name = name
    if values.assigned_to is not None and values.assigned_to != ticket.assigned_to:
        yield Change("assigned_to", ticket.assigned_to, values.assigned_to)
        ticket.assigned_to = values.assigned_to


def _take_marks(ticket: Ticket, record: Record) -> None:
    ticket.number = record.value("number")[:40] or ticket.number
    ticket.remote_updated_at = (
        record.datetime("sys_updated_on") or ticket.remote_updated_at
    )
    ticket.remote_mod_count = mod_count(record)
    ticket.synced_at = timezone.now()
    ticket.misses, ticket.missing_since = 0, None


def _differ(field: str, old: str, new: str) -> Iterable[Change]:
    # Nothing before means: seen for the first time, which is not a change.
    if old and old != new:
        yield Change(field, old, new)


def _day(day: object) -> str:
    return str(day) if day else ""


def _changed(
    ticket: Ticket, record: Record, connection: Connection, change: Change
) -> TicketEvent:
    author = record.value("sys_updated_by")
    return TicketEvent(
        ticket=ticket,
        action=TicketEvent.Action.CHANGED,
        at=_moment(record.datetime("sys_updated_on")),
        actor_name=author[:200],
        field=change.field,
        old=change.old[:255],
        new=change.new[:255],
        facts={"ours": bool(author) and author == connection.remote_user_name},
    )


def _moment(at: datetime | None) -> datetime:
    """Return when it happened at the latest: ServiceNow cuts off parts of a second.

    So what followed within a second stands behind what it followed.
    """
    return at + timedelta(microseconds=999_999) if at else timezone.now()


def _commented(
    ticket: Ticket, entry: Entry, written_at: datetime | None
) -> TicketEvent:
    return TicketEvent(
        ticket=ticket,
        action=TicketEvent.Action.COMMENTED,
        at=_moment(entry.at or written_at),
        actor_name=entry.author[:200],
        field=entry.element,
        text=entry.text,
        key=entry.key,
    )
