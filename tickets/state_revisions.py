"""Changing the states of a kind: all at once, kept, and taken back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from connector import audit
from connector.models import Connection
from tickets import state_settings, states
from tickets.choices import Kind
from tickets.models import StateRevision, TicketState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

    from tickets.state_settings import Settings

Source = StateRevision.Source
_ACTIONS = {
    Source.EDIT: "ticketstate.changed",
    Source.JSON: "ticketstate.changed",
    Source.UNDO: "ticketstate.undone",
}


class StaleRevision(Exception):
    """Somebody else changed the states since they were looked at."""


def latest(connection: Connection, kind: str) -> int:
    """Return the key of the newest change of a kind's states, 0 without any."""
    newest = StateRevision.objects.of(connection, kind).values_list("pk", flat=True)
    return newest.first() or 0


def base(connection: Connection, kind: str, pk: int) -> Settings:
    """Return how the states stood after the change with this key, {} if unknown.

    0 stands for the time before any change.
    """
    changes = StateRevision.objects.of(connection, kind)
    if pk:
        known = changes.filter(pk=pk).first()
        return state_settings.from_rows(known.after) if known else {}
    oldest = changes.last()
    return state_settings.from_rows(oldest.before) if oldest else {}


def lock(connection: Connection) -> None:
    """Let nobody else change the states until the transaction ends."""
    Connection.objects.select_for_update().only("pk").get(pk=connection.pk)


def save(
    connection: Connection,
    kind: str,
    settings: Settings,
    *,
    seen: int,
    actor: User,
    source: str = Source.EDIT,
) -> StateRevision | None:
    """Take the settings over; states they leave out stay. None if nothing changed.

    Raises `StaleRevision` if `seen` is not the newest change any more.
    """
    with transaction.atomic():
        lock(connection)
        if latest(connection, kind) != seen:
            raise StaleRevision
        rows = list(TicketState.objects.of(connection, kind))
        before = state_settings.settings_of(rows)
        _write(rows, settings)
        if before == state_settings.settings_of(rows):
            return None
        audit.record(
            _ACTIONS[Source(source)],
            tenant=connection.tenant,
            actor=actor,
            target=connection.host,
            kind=kind,
            source=source,
            changes=in_words(before, rows),
        )
        return keep(connection, kind, before, rows, actor=actor, source=source)


def undo(revision: StateRevision, *, seen: int, actor: User) -> StateRevision | None:
    """Show the states again as before a change, and before all that came after it.

    None if they are shown so already. Raises `StaleRevision` as `save` does.
    """
    return save(
        revision.connection,
        revision.kind,
        state_settings.from_rows(revision.before),
        seen=seen,
        actor=actor,
        source=Source.UNDO,
    )


def carry_over(source: Connection, target: Connection, *, actor: User | None) -> None:
    """Take the states and what was decided about them to another connection.

    What was decided there stays, and the change can be undone there.
    """
    with transaction.atomic():
        lock(target)
        for kind in Kind.values:
            before = state_settings.settings_of(TicketState.objects.of(target, kind))
            states.carry_over(source, target, kind)
            rows = list(TicketState.objects.of(target, kind))
            if before != state_settings.settings_of(rows):
                keep(target, kind, before, rows, actor=actor, source=Source.EDIT)


def _write(rows: Sequence[TicketState], settings: Settings) -> None:
    for state in rows:
        for name in state_settings.FIELDS if state.value in settings else ():
            setattr(state, name, getattr(settings[state.value], name))
    TicketState.objects.bulk_update(rows, state_settings.FIELDS)


def keep(
    connection: Connection,
    kind: str,
    before: Settings,
    states: Sequence[TicketState],
    *,
    actor: User | None,
    source: str,
) -> StateRevision:
    """Write down how the states stood and stand, so that it can be undone."""
    after = state_settings.settings_of(states)
    return StateRevision.objects.create(
        connection=connection,
        kind=kind,
        actor=actor,
        actor_name=actor.get_username() if actor else "",
        source=source,
        before=state_settings.as_rows(before),
        after=state_settings.as_rows(after),
    )


def in_words(before: Settings, states: Sequence[TicketState]) -> list[str]:
    """Return what changed for the audit trail, in ServiceNow's names and codes."""
    after = state_settings.settings_of(states)
    names = {state.value: state.default_label for state in states}
    new = [f"{names[value]} ({value}): new" for value in after if value not in before]
    return new + [
        f"{names[one.value]} ({one.value}): {one.field} {_fact(one.old)} → {_fact(one.new)}"
        for one in state_settings.differences(before, after)
    ]


def _fact(value: object) -> str:
    return "-" if value in {"", None} else str(value)
