"""What is sent to one instance for one kind of ticket: the usual, or as it was mapped."""

from __future__ import annotations

import hashlib
import json
import re
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from connector import audit
from connector.servicenow.query import Query, UnsafeValue
from tickets.instance_models import InstanceProfile
from tickets.models import Kind, Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.contrib.auth.models import User

    from connector.models import Connection
    from tickets.models import Ticket

COLUMN = re.compile(r"[a-z][a-z0-9_]*")
# The portal's own keys, what the instance keeps for itself, and states, which are
# followed and never set.
_PROTECTED = frozenset(
    {"correlation_id", "correlation_display", "number", "state", "incident_state"}
)
# What an input of its own fills.
_OWN_INPUT = frozenset(
    {"assignment_group", "type", "chg_model", "std_change_producer_version"}
)
STANDARD = "standard"
CHANGE_TYPES = ("normal", STANDARD, "emergency")

# Portal field → table column of an instance nobody customised; "" is not sent.
USUAL: dict[str, dict[str, str]] = {
    Kind.CHANGE_REQUEST: {
        "name": "short_description",
        "description": "description",
        "priority": "priority",
        "impact": "impact",
        "urgency": "",
        "justification": "justification",
        "due_date": "due_date",
        "source": "",
        "category": "",
        "sender": "",
        "portal_link": "",
        "action_link": "",
    },
    Kind.INCIDENT: {
        "name": "short_description",
        "description": "description",
        # The instance looks it up from impact and urgency, and overwrites what is sent.
        "priority": "",
        "impact": "impact",
        "urgency": "urgency",
        "due_date": "due_date",
        "source": "",
        "category": "",
        "sender": "",
        "portal_link": "",
        "action_link": "",
    },
}
WEIGHTS = ("priority", "impact", "urgency")
# What comes back from ServiceNow into the portal, where its column can be read.
FOLLOWED = ("name", "due_date", "priority")
# What a ticket may have none of.
OPTIONAL = ("due_date", "action_link")
# What the instance fills in by itself, mandatory or not.
_FILLED_THERE = frozenset(
    {"number", "state", "incident_state", "opened_at", "opened_by", "sys_class_name"}
)
# What every ticket is found by.
_KEYS = frozenset({"correlation_id", "correlation_display"})

# An incident's priority is looked up from impact and urgency by the instance:
#   impact \ urgency   1   2   3
#   1                  1   2   3
#   2                  2   3   4
#   3                  3   4   5
# so that these come out as the codes of the first column.
USUAL_WEIGHTS: dict[str, dict[str, str]] = {
    Priority.HIGH: {"priority": "2", "impact": "2", "urgency": "1"},
    Priority.MEDIUM: {"priority": "3", "impact": "2", "urgency": "2"},
    Priority.LOW: {"priority": "4", "impact": "3", "urgency": "2"},
}
# ServiceNow's five steps, read as three.
USUAL_PRIORITIES: dict[str, str] = {
    "1": Priority.HIGH,
    "2": Priority.HIGH,
    "3": Priority.MEDIUM,
    "4": Priority.LOW,
    "5": Priority.LOW,
}


# What the audit trail keeps of one value.
_LINE = 200
# The columns of a row that hold what was entered.
REFERENCES = ("group", "change_model", "template")
_TABLES = ("columns", "defaults", "weights_out", "priorities_in", *REFERENCES)
_TEXTS = ("category", "change_type", "close_code", "close_notes")


@dataclass(frozen=True)
class Profile:
    """What is in force: complete, and free of columns that may not be written."""

    kind: str
    columns: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    # Column → value of what has an input of its own, such as the assignment group.
    constants: Mapping[str, str] = field(default_factory=dict)
    weights_out: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: USUAL_WEIGHTS
    )
    priorities_in: Mapping[str, str] = field(default_factory=lambda: USUAL_PRIORITIES)
    due_is_day: bool = False
    close_code: str = ""
    close_notes: str = ""

    @property
    def priority_column(self) -> str:
        """The column the priority comes back in, "" if none of ours decides it."""
        if self.columns["priority"]:
            return self.columns["priority"]
        decides = self.columns["impact"] == "impact" or (
            self.columns["urgency"] == "urgency"
        )
        return "priority" if decides else ""

    def read_from(self, portal_field: str) -> str:
        """Return the column a followed field comes back in, "" if in none."""
        if portal_field == "priority":
            return self.priority_column
        # Of the state no other column is followed.
        return self.columns.get(portal_field, portal_field)

    def priority_of(self, code: str) -> str:
        """Return our priority for ServiceNow's code; unknown ones count as low."""
        return self.priorities_in.get(code, Priority.LOW)

    def priority_code(self, priority: str) -> str:
        """Return the code ServiceNow is expected to show for our priority."""
        codes = self.weights_out[priority]
        if self.columns["priority"] or self.weights_out == USUAL_WEIGHTS:
            return codes["priority"]
        return _looked_up(codes["impact"], codes["urgency"]) or codes["priority"]


