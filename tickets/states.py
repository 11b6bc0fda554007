"""The states an instance really uses, and what they are called here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import audit, tokens
from connector.exceptions import Refused
from connector.servicenow.query import Query
from tickets.models import Kind, TicketState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.contrib.auth.models import User

    from connector.models import Connection
    from connector.servicenow.records import Record

# The states of an instance nobody changed; the fallback where it may not be asked.
DEFAULTS: dict[str, dict[str, str]] = {
    Kind.CHANGE_REQUEST: {
        "-5": "New",
        "-4": "Assess",
        "-3": "Authorize",
        "-2": "Scheduled",
        "-1": "Implement",
        "0": "Review",
        "3": "Closed",
        "4": "Canceled",
    },
    Kind.INCIDENT: {
        "1": "New",
        "2": "In Progress",
        "3": "On Hold",
        "6": "Resolved",
        "7": "Closed",
        "8": "Canceled",
    },
}
_CHOICE_FIELDS = ("name", "element", "value", "label", "sequence", "inactive")
# After the defaults, in the order they turned up.
_UNKNOWN_SEQUENCE = 1000


def add_defaults(connection: Connection) -> None:
    """Add the states of an unchanged instance; what is known stays as it is."""
    rows = [
        _state(connection, kind, value, label, sequence)
        for kind, labels in DEFAULTS.items()
        for sequence, (value, label) in enumerate(labels.items())
    ]
    TicketState.objects.bulk_create(rows, ignore_conflicts=True)


def see(connection: Connection, seen: Iterable[tuple[str, Record]]) -> None:
    """Note what states records of some kinds are in; a new one gets a row for good."""
    labels = {
        (kind, record.value("state")): record.display("state")
        for kind, record in seen
        if record.value("state")
    }
    states = TicketState.objects.filter(
        connection=connection, value__in={value[:40] for _kind, value in labels}
    )
    known = set(states.values_list("kind", "value"))
    rows = [
        _state(connection, kind, value, label or value, _UNKNOWN_SEQUENCE)
        for (kind, value), label in labels.items()
        if (kind, value[:40]) not in known
    ]
    if rows:
        TicketState.objects.bulk_create(rows, ignore_conflicts=True)


def import_from(connection: Connection) -> None:
    """Fetch the instance's own list of states; many users may not read it."""
    add_defaults(connection)
    client = tokens.servicenow(connection)
    query = (
        Query()
        .is_in("name", Kind.values)
        .equals("element", "state")
        .equals("inactive", False)
        .order_by("sequence")
    )
    try:
        page = client.list("sys_choice", query, fields=_CHOICE_FIELDS)
    except Refused:
        # Only administrators may filter sys_choice; polls bring the labels instead.
        return
    for record in page.records:
        _take_over(connection, record)


def _take_over(connection: Connection, choice: Record) -> None:
    kind, value = choice.value("name"), choice.value("value")
    label = choice.value("label") or choice.display("value")
    if choice.value("element") != "state" or kind not in Kind.values or not value:
        return
    TicketState.objects.update_or_create(
        connection=connection,
        kind=kind,
        value=value[:40],
        defaults={"default_label": label[:100], "sequence": _number(choice)},
        create_defaults={
            "tenant": connection.tenant,
            "default_label": label[:100],
            "sequence": _number(choice),
        },
    )


def carry_over(source: Connection, target: Connection) -> None:
    """Take the states and our own names of them to another connection.

    A name that was given there stays.
    """
    known = {
        (state.kind, state.value): state for state in TicketState.objects.of(target)
    }
    for state in TicketState.objects.of(source):
        there = known.get((state.kind, state.value))
        if there is None:
            _copy(state, target)
        elif state.label and not there.label:
            there.label = state.label
            there.save(update_fields=["label"])


def _copy(state: TicketState, target: Connection) -> None:
    state.pk, state.connection = None, target
    state._state.adding = True
    TicketState.objects.bulk_create([state], ignore_conflicts=True)


def _number(choice: Record) -> int:
    text = choice.value("sequence")
    return int(text) if text.lstrip("-").isdigit() else _UNKNOWN_SEQUENCE


def rename(state: TicketState, label: str, *, actor: User) -> None:
    """Call the state `label` from now on, everywhere in the portal."""
    before = str(state)
    state.label = "" if label == state.default_label else label
    state.save(update_fields=["label"])
    audit.record(
        "ticketstate.renamed",
        tenant=state.tenant,
        actor=actor,
        target=f"{state.kind} {state.value}",
        old=before,
        new=str(state),
    )


def reset(state: TicketState, *, actor: User) -> None:
    """Call the state again as ServiceNow does."""
    before = str(state)
    state.label = ""
    state.save(update_fields=["label"])
    audit.record(
        "ticketstate.reset",
        tenant=state.tenant,
        actor=actor,
        target=f"{state.kind} {state.value}",
        old=before,
        new=str(state),
    )


def names(rows: Iterable[TicketState]) -> Mapping[str, str]:
    """Return value → name of the given states."""
    return {state.value: str(state) for state in rows}


def _state(
    connection: Connection, kind: str, value: str, label: str, sequence: int
) -> TicketState:
    return TicketState(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind,
        value=value[:40],
        default_label=label[:100],
        sequence=sequence,
    )
