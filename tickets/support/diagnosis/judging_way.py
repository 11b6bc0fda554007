"""Verdicts on the way of a call from the instance to the portal."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.reasoning import at, by_check, call_lines
from tickets.support.diagnosis.sight import SKEW, Blind
from tickets.support.guide_parts import APP_SCOPE
from tickets.support.verdicts import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.known import Known
    from tickets.support.diagnosis.sight import Request

    Judge = Callable[[Known], Finding]

_LIFETIME = timedelta(minutes=50)


def _address(known: Known) -> str | Blind:
    found = known.sight.property("connector_url")
    return found if isinstance(found, Blind) else found.rstrip("/")


def _address_line(known: Known, address: str) -> Line:
    facts = {"name": f"{APP_SCOPE}.connector_url", "value": address}
    return Line("property", facts | at(known.sight.at))


def address_wrong(known: Known) -> Finding:
    """Judge whether the app calls an address that is nobody's."""
    cause_id, address = "address_wrong", _address(known)
    strayed = known.strayed
    if strayed:
        facts = {"by": strayed.ip_address or "-", **at(strayed.at)}
        line = Line("strayed", facts)
        found = {"found": strayed.address}
        return present(cause_id, line, since=strayed.at, facts=found)
    if isinstance(address, Blind):
        return _without_sight(known, cause_id, address)
    line = _address_line(known, address)
    is_right = address in {"", known.base_url} or address in known.others
    if is_right or known.called_since(known.sight.at):
        return absent(cause_id, line)
    return present(cause_id, line, since=known.sight.at, facts={"found": address})


def other_repository(known: Known) -> Finding:
    """Judge whether the app calls in the name of another repository."""
    cause_id, address = "other_repository", _address(known)
    if isinstance(address, Blind):
        return _without_sight(known, cause_id, address)
    other = known.others.get(address)
    line = _address_line(known, address)
    if other is None or known.called_since(known.sight.at):
        return absent(cause_id, line)
    return present(
        cause_id, line, since=known.sight.at, facts={"other": other.repository_id}
    )


def _without_sight(known: Known, cause_id: str, blind: Blind) -> Finding:
    """Judge by whether calls come at all."""
    if known.history.last:
        return absent(cause_id, *call_lines(known))
    return unknown(cause_id, blind.line, *call_lines(known))


def _is_for_portal(known: Known, request: Request) -> bool:
    base = urlsplit(known.base_url)
    return request.path.startswith(base.path) and not request.is_for_token


def _judge(
    known: Known,
    cause_id: str,
    wanted: Callable[[Request], bool],
    is_bad: Callable[[Request], bool],
) -> Finding:
    """Judge by the newest request of a kind; a call that came later says more."""
    rows = known.sight.requests()
    if isinstance(rows, Blind):
        return _without_sight(known, cause_id, rows)
    newest = next((one for one in _mine(known, rows) if wanted(one)), None)
    if newest is None and known.history.last is None:
        looked = Line("sent_nothing", at(known.sight.at))
        return unknown(cause_id, looked, *call_lines(known))
    if newest is None:
        return absent(cause_id, *call_lines(known))
    if not is_bad(newest) or known.called_since(newest.at + SKEW):
        return absent(cause_id, newest.line, *call_lines(known))
    lines = (newest.line, *call_lines(known), *known.sight.messages())
    return present(
        cause_id, *lines, since=newest.at, facts={"status": str(newest.status or "")}
    )


def _mine(known: Known, rows: list[Request]) -> list[Request]:
    """Leave out what other integrations of the instance ask Microsoft Entra for.

    Their tokens are of other directories, mostly; and an app that was given one asks
    for the next an hour later, so what is refused in between is somebody else's.
    """
    part = f"/{known.integration.directory}/"
    named = any(part in one.path for one in rows if one.is_for_token)
    kept = [
        one for one in rows if not one.is_for_token or not named or part in one.path
    ]
    given = [one.at for one in kept if one.is_for_token and _is_given(one)]
    return [
        one
        for one in kept
        if not (one.is_for_token and any(_lasts(at, one) for at in given))
        or _is_given(one)
    ]


def _is_given(request: Request) -> bool:
    return request.status is not None and not request.is_refused


def _lasts(given_at: datetime, request: Request) -> bool:
    """Whether a token given then was still good when this one was asked for."""
    return given_at < request.at < given_at + _LIFETIME


def _is_for_token(request: Request) -> bool:
    return request.is_for_token


def _is_unanswered(request: Request) -> bool:
    return request.status is None


def entra_refuses(known: Known) -> Finding:
    """Judge whether Microsoft Entra refuses the instance a token."""
    cause_id = "entra_refuses"
    found = _judge(known, cause_id, _is_for_token, lambda one: one.is_refused)
    row = known.checks.get("outbound_token")
    if found.is_present or row is None or row.verdict != FAILED:
        return found
    tried = by_check(known, cause_id, "outbound_token")
    return tried if tried.is_present else found


def entra_unreachable(known: Known) -> Finding:
    """Judge whether the instance's requests for a token get no answer."""
    return _judge(known, "entra_unreachable", _is_for_token, _is_unanswered)


def portal_unreachable(known: Known) -> Finding:
    """Judge whether the instance's calls of the portal get no answer."""
    mine = partial(_is_for_portal, known)
    return _judge(known, "portal_unreachable", mine, _is_unanswered)


def intercepted(known: Known) -> Finding:
    """Judge whether somebody else answers in the portal's place."""
    mine = partial(_is_for_portal, known)
    return _judge(known, "intercepted", mine, partial(_is_foreign, known))


def _is_foreign(known: Known, request: Request) -> bool:
    """Whether an answer came that the portal did not give, by its own log."""
    if request.status is None:
        return False
    around = request.at - SKEW, request.at + SKEW
    return not known.history.answered(request.status, *around)


def no_call(known: Known) -> Finding:
    """Judge whether calls come at all."""
    last = known.history.last
    if last:
        return absent("no_call", *call_lines(known))
    return unknown("no_call", *call_lines(known), *known.sight.messages())


JUDGES: dict[str, Judge] = {
    "address_wrong": address_wrong,
    "other_repository": other_repository,
    "entra_refuses": entra_refuses,
    "outbound_provider_wrong": partial(
        by_check, cause_id="outbound_provider_wrong", check_id="outbound_entity"
    ),
    "entra_unreachable": entra_unreachable,
    "portal_unreachable": portal_unreachable,
    "intercepted": intercepted,
    "no_call": no_call,
}
