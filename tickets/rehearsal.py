"""A test ticket: created and canceled again, once, whatever happens in between."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from connector import audit
from connector.exceptions import ConnectorError, Refused, Unavailable
from connector.probes import failed, failed_by, ok, unknown, warning
from connector.probes.examination import Unsettled
from connector.servicenow.query import Query
from tickets import demands, mapping, profiles
from tickets.choices import StateCategory
from tickets.models import Kind, TicketState

if TYPE_CHECKING:
    from connector.probes import Examination, Finding
    from connector.servicenow.records import Record

# Other than that of tickets, which a poll would take for one of its own.
CORRELATION_DISPLAY = f"{mapping.CORRELATION_DISPLAY} (test)"
# Where no other state was mapped to Cancelled.
CANCELED = {Kind.CHANGE_REQUEST: "4", Kind.INCIDENT: "8"}
_FIELDS = ("number", "state", "correlation_id")


def rehearse(e: Examination, kind: str) -> Finding:
    """Send a test ticket of a kind and cancel it; raises Unsettled while it is unclear.

    The same round finds its own ticket again, so there is never a second one.
    """
    reference = _reference(e, kind)
    try:
        record = _look_up(e, kind, reference)
        if record is None:
            record = _create(e, kind, reference)
    except Hidden:
        return _not_shown(e, kind, reference)
    except Answered as answer:
        return answer.finding
    return _cancel(e, kind, record)


class Hidden(Exception):
    """The test ticket is there, but does not show."""


class Answered(Exception):
    """The question is answered without a ticket."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def _reference(e: Examination, kind: str) -> str:
    name = f"{settings.SITE_URL} {e.run_key} {kind}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _look_up(e: Examination, kind: str, reference: str) -> Record | None:
    query = Query().equals("correlation_id", reference)
    page = e.client().list(kind, query, fields=_FIELDS, limit=2)
    if page.is_hidden:
        raise Hidden
    rows = [row for row in page.records if row.value("correlation_id") == reference]
    return rows[0] if rows else None


def _create(e: Examination, kind: str, reference: str) -> Record:
    mark = e.before.get(f"{kind}_test")
    if mark is not None:
        # It was sent once, and is never sent again.
        raise _missing(mark)
    sent = unknown("sent", table=kind, reference=reference)
    _keep(e, kind, sent)
    values = mapping.payload(demands.example(e.connection, kind)) | {
        "correlation_id": reference,
        "correlation_display": CORRELATION_DISPLAY,
    }
    try:
        record = e.client().create(kind, values, fields=_FIELDS)
    except ConnectorError as error:
        record = _despite(e, kind, reference, error)
    _tell(e, "created", kind, number=record.value("number"), sys_id=record.sys_id)
    return record


def _missing(mark: Finding) -> Exception:
    at = mark.asked_at or timezone.now()
    if timezone.now() - at < timedelta(seconds=settings.OUTBOX_SETTLE):
        return Unsettled()
    return Answered(unknown("no_answer", mark.evidence, **mark.facts))


def _despite(
    e: Examination, kind: str, reference: str, error: ConnectorError
) -> Record:
    """Return the ticket that is there although no good answer came."""
    if error.committed == "no":
        raise Answered(failed_by(error, table=kind)) from error
    lost = unknown("sent", error.evidence, table=kind, reference=reference)
    _keep(e, kind, lost)
    try:
        record = _look_up(e, kind, reference)
    except ConnectorError as next_error:
        raise Unsettled from next_error
    if record is not None:
        return record
    if isinstance(error, Refused):
        raise Answered(failed_by(error, table=kind)) from error
    raise Unsettled from error


def _cancel(e: Examination, kind: str, record: Record) -> Finding:
    values = _canceling(e, kind)
    canceled = values["state"]
    facts = {
        "table": kind,
        "number": record.value("number"),
        "reference": record.value("correlation_id"),
        "address": e.connection.record_url(kind, record.sys_id),
    }
    state = record.value("state")
    if state != canceled:
        _keep(e, kind, unknown("created", **facts))
        try:
            changed = e.client().update(kind, record.sys_id, values, fields=_FIELDS)
        except Unavailable as error:
            raise Unsettled from error
        except ConnectorError as error:
            if error.code == "not_found":
                return _not_shown(e, kind, record.value("correlation_id"))
            return _left_open(e, kind, facts, error)
        state = changed.value("state")
    if state != canceled:
        return _left_open(e, kind, facts, None)
    _tell(e, "canceled", kind, number=facts["number"])
    return ok("taken", **facts)


def _canceling(e: Examination, kind: str) -> dict[str, str]:
    """Return what cancels a record: a state that counts so, and what closing demands."""
    usual = CANCELED[Kind(kind)]
    states = TicketState.objects.of(e.connection, kind).filter(
        category=StateCategory.CANCELLED, is_gone=False
    )
    codes = list(states.values_list("value", flat=True)) or [usual]
    state = usual if usual in codes else codes[0]
    profile = profiles.of_kind(e.connection.pk, kind)
    return {**mapping.closing_values(profile), "state": state}


def _not_shown(e: Examination, kind: str, reference: str) -> Finding:
    _tell(e, "left_open", kind, number=reference)
    return failed("hidden", table=kind, reference=reference)


def _left_open(
    e: Examination, kind: str, facts: dict[str, str], error: ConnectorError | None
) -> Finding:
    _tell(e, "left_open", kind, number=facts["number"])
    return warning("left_open", error.evidence if error else "", **facts)


def _keep(e: Examination, kind: str, finding: Finding) -> None:
    now = timezone.now().isoformat()
    e.keep(replace(finding, id=f"{kind}_test", at=now))


def _tell(e: Examination, what: str, kind: str, **facts: Any) -> None:
    audit.record(
        f"connection.test_{what}",
        tenant=e.connection.tenant,
        target=e.connection.host,
        kind=kind,
        **facts,
    )
