"""The states an instance really uses: those it comes with, and those that turn up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets.builtin_states import BUILT_IN, category_of, colour_of
from tickets.choices import Colour
from tickets.models import TicketState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.models import Connection
    from connector.servicenow.records import Record

# After those that are known, in the order they turned up.
UNKNOWN_SEQUENCE = 1000
# What people decided about a state.
_OWN = ["label", "category", "colour", "position"]


def add_defaults(connection: Connection) -> None:
    """Add the states of an unchanged instance; what is known stays as it is."""
    rows = [
        new_state(connection, kind, value, known.label, sequence)
        for kind, usual in BUILT_IN.items()
        for sequence, (value, known) in enumerate(usual.items())
    ]
    TicketState.objects.bulk_create(rows, ignore_conflicts=True)


def see(connection: Connection, seen: Iterable[tuple[str, Record]]) -> None:
    """Note what states records of some kinds are in, and what they are called there.

    A new one gets a row for good, and waits until somebody maps it.
    """
    labels = {
        (kind, record.value("state")[:40]): record.display("state")
        for kind, record in seen
        if record.value("state")
    }
    states = TicketState.objects.filter(
        connection=connection, value__in={value for _kind, value in labels}
    ).order_by()
    known = {(state.kind, state.value): state for state in states}
    new = [
        new_state(connection, *key, label or key[1])
        for key, label in labels.items()
        if key not in known
    ]
    if new:
        TicketState.objects.bulk_create(new, ignore_conflicts=True)
    called = [known[key] for key, label in labels.items() if key in known]
    changed = [s for s in called if relabel(s, labels[s.kind, s.value])]
    TicketState.objects.bulk_update(changed, ["default_label", "category"])


def relabel(state: TicketState, label: str) -> bool:
    """Take ServiceNow's name of a state over; return whether it is another one.

    A usual code under a name that speaks of something else is mapped anew by people,
    unless they gave it a name already.
    """
    # Without a name for it, the instance shows the code.
    if label in {"", state.value} or label[:100] == state.default_label:
        return False
    usual = category_of(state.kind, state.value, state.default_label)
    state.default_label = label[:100]
    if state.category == usual and not state.label:
        state.category = category_of(state.kind, state.value, label)
    return True


def carry_over(source: Connection, target: Connection, kind: str) -> None:
    """Take the states of a kind and what was decided about them to another connection.

    What was decided there stays.
    """
    known = {state.value: state for state in TicketState.objects.of(target, kind)}
    for state in TicketState.objects.of(source, kind):
        there = known.get(state.value)
        if there is None:
            _copy(state, target)
        elif not _is_decided(there):
            for name in _OWN:
                setattr(there, name, getattr(state, name))
            there.save(update_fields=_OWN)


def _is_decided(state: TicketState) -> bool:
    usual = category_of(state.kind, state.value, state.default_label)
    is_own = bool(state.label) or state.position is not None
    is_coloured = state.colour not in {Colour.NEUTRAL.value, colour_of(usual)}
    return is_own or is_coloured or state.category != usual


def _copy(state: TicketState, target: Connection) -> None:
    state.pk, state.connection = None, target
    state._state.adding = True
    TicketState.objects.bulk_create([state], ignore_conflicts=True)


def names(rows: Iterable[TicketState]) -> Mapping[str, str]:
    """Return value → name of the given states."""
    return {state.value: str(state) for state in rows}


def new_state(
    connection: Connection,
    kind: str,
    value: str,
    label: str,
    sequence: int = UNKNOWN_SEQUENCE,
) -> TicketState:
    """Return a state nobody decided anything about, not yet stored."""
    category = category_of(kind, value, label)
    return TicketState(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind,
        value=value[:40],
        default_label=label[:100],
        category=category,
        colour=colour_of(category),
        sequence=sequence,
    )
