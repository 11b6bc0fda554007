"""Verdicts on saving: ticket details here, and progress in the incident."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tickets.support.diagnosis.findings import Line, absent, present
from tickets.support.diagnosis.judging_calls import service
from tickets.support.diagnosis.reasoning import at, by_check
from tickets.support.service_requests.models import RequestDelivery
from tickets.support.setups import INSIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.known import Known

    Judge = Callable[[Known], Finding]

Status = RequestDelivery.Status


def writing(known: Known, cause_id: str, statuses: tuple[str, ...]) -> Finding:
    """Judge by the notes into incidents that are held up, in one of these ways."""
    if known.setup is INSIGHTS:
        return absent(cause_id, Line("writes_nothing"))
    held = [one for one in known.notes if one.error_code and one.status in statuses]
    if held:
        lines = [_line(one) for one in held[:3]]
        return present(cause_id, *lines, since=held[-1].created_at)
    if any(one.status == Status.DELIVERED for one in known.notes):
        return absent(cause_id, Line("wrote_well", at(known.notes[0].created_at)))
    return absent(cause_id, Line("wrote_nothing"))


def write_unauthorized(known: Known) -> Finding:
    """Judge whether the integration user gets in: by notes that wait, or by the check."""
    found = writing(known, "write_unauthorized", (Status.WAITING,))
    if found.is_present or known.setup is INSIGHTS:
        return found
    checked = by_check(known, found.id, "sign_in", is_of_calls=False)
    return checked if checked.is_present else found


def _line(note: RequestDelivery) -> Line:
    facts = {
        "reference": note.request.reference,
        "incident": note.request.incident_number,
        "status": str(note.error_status or ""),
        "code": note.error_code,
        **at(note.created_at),
    }
    return Line("held", facts, note.error_words)


JUDGES: dict[str, Judge] = {
    "save_failed": partial(service, cause_id="save_failed", codes=("save_failed",)),
    "write_refused": partial(
        writing, cause_id="write_refused", statuses=(Status.STOPPED,)
    ),
    "write_unauthorized": write_unauthorized,
    "write_unreachable": partial(
        writing, cause_id="write_unreachable", statuses=(Status.QUEUED, Status.SENDING)
    ),
}
