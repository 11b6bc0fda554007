"""One attempt to change a ticket's record in ServiceNow, or to write into its journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import tokens
from connector.exceptions import Evidence, Refused
from connector.servicenow.query import Query
from tickets import attempts, mapping, profiles
from tickets.attempts import Outcome
from tickets.journals import ROW_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record
    from tickets.models import Delivery

    # Whether what was to be sent is in the record already.
    Look = Callable[[ServiceNow, Delivery, Record], bool]


def change(delivery: Delivery) -> Outcome:
    """Bring some fields of the record to what they should be, unless they are there.

    Raises `Refused` "changed_meanwhile" when somebody else changed one of them, and
    "not_taken" when the instance took the request but not the values; otherwise like
    `attempts.run`.
    """
    client = tokens.servicenow(delivery.ticket.connection)
    record = _read(client, delivery)
    if not _differing(record, delivery.payload):
        return Outcome(record, was_there=True)
    _refuse_conflict(delivery, record)
    _make_ready(delivery)
    outcome = _send(client, delivery, _is_changed)
    if kept := _differing(outcome.record, delivery.payload):
        raise Refused("not_taken", _evidence(outcome.record, kept))
    return outcome


def write_note(delivery: Delivery) -> Outcome:
    """Add an entry to a journal, unless an earlier attempt did.

    Raises `Refused` "note_unverifiable" when an earlier attempt may have arrived and
    the journals cannot be read; otherwise like `attempts.run`.
    """
    client = tokens.servicenow(delivery.ticket.connection)
    if not attempts.is_first(delivery):
        record = _read(client, delivery)
        if _is_written(client, delivery, record):
            return Outcome(record, was_there=True)
    _make_ready(delivery)
    outcome = _send(client, delivery, _is_written)
    if kept := _without_note(delivery, outcome.record):
        raise Refused("not_taken", _evidence(outcome.record, kept))
    return outcome


def _read(client: ServiceNow, delivery: Delivery) -> Record:
    ticket = delivery.ticket
    return client.get(ticket.kind, ticket.sys_id, fields=_fields(delivery))


def _fields(delivery: Delivery) -> list[str]:
    usual = mapping.fields_read(delivery.ticket.connection)
    return list(dict.fromkeys([*usual, *delivery.payload]))


def _make_ready(delivery: Delivery) -> None:
    is_repeat = not attempts.is_first(delivery)
    if is_repeat:
        attempts.wait_for_answer(delivery)
    attempts.make_ready(delivery)
    if is_repeat:
        attempts.hold(delivery)


def _send(client: ServiceNow, delivery: Delivery, is_there: Look) -> Outcome:
    ticket = delivery.ticket
    try:
        record = client.update(
            ticket.kind, ticket.sys_id, delivery.payload, fields=_fields(delivery)
        )
    except Refused as error:
        if error.committed != "maybe":
            raise
        # The refusal ends the transaction, so one look is enough.
        record = _read(client, delivery)
        if not is_there(client, delivery, record):
            raise Refused(error.code, error.evidence) from error
        return Outcome(record, was_there=True)
    return Outcome(record, was_there=False)


def _is_changed(_client: ServiceNow, delivery: Delivery, record: Record) -> bool:
    return not _differing(record, delivery.payload)


def _without_note(delivery: Delivery, record: Record) -> list[str]:
    """Return the journal if it can be read and lacks the note."""
    marker = str(delivery.marker)
    return [
        element
        for element in delivery.payload
        if record.display(element) and marker not in record.display(element)
    ]


def _differing(record: Record, payload: Mapping[str, str]) -> list[str]:
    """Return the columns that hold something else; what may not be read is trusted."""
    return [
        name
        for name, value in payload.items()
        if record.has(name) and record.value(name) != value
    ]


def _refuse_conflict(delivery: Delivery, record: Record) -> None:
    shown, before = mapping.shown_values(delivery.ticket, record), delivery.before
    changed = [
        name for name, value in before.items() if shown.get(name, value) != value
    ]
    if changed:
        profile = profiles.of(delivery.ticket)
        columns = [profile.read_from(name) for name in changed]
        raise Refused("changed_meanwhile", _evidence(record, columns))


def _evidence(record: Record, columns: list[str]) -> Evidence:
    words = "; ".join(f"{name} = {record.display(name)!r}" for name in columns)
    return Evidence(words=words, status=200, request_id=record.request_id)


def _is_written(client: ServiceNow, delivery: Delivery, record: Record) -> bool:
    """Say whether the journal holds the note already."""
    [element] = delivery.payload
    found = find_note(client, record, element, str(delivery.marker))
    if found is None and delivery.unanswered_at is not None:
        raise Refused("note_unverifiable")
    return bool(found)


def find_note(
    client: ServiceNow, record: Record, element: str, marker: str
) -> bool | None:
    """Say whether a journal holds the note with this marker; None if nobody can tell."""
    if record.display(element):
        return marker in record.display(element)
    try:
        page = client.list(
            "sys_journal_field",
            Query().equals("element_id", record.sys_id).equals("element", element),
            fields=ROW_FIELDS,
        )
    except Refused:
        is_readable = record.has(element)
    else:
        if any(marker in row.value("value") for row in page.records):
            return True
        is_readable = record.has(element) or not page.is_hidden
    return False if is_readable else None