def filled(profile: Profile) -> frozenset[str]:
    """Return the columns that have a value in every new record, whoever fills them."""
    sent = {c for name, c in profile.columns.items() if c and name not in OPTIONAL}
    constants = profile.defaults.keys() | profile.constants.keys()
    return _FILLED_THERE | _KEYS | sent | constants


def _looked_up(impact: str, urgency: str) -> str:
    if not (impact.isdecimal() and urgency.isdecimal()):
        return ""
    return str(min(max(int(impact) + int(urgency) - 1, 1), 5))


def usual(kind: str) -> Profile:
    """Return what is sent to an instance nobody customised."""
    return Profile(kind, USUAL[kind], constants=_category(kind, ""))


def of(ticket: Ticket) -> Profile:
    """Return what is in force for the ticket."""
    if ticket.connection_id is None:
        return usual(ticket.kind)
    return of_kind(ticket.connection_id, ticket.kind)


def of_kind(connection_pk: int, kind: str) -> Profile:
    """Return what is in force for one kind of ticket of a connection."""
    rows = InstanceProfile.objects.filter(connection=connection_pk, kind=kind)
    # Not `first`: of one row at most, sorting is only work.
    row = next(iter(rows), None)
    return in_force(row) if row else usual(kind)


def of_connection(connection: Connection) -> dict[str, Profile]:
    """Return what is in force for each kind of ticket of a connection."""
    rows = InstanceProfile.objects.filter(connection=connection)
    mapped = {row.kind: in_force(row) for row in rows}
    return {kind: mapped.get(kind) or usual(kind) for kind in Kind.values}


def stored(connection: Connection, kind: str) -> InstanceProfile:
    """Return the row of a kind, not saved if there is none yet."""
    row = InstanceProfile.objects.filter(connection=connection, kind=kind).first()
    row = row or InstanceProfile(connection=connection, kind=kind)
    row.connection = connection
    return row


def ensured(connection: Connection, kind: str) -> InstanceProfile:
    """Return the row of a kind, which is made if there is none yet."""
    row, _made = InstanceProfile.objects.get_or_create(connection=connection, kind=kind)
    row.connection = connection
    return row


def locked(connection: Connection, kind: str) -> InstanceProfile:
    """Return the row of a kind, nobody else's to change until the transaction ends."""
    known = ensured(connection, kind)
    row = InstanceProfile.objects.select_for_update().get(pk=known.pk)
    row.connection = connection
    return row


