"""Fetching the states of one instance: from its list of choices, or its records."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connector import audit, connections, tokens
from connector.exceptions import ConnectorError, Misconfigured, Refused
from connector.servicenow.client import PAGE_SIZE
from connector.servicenow.query import Query
from tickets import state_revisions, state_settings, states
from tickets.models import Kind, StateImport, StateRevision, TicketState
from tickets.waking import wake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.contrib.auth.models import User

    from connector.models import Connection
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

logger = logging.getLogger(__name__)

_FIELDS = ("name", "element", "value", "label", "sequence", "inactive", "language")
# A table without choices of its own has those of its parent.
_PARENT = "task"
# Of an instance in many languages, ten thousand rows are enough.
_MOST_PAGES = 10
# Both tables keep the state as a whole number; a label there was misread.
_CODE = re.compile(r"-?\d{1,9}")


@dataclass(frozen=True)
class Listed:
    """A state as the instance lists it; `labels` are its names in all languages."""

    value: str
    label: str
    sequence: int = states.UNKNOWN_SEQUENCE
    is_active: bool = True
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The states of each kind, where they are from, and why not from the list."""

    via: str
    kinds: dict[str, list[Listed]]
    words: str = ""


def request(connection: Connection, *, actor: User) -> None:
    """Have the states fetched by a worker."""
    asked = {"requested_at": timezone.now(), "error_code": "", "error_words": ""}
    StateImport.objects.update_or_create(connection=connection, defaults=asked)
    wake("import_states", connection.pk, actor.pk)


def run(connection: Connection, *, actor: User | None = None) -> None:
    """Fetch the states and keep what came of it; harmless to repeat."""
    states.add_defaults(connection)
    try:
        found = _fetch(connection)
    except ConnectorError as error:
        logger.warning("states of connection %s: %s", connection.pk, error)
        connections.report_failure(connection, error)
        words = error.evidence.words
        _note(connection, via="", found=0, error_code=error.code, error_words=words)
        return
    with transaction.atomic():
        state_revisions.lock(connection)
        new = [
            state
            for kind, listed in found.kinds.items()
            for state in _take_over(connection, kind, listed, found.via, actor)
        ]
        _note(connection, via=found.via, found=len(new), error_words=found.words)
        if new or actor:
            _record(connection, actor, found.via, new)


def _note(connection: Connection, **facts: object) -> None:
    facts = {"error_code": "", "finished_at": timezone.now(), **facts}
    StateImport.objects.update_or_create(connection=connection, defaults=facts)


def _record(
    connection: Connection, actor: User | None, via: str, new: Sequence[TicketState]
) -> None:
    audit.record(
        "ticketstate.imported",
        tenant=connection.tenant,
        actor=actor,
        target=connection.host,
        via=via or "-",
        new=[f"{state.kind} {state.default_label} ({state.value})" for state in new],
    )


def _fetch(connection: Connection) -> Found:
    client = tokens.servicenow(connection)
    try:
        kinds = _from_choices(client)
    except Refused as error:
        # Only administrators may filter sys_choice, as a rule.
        words = error.evidence.words
    else:
        if kinds:
            return Found(StateImport.Via.CHOICES, kinds)
        words = ""
    try:
        return Found(StateImport.Via.RECORDS, _from_records(client), words)
    except (Refused, Misconfigured) as error:
        # Without the Aggregate API the tickets bring their states, one by one.
        logger.info("states of connection %s: %s", connection.pk, error)
        return Found("", {}, words or error.evidence.words)


def _from_choices(client: ServiceNow) -> dict[str, list[Listed]]:
    tables: dict[str, list[Record]] = {}
    for record in _choices(client):
        tables.setdefault(record.value("name"), []).append(record)
    own = {kind: tables.get(kind) or tables.get(_PARENT, []) for kind in Kind.values}
    return {kind: _listed(rows) for kind, rows in own.items() if rows}


def _choices(client: ServiceNow) -> Iterator[Record]:
    query = (
        Query()
        .is_in("name", [*Kind.values, _PARENT])
        .equals("element", "state")
        .order_by("sequence")
        .order_by("sys_id")
    )
    for number in range(_MOST_PAGES):
        offset = number * PAGE_SIZE
        page = client.list("sys_choice", query, fields=_FIELDS, offset=offset)
        # An instance that ignores a condition returns other rows as well.
        yield from (r for r in page.records if r.value("element") == "state")
        if (page.total or 0) <= offset + PAGE_SIZE:
            return


def _listed(rows: Sequence[Record]) -> list[Listed]:
    """Return one state per code: choices come per language and dependent value."""
    by_value: dict[str, list[Record]] = {}
    for row in rows:
        if row.value("value"):
            by_value.setdefault(row.value("value")[:40], []).append(row)
    return [_one(value, some) for value, some in by_value.items()]


def _one(value: str, rows: Sequence[Record]) -> Listed:
    active = [row for row in rows if row.value("inactive") != "true"]
    # English is there on every instance.
    first = min(active or rows, key=lambda row: row.value("language") not in {"", "en"})
    text = first.value("sequence")
    return Listed(
        value,
        first.value("label") or value,
        int(text) if _CODE.fullmatch(text) else states.UNKNOWN_SEQUENCE,
        is_active=bool(active),
        labels=frozenset(row.value("label")[:100] for row in rows),
    )


def _from_records(client: ServiceNow) -> dict[str, list[Listed]]:
    return {
        kind: [
            Listed(seen.value, seen.display)
            for seen in client.distinct(kind, "state")
            if _CODE.fullmatch(seen.value)
        ]
        for kind in Kind.values
    }


def _take_over(
    connection: Connection,
    kind: str,
    listed: Sequence[Listed],
    via: str,
    actor: User | None,
) -> list[TicketState]:
    """Bring the rows of a kind in line with what was listed; return the new ones."""
    known = {state.value: state for state in TicketState.objects.of(connection, kind)}
    before = state_settings.settings_of(known.values())
    fresh = [one for one in listed if one.value not in known and one.is_active]
    new = [
        states.new_state(connection, kind, one.value, one.label, one.sequence)
        for one in fresh
    ]
    is_complete = via == StateImport.Via.CHOICES
    for one in listed:
        if one.value in known:
            _update(known[one.value], one, is_complete=is_complete)
    if is_complete:
        active = {one.value for one in listed if one.is_active}
        for state in known.values():
            state.is_gone = state.value not in active
    columns = ["default_label", "category", "sequence", "is_gone"]
    TicketState.objects.bulk_update(known.values(), columns)
    TicketState.objects.bulk_create(new, ignore_conflicts=True)
    rows = [*known.values(), *new]
    if before != state_settings.settings_of(rows):
        source = StateRevision.Source.IMPORT
        state_revisions.keep(connection, kind, before, rows, actor=actor, source=source)
    return new


def _update(state: TicketState, listed: Listed, *, is_complete: bool) -> None:
    # The integration user may read another language: what tickets show is kept.
    if state.default_label not in listed.labels:
        states.relabel(state, listed.label)
    if is_complete:
        state.sequence = listed.sequence
