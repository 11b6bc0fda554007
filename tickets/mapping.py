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
from tickets.models import Category, Kind, Priority, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from connector.servicenow.records import Record
    from tickets.models import Ticket

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

# The columns that carry what people edit, and of several the one that is compared.
_COLUMNS = {
    "name": ("short_description",),
    "priority": ("priority", "impact", "urgency"),
    "due_date": ("due_date",),
}
COLUMN_OF = {name: columns[0] for name, columns in _COLUMNS.items()}

# ServiceNow's limits are 160 and 4,000; the rest of the description is our frame.
NAME_LIMIT = 160
DESCRIPTION_LIMIT = 2800

# ServiceNow's five steps, read as three.
_PRIORITIES = {
    "1": Priority.HIGH,
    "2": Priority.HIGH,
    "3": Priority.MEDIUM,
    "4": Priority.LOW,
    "5": Priority.LOW,
}
# ServiceNow's five steps as it calls them, for histories.
PRIORITY_NAMES = {
    "1": "1 - Critical",
    "2": "2 - High",
    "3": "3 - Moderate",
    "4": "4 - Low",
    "5": "5 - Planning",
}
_PRIORITY_CODES = {Priority.HIGH: "2", Priority.MEDIUM: "3", Priority.LOW: "4"}
# An incident's priority is looked up from impact and urgency by the instance:
#   impact \ urgency   1   2   3
#   1                  1   2   3
#   2                  2   3   4
#   3                  3   4   5
# and a priority that is sent is overwritten, so only these two are sent.
_IMPACT = {Priority.HIGH: "2", Priority.MEDIUM: "2", Priority.LOW: "3"}
_URGENCY = {Priority.HIGH: "1", Priority.MEDIUM: "2", Priority.LOW: "2"}

# What is sent is English whatever language the sender reads.
_SOURCES = {
    Source.MICROSOFT: "Microsoft recommendation",
    Source.USER: "User recommendation",
}

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


def payload(ticket: Ticket) -> dict[str, str]:
    """Return exactly what is sent to create the ticket's record."""
    values = {
        "short_description": wire_name(ticket),
        "description": description(ticket),
        **_weight(ticket),
        "correlation_id": str(ticket.correlation_id),
        "correlation_display": CORRELATION_DISPLAY,
    }
    if ticket.kind == Kind.CHANGE_REQUEST:
        values["category"] = settings.SERVICENOW_CHANGE_CATEGORY
        values["justification"] = f"{TEMPLATE}: {source_words(ticket)}"
    if ticket.due_date:
        values["due_date"] = wire_due_date(ticket.due_date)
    return values


def update_payload(ticket: Ticket, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is sent to give these fields of the ticket new values.

    `values` has keys of `COLUMN_OF`; an emptied field is sent as "".
    """
    changed = copy(ticket)
    for name, value in values.items():
        setattr(changed, name, value)
    whole = {"due_date": "", **payload(changed)}
    wanted = [column for name in values for column in _COLUMNS[name]]
    return {column: whole[column] for column in wanted if column in whole}


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


def _weight(ticket: Ticket) -> dict[str, str]:
    priority = Priority(ticket.priority)
    if ticket.kind == Kind.INCIDENT:
        return {"impact": _IMPACT[priority], "urgency": _URGENCY[priority]}
    return {"priority": _PRIORITY_CODES[priority], "impact": _IMPACT[priority]}


def wire_due_date(day: date) -> str:
    """Return the day's end of work as ServiceNow stores it: UTC, no zone."""
    local = timezone.make_aware(datetime.combine(day, _END_OF_WORK))
    return local.astimezone(UTC).strftime(WIRE_FORMAT)


def priority_code(priority: str) -> str:
    """Return the code ServiceNow is expected to show for our priority."""
    return _PRIORITY_CODES[Priority(priority)]


def priority_of(code: str) -> str:
    """Return our priority for ServiceNow's code; unknown ones count as low."""
    return _PRIORITIES.get(code, Priority.LOW)


def shown_values(ticket: Ticket, record: Record) -> dict[str, str]:
    """Return what the record says of the fields people edit, as text for comparison."""
    values = values_of(record)
    name = values.name and portal_name(ticket, values.name)
    shown = {"name": name, "priority": values.priority}
    if values.knows_due_date:
        shown["due_date"] = str(values.due_date or "")
    return {name: value for name, value in shown.items() if value is not None}


def values_of(record: Record) -> Values:
    """Return what the record says in the portal's terms."""
    due = record.datetime("due_date")
    return Values(
        name=_text(record, "short_description", NAME_LIMIT),
        state=_text(record, "state", 40),
        priority=_text(record, "priority", 10),
        due_date=timezone.localdate(due) if due else None,
        knows_due_date=record.has("due_date"),
        assigned_to=record.display("assigned_to")[:200]
        if record.has("assigned_to")
        else None,
    )


def _text(record: Record, field: str, limit: int) -> str | None:
    return record.value(field)[:limit] if record.value(field) else None