def mark_of(row: InstanceProfile) -> str:
    """Return what changes with everything that was entered, and with nothing else."""
    text = json.dumps(_described(row), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def in_force(row: InstanceProfile) -> Profile:
    """Return what a row means, completed by the usual."""
    kind = row.kind
    columns = {
        name: _writable(row.columns.get(name, column))
        for name, column in USUAL[kind].items()
    }
    return Profile(
        kind,
        columns,
        {c: value for c, value in row.defaults.items() if value and _writable(c)},
        _constants(row),
        {
            priority: {**codes, **row.weights_out.get(priority, {})}
            for priority, codes in USUAL_WEIGHTS.items()
        },
        {**USUAL_PRIORITIES, **row.priorities_in},
        row.due_is_day,
        row.close_code,
        row.close_notes,
    )


def _constants(row: InstanceProfile) -> dict[str, str]:
    values = _category(row.kind, row.category)
    values["assignment_group"] = row.group.get("sys_id", "")
    if row.kind == Kind.CHANGE_REQUEST:
        values["type"] = row.change_type
        values["chg_model"] = row.change_model.get("sys_id", "")
        if row.change_type == STANDARD:
            template = row.template.get("sys_id", "")
            values["std_change_producer_version"] = template
    return {column: value for column, value in values.items() if value}


def _category(kind: str, category: str) -> dict[str, str]:
    if kind != Kind.CHANGE_REQUEST:
        return {}
    return {"category": category or settings.SERVICENOW_CHANGE_CATEGORY}


def _writable(column: Any) -> str:
    """Return the column, or "" if nothing may be mapped to it."""
    is_fine = isinstance(column, str) and COLUMN.fullmatch(column)
    return column if is_fine and not is_protected(column) else ""


def is_protected(column: str) -> bool:
    """Say whether the column is ServiceNow's own or the portal's, never mapped."""
    return column.startswith("sys_") or column in _PROTECTED


def has_own_input(column: str, kind: str) -> bool:
    """Say whether the column is filled by an input of its own for this kind."""
    if kind == Kind.CHANGE_REQUEST:
        return column in _OWN_INPUT
    return column == "assignment_group"


def is_searchable(name: str) -> bool:
    """Say whether the instance can be asked for a row of this name."""
    try:
        Query().equals("name", name)
    except UnsafeValue:
        return False
    return True


def save(row: InstanceProfile, values: Mapping[str, Any], *, actor: User) -> bool:
    """Put what was entered in force; return whether anything differs from before.

    Called inside a transaction. A name that is new waits to be looked up.
    """
    before = _described(row)
    for name, value in values.items():
        setattr(row, name, value)
    after = _described(row)
    # Only these: a worker may be writing down what a check brought.
    row.save(update_fields=list(values))
    if before == after:
        return False
    audit.record(
        "mapping.changed",
        tenant=row.connection.tenant,
        actor=actor,
        target=row.connection,
        kind=row.kind,
        old=_only(before, than=after),
        new=_only(after, than=before),
    )
    return True


def carry_over(source: Connection, target: Connection) -> None:
    """Take what was mapped for one connection to another; what was mapped there stays."""
    own = list(nothing_special())
    for row in InstanceProfile.objects.filter(connection=source):
        there = ensured(target, row.kind)
        if is_customised(row) and not is_customised(there):
            for name in own:
                setattr(there, name, getattr(row, name))
            there.save(update_fields=own)


def tried(row: InstanceProfile, values: Mapping[str, Any]) -> InstanceProfile:
    """Return the row as it would be with these values; nothing is saved."""
    trial = copy(row)
    for name, value in values.items():
        setattr(trial, name, value)
    return trial


def reset(row: InstanceProfile, *, actor: User) -> bool:
    """Send as usual again; return whether anything differs from before."""
    return save(row, nothing_special(), actor=actor)


def nothing_special() -> dict[str, Any]:
    """Return the values of a row that changes nothing."""
    empty: dict[str, Any] = {name: {} for name in _TABLES}
    return {**empty, **dict.fromkeys(_TEXTS, ""), "due_is_day": False}


def is_customised(row: InstanceProfile) -> bool:
    """Say whether anything is sent or read otherwise than usual."""
    return bool(_described(row))


def _described(row: InstanceProfile) -> dict[str, str]:
    """Return what differs from the usual, flat, for the audit trail."""
    found = {f"{name} column": column for name, column in row.columns.items()}
    found |= {f"default {column}": value for column, value in row.defaults.items()}
    for priority, codes in row.weights_out.items():
        found |= {f"{priority} {name}": code for name, code in codes.items()}
    found |= {f"priority {code}": mine for code, mine in row.priorities_in.items()}
    for name in REFERENCES:
        if typed := getattr(row, name).get("name"):
            found[name.replace("_", " ")] = typed
    for name in _TEXTS:
        if text := getattr(row, name):
            found[name.replace("_", " ")] = text
    return found


def _only(some: Mapping[str, str], *, than: Mapping[str, str]) -> list[str]:
    """Return what differs there, as lines; what is sent as usual is left out."""
    return [
        f"{name}: {value or '-'}"[:_LINE]
        for name, value in some.items()
        if than.get(name) != value
    ]


def differing(
    values: Mapping[str, Any], usual_values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return only what is not as usual."""
    return {k: value for k, value in values.items() if usual_values.get(k) != value}


def columns_read(connection_pk: int) -> Iterable[str]:
    """Return the columns the connection's mapped fields come back in."""
    rows = InstanceProfile.objects.filter(connection=connection_pk)
    found = {in_force(row).read_from(name): None for row in rows for name in FOLLOWED}
    return [column for column in found if column]
