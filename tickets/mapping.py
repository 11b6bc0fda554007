"""The one table between the portal's tickets and ServiceNow's fields, both ways."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from connector.servicenow.records import WIRE_FORMAT
from tickets import profiles
from tickets.models import Category, Kind, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from datetime import date

    from connector.models import Connection
    from connector.servicenow.records import Record
    from tickets.models import Ticket
    from tickets.profiles import Profile

# Marks every record of ours on the other side; one equality finds them all.
CORRELATION_DISPLAY = "Security center portal"
TEST_MARK = "[TEST] "
TEMPLATE = "Microsoft 365 Security and Configuration Change Request"

# What every read asks for: all of it exists on `task`, the parent of both tables.
FIELDS = (
    "sys_id",
    "sys_class_name",
    "number",
    "short_description",
    "state",
    "priority",
    "due_date",
    "assigned_to",
    "correlation_id",
    "sys_created_on",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
    "comments",
    "work_notes",
)

# What people edit → the portal fields that say it.
_EDITED = {"name": ("name",), "priority": profiles.WEIGHTS, "due_date": ("due_date",)}

# ServiceNow's limits are 160 and 4,000; the rest of the description is our frame.
NAME_LIMIT = 160
DESCRIPTION_LIMIT = 2800

# ServiceNow's five steps as it calls them, for histories.
PRIORITY_NAMES = {
    "1": "1 - Critical",
    "2": "2 - High",
    "3": "3 - Moderate",
    "4": "4 - Low",
    "5": "5 - Planning",
}
# What is sent is English whatever language the sender reads.
_SOURCES = {
    Source.MICROSOFT: "Microsoft recommendation",
    Source.USER: "User recommendation",
}

# What comes before the portal's own keys in a payload.
_HEAD = frozenset({"name", "description", "priority", "impact", "urgency"})

# A due date is a day here and a moment there: the end of the working day in the
# portal's time zone. What comes back is compared as a day in the same zone.
_END_OF_WORK = time(17, 0)


@dataclass(frozen=True)
class Values:
    """What a record says about a ticket; None where the field may not be read."""

    name: str | None
    state: str | None
    priority: str | None
    due_date: date | None
    knows_due_date: bool
    assigned_to: str | None


def wire_name(ticket: Ticket) -> str:
    """Return the name as ServiceNow shows it: tests are marked as such."""
    return f"{TEST_MARK}{ticket.name}"[:NAME_LIMIT] if ticket.is_test else ticket.name


def portal_name(ticket: Ticket, shown: str) -> str:
    """Return the ticket's name for what ServiceNow shows; the inverse of wire_name."""
    if shown.rstrip() == wire_name(ticket).rstrip():
        return ticket.name
    return shown.removeprefix(TEST_MARK) if ticket.is_test else shown


def payload(ticket: Ticket, profile: Profile | None = None) -> dict[str, str]:
    """Return exactly what is sent to create the ticket's record.

    A profile can be given to try it out; without, the one that is in force counts.
    """
    profile = profile or profiles.of(ticket)
    texts = said(ticket, profile)
    sent = {
        **_mapped(texts, profile, _HEAD),
        "correlation_id": str(ticket.correlation_id),
        "correlation_display": CORRELATION_DISPLAY,
        **profile.constants,
        **_mapped(texts, profile, texts.keys() - _HEAD),
    }
    return sent | {
        column: value
        for column, value in profile.defaults.items()
        if column not in sent
    }


def _mapped(
    texts: Mapping[str, str], profile: Profile, names: Set[str]
) -> dict[str, str]:
    return {
        profile.columns[name]: text
        for name, text in texts.items()
        if name in names and text and profile.columns[name]
    }


def said(ticket: Ticket, profile: Profile) -> dict[str, str]:
    """Return what the ticket says in each portal field, as it is sent."""
    texts = {
        "name": wire_name(ticket),
        "description": description(ticket),
        **profile.weights_out[ticket.priority],
        "justification": f"{TEMPLATE}: {source_words(ticket)}",
        "due_date": _due_date(ticket, profile),
        "source": _SOURCES[Source(ticket.source)],
        "category": ticket.category,
        "sender": ticket.created_by_name,
        "portal_link": portal_url(ticket),
        "action_link": action_url(ticket.control_id) if ticket.control_id else "",
    }
    return {name: text for name, text in texts.items() if name in profile.columns}


def _due_date(ticket: Ticket, profile: Profile) -> str:
    day = ticket.due_date
    if day is None:
        return ""
    return day.isoformat() if profile.due_is_day else wire_due_date(day)


