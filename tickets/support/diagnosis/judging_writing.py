"""Verdicts on saving: ticket details here, and progress in the incident."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.judging_calls import service
from tickets.support.diagnosis.reasoning import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickets.support.call_models import ConnectorCall
    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.known import Known

    Judge = Callable[[Known], Finding]


def _is_refused(call: ConnectorCall) -> bool:
    return call.status is not None and 400 <= call.status < 500 and call.status != 401


def _is_unauthorized(call: ConnectorCall) -> bool:
    return call.status == 401


def _is_unreachable(call: ConnectorCall) -> bool:
    return call.status is None or call.status >= 500


def writing(
    known: Known, cause_id: str, is_meant: Callable[[ConnectorCall], bool]
) -> Finding:
    """Judge by the newest write: one that succeeded says that all is well again."""
    if not known.writes:
        return unknown(cause_id, Line("wrote_nothing"))
    newest = known.writes[0]
    if not is_meant(newest):
        return absent(cause_id, _line(newest))
    streak = []
    for call in known.writes:
        if not is_meant(call):
            break
        streak.append(call)
    lines = [_line(call) for call in streak[:3]]
    return present(cause_id, *lines, since=streak[-1].at)


def _line(call: ConnectorCall) -> Line:
    if call.status is not None and call.status < 400:
        return Line("wrote_well", at(call.at))
    facts = {
        "method": call.method,
        "where": call.address,
        "status": str(call.status or ""),
        "code": call.code,
        **at(call.at),
    }
    code = "wrote" if call.status else "wrote_unanswered"
    return Line(code, facts, call.words)


JUDGES: dict[str, Judge] = {
    "save_failed": partial(service, cause_id="save_failed", codes=("save_failed",)),
    "write_refused": partial(writing, cause_id="write_refused", is_meant=_is_refused),
    "write_unauthorized": partial(
        writing, cause_id="write_unauthorized", is_meant=_is_unauthorized
    ),
    "write_unreachable": partial(
        writing, cause_id="write_unreachable", is_meant=_is_unreachable
    ),
}
