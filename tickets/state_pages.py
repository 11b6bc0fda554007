"""What the page of the ticket states shows: a table, an inbox and a history per kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connector import messages
from tickets import state_files, state_settings, state_texts
from tickets.choices import Kind
from tickets.models import StateImport, StateRevision, Ticket, TicketState
from tickets.state_forms import FileForm, InboxForm, StatesForm, field_name, ordered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.forms import BoundField

    from connector.models import Connection
    from tickets.state_settings import Settings
    from tickets.state_texts import Badge

# So many changes are listed, the newest first.
HISTORY = 20
# For so long a worker is waited for before the page says that none answers.
_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Row:
    """One state: how it is shown, its part of the form, its tickets."""

    state: TicketState
    badge: Badge
    tickets: int
    label: BoundField
    colour: BoundField
    category: BoundField
    position: BoundField

    @property
    def fields(self) -> tuple[BoundField, ...]:
        return (self.label, self.colour, self.category)


@dataclass(frozen=True)
class Waiting:
    """A new state in the inbox, with the field that maps it."""

    state: TicketState
    tickets: int
    category: BoundField


@dataclass(frozen=True)
class Entry:
    """One change of the history."""

    pk: int
    at: datetime
    actor: str
    source: str
    lines: list[str]
    # Whether going back to before it would change anything.
    can_undo: bool


@dataclass(frozen=True)
class Clash:
    """What somebody else changed while a form lay open."""

    actor: str
    at: datetime
    lines: list[str]


@dataclass(frozen=True)
class Given:
    """What a kind's part of the page shows instead of what is saved."""

    form: StatesForm | None = None
    file_form: FileForm | None = None
    clash: Clash | None = None


@dataclass(frozen=True)
class Group:
    """All about the states of one kind."""

    kind: Kind
    form: StatesForm
    rows: list[Row]
    inbox: list[Waiting]
    history: list[Entry]
    revision: int
    file_form: FileForm
    clash: Clash | None = None
    most_kilobytes: int = field(default=state_files.MOST_BYTES // 1024)

    @property
    def newest(self) -> Entry | None:
        """The last change that can be undone; an import may have changed nothing."""
        return next((entry for entry in self.history if entry.can_undo), None)


@dataclass(frozen=True)
class ImportStatus:
    """How the last import went, or that one runs."""

    row: StateImport

    @property
    def is_pending(self) -> bool:
        return self._is_running and timezone.now() - self._asked_at < _PATIENCE

    @property
    def is_late(self) -> bool:
        return self._is_running and not self.is_pending

    @property
    def error(self) -> messages.Explanation | None:
        """What kept the instance from answering."""
        code = self.row.error_code
        return messages.explain(code) if code and not self._is_running else None

    @property
    def error_text(self) -> str:
        return f"{self.error.title}. {self.error.repair}" if self.error else ""

    @property
    def _asked_at(self) -> datetime:
        return self.row.requested_at or self.row.finished_at or timezone.now()

    @property
    def _is_running(self) -> bool:
        row = self.row
        if row.requested_at is None:
            return False
        return row.finished_at is None or row.finished_at < row.requested_at


def import_status(connection: Connection) -> ImportStatus | None:
    """Return how the last import of an instance went, None before the first."""
    row = StateImport.objects.filter(connection=connection).first()
    return ImportStatus(row) if row else None


def groups(connection: Connection, *given: Group) -> list[Group]:
    """Return what the page shows of each kind; a group that is given is taken."""
    taken = {group.kind: group for group in given}
    states = list(TicketState.objects.of(connection))
    counts = ticket_counts(connection)
    return [
        taken.get(kind)
        or group(
            connection,
            kind,
            [state for state in states if state.kind == kind],
            counts[kind],
            Given(),
        )
        for kind in Kind
    ]


def ticket_counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Return how many tickets are in which state, by kind and code."""
    counts: dict[str, dict[str, int]] = {kind: {} for kind in Kind.values}
    tickets = Ticket.objects.filter(connection=connection).exclude(remote_state="")
    for kind, value, number in tickets.per_state():
        counts[kind][value] = number
    return counts


def group(
    connection: Connection,
    kind: Kind,
    states: Sequence[TicketState],
    counts: Mapping[str, int],
    given: Given,
) -> Group:
    """Return all about one kind; a bound form shows what was typed."""
    revisions = list(StateRevision.objects.of(connection, kind)[:HISTORY])
    newest = revisions[0].pk if revisions else 0
    form = given.form or StatesForm(states=states)
    if not form.is_bound:
        form.fields["revision"].initial = newest
    new = [state for state in states if state.is_new]
    inbox = InboxForm(states=new)
    return Group(
        kind=kind,
        form=form,
        rows=[_row(form, state, counts) for state in ordered(form)],
        inbox=[
            Waiting(s, counts.get(s.value, 0), inbox[field_name("category", s)])
            for s in new
        ],
        history=_history(revisions, states),
        revision=newest,
        file_form=given.file_form or FileForm(kind=kind),
        clash=given.clash,
    )


def _row(form: StatesForm, state: TicketState, counts: Mapping[str, int]) -> Row:
    bound = {name: form[field_name(name, state)] for name in state_settings.FIELDS}
    return Row(
        state=state,
        badge=state_texts.badge(state, state_settings.setting_of(state)),
        tickets=counts.get(state.value, 0),
        **bound,
    )


def _history(
    revisions: Sequence[StateRevision], states: Sequence[TicketState]
) -> list[Entry]:
    names = {state.value: state.default_label for state in states}
    now = state_settings.settings_of(states)
    return [_entry(revision, names, now) for revision in revisions]


def _entry(revision: StateRevision, names: Mapping[str, str], now: Settings) -> Entry:
    before = state_settings.from_rows(revision.before)
    after = state_settings.from_rows(revision.after)
    return Entry(
        pk=revision.pk,
        at=revision.at,
        actor=revision.actor_name,
        source=str(StateRevision.Source(revision.source).label),
        lines=state_texts.history(before, after, names),
        can_undo=bool(state_settings.differences(now, before)),
    )


def clash(
    connection: Connection, kind: Kind, states: Sequence[TicketState], base: Settings
) -> Clash | None:
    """Return who changed the states last, and what since somebody saw `base`."""
    newest = StateRevision.objects.of(connection, kind).first()
    if newest is None:
        return None
    names = {state.value: state.default_label for state in states}
    now = state_settings.settings_of(states)
    lines = state_texts.history(base, now, names) if base else []
    return Clash(newest.actor_name, newest.at, lines)