def closing_values(profile: Profile) -> dict[str, str]:
    """Return what is sent beside the state when the portal closes a record."""
    values = {"close_code": profile.close_code, "close_notes": profile.close_notes}
    return {column: text for column, text in values.items() if text}


def editable(ticket: Ticket) -> list[str]:
    """Return what of the ticket can be changed: what is sent to the instance at all."""
    columns = profiles.of(ticket).columns
    return [
        name
        for name, fields in _EDITED.items()
        if any(columns.get(field) for field in fields)
    ]


def update_payload(ticket: Ticket, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is sent to give these fields of the ticket new values.

    `values` has keys of `editable()`; an emptied field is sent as "".
    """
    profile, changed = profiles.of(ticket), copy(ticket)
    for name, value in values.items():
        setattr(changed, name, value)
    texts = said(changed, profile)
    fields = [field for name in values for field in _EDITED[name]]
    return {
        profile.columns[field]: texts.get(field, "")
        for field in fields
        if profile.columns.get(field)
    }


def description(ticket: Ticket) -> str:
    """Return the description with the frame that says where it comes from."""
    head = TEMPLATE if ticket.kind == Kind.CHANGE_REQUEST else ""
    frame = [
        f"Recommendation source: {_SOURCES[Source(ticket.source)]}",
        f"Recommendation category: {ticket.category}",
        f"Sent by: {ticket.created_by_name}",
        f"Ticket in the security center: {portal_url(ticket)}",
    ]
    if ticket.control_id:
        frame.append(f"Improvement action: {action_url(ticket.control_id)}")
    parts = [head, ticket.description.strip(), "\n".join(frame)]
    return "\n\n".join(part for part in parts if part)


def source_words(ticket: Ticket) -> str:
    """Return source and category in one phrase."""
    category = Category(ticket.category).value
    return f"{_SOURCES[Source(ticket.source)]}, category {category}"


def portal_url(ticket: Ticket) -> str:
    """Return the ticket's address here; known before the ticket has a row."""
    path = reverse("tickets:reference", args=[ticket.correlation_id])
    return f"{settings.SITE_URL}{path}"


def action_url(control_id: str) -> str:
    """Return the address of the improvement action."""
    # By hand: this layer does not know the score pages, only where they are.
    return f"{settings.SITE_URL}/securescore/actions/{quote(control_id, safe='')}/"


def wire_due_date(day: date) -> str:
    """Return the day's end of work as ServiceNow stores it: UTC, no zone."""
    local = timezone.make_aware(datetime.combine(day, _END_OF_WORK))
    return local.astimezone(UTC).strftime(WIRE_FORMAT)


def priority_of(code: str) -> str:
    """Return what ServiceNow's code usually means; unknown ones count as low."""
    return profiles.usual(Kind.INCIDENT).priority_of(code)


def shown_values(ticket: Ticket, record: Record) -> dict[str, str]:
    """Return what the record says of what can be changed here, as text for comparison."""
    values = values_of(record, profiles.of(ticket))
    name = values.name and portal_name(ticket, values.name)
    shown = {"name": name, "priority": values.priority, "state": values.state}
    if values.knows_due_date:
        shown["due_date"] = str(values.due_date or "")
    return {name: value for name, value in shown.items() if value is not None}


def fields_read(connection: Connection) -> tuple[str, ...]:
    """Return what a read asks for: the usual, and columns that were mapped.

    `task` ignores columns that only its children have; those are not followed.
    """
    return tuple(dict.fromkeys([*FIELDS, *profiles.columns_read(connection.pk)]))


def values_of(record: Record, profile: Profile | None = None) -> Values:
    """Return what the record says in the portal's terms."""
    profile = profile or profiles.usual(Kind.INCIDENT)
    due = profile.read_from("due_date")
    return Values(
        name=_text(record, profile.read_from("name"), NAME_LIMIT),
        state=_text(record, "state", 40),
        priority=_text(record, profile.read_from("priority"), 10),
        due_date=_day(record, due),
        knows_due_date=record.has(due),
        assigned_to=record.display("assigned_to")[:200]
        if record.has("assigned_to")
        else None,
    )


def _text(record: Record, field: str, limit: int) -> str | None:
    return record.value(field)[:limit] if record.value(field) else None


def _day(record: Record, column: str) -> date | None:
    """Return the day a column names: a day is that day in every time zone."""
    moment = record.datetime(column)
    if moment is None:
        return None
    is_day = len(record.value(column)) == len("2026-01-31")
    return moment.date() if is_day else timezone.localdate(moment)
