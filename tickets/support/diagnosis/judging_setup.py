"""Verdicts on the set-up: what of it is not finished, here and on the instance."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.reasoning import (
    at,
    by_check,
    guide_lines,
    refusal_lines,
)
from tickets.support.diagnosis.sight import Blind
from tickets.support.guide_parts import APP_SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.history import Tally
    from tickets.support.diagnosis.known import Known

    Judge = Callable[[Known], Finding]

_CODE = "integration_incomplete"


def _is_incomplete(tally: Tally) -> bool:
    return tally.code == _CODE


def _entered(cause_id: str, is_missing: Callable[[Known], bool]) -> Judge:
    """Return the judge of something that is entered here."""

    def judge(known: Known) -> Finding:
        if cause_id != "undecided" and known.setup is None:
            return unknown(cause_id, Line("decision_first"))
        if not is_missing(known):
            return absent(cause_id, Line("entered"))
        refused = known.history.refused(_is_incomplete)
        since = refused.first if refused else None
        return present(cause_id, *refusal_lines(refused), since=since)

    return judge


def _by_calls(known: Known, cause_id: str, blind: Blind, *steps: str) -> Finding:
    """Judge what the instance did not show: an app that calls is set up."""
    last = known.history.newest(lambda one: one.purpose != "self_test")
    if last:
        return absent(cause_id, Line("call_came", at(last)))
    lines = guide_lines(known, *steps)
    return unknown(cause_id, blind.line, Line("none_came"), *lines)


def _empty(cause_id: str, name: str, *steps: str) -> Judge:
    """Return the judge of a property of the app that must not be empty."""

    def judge(known: Known) -> Finding:
        value = known.sight.property(name)
        if isinstance(value, Blind):
            return _by_calls(known, cause_id, value, *steps)
        facts = {"name": f"{APP_SCOPE}.{name}", "value": value, **at(known.sight.at)}
        if known.sight.is_app_gone:
            return absent(cause_id, Line("app_first"))
        if value:
            return absent(cause_id, Line("property", facts))
        later = known.called_since(known.sight.at)
        if later:
            return absent(cause_id, Line("call_came", at(later)))
        return present(cause_id, Line("property_empty", facts), since=known.sight.at)

    return judge


def completion_missing(known: Known) -> Finding:
    """Judge whether the last step of the app's set-up is open, and only it."""
    cause_id = "completion_missing"
    state = known.sight.property("setup_state")
    if isinstance(state, Blind):
        return _by_calls(known, cause_id, state, "complete-")
    facts = {
        "name": f"{APP_SCOPE}.setup_state",
        "value": state,
        **at(known.sight.at),
    }
    later = known.called_since(known.sight.at)
    if state == "complete" or later:
        line = Line("call_came", at(later)) if later else Line("property", facts)
        return absent(cause_id, line)
    others = ("connector_url", "oauth_profile")
    if not state or not all(known.sight.property(name) for name in others):
        return absent(cause_id, Line("setup_first"))
    lines = guide_lines(known, "complete-")
    return present(cause_id, Line("property", facts), *lines, since=known.sight.at)


JUDGES: dict[str, Judge] = {
    "undecided": _entered("undecided", lambda known: known.setup is None),
    "directory_missing": _entered(
        "directory_missing", lambda known: not known.integration.directory
    ),
    "outbound_app_missing": _entered(
        "outbound_app_missing", lambda known: not known.integration.outbound_app_id
    ),
    "repository_incomplete": _entered(
        "repository_incomplete",
        lambda known: not known.repository.is_complete_for(known.setup),
    ),
    "connector_url_missing": _empty("connector_url_missing", "connector_url", "start"),
    "consent_missing": _empty("consent_missing", "setup_state", "consent"),
    "oauth_profile_unset": _empty(
        "oauth_profile_unset", "oauth_profile", "oauth-profile"
    ),
    "oauth_profile_absent": partial(
        by_check,
        cause_id="oauth_profile_absent",
        check_id="oauth_profile",
        codes=("absent",),
    ),
    "cross_scope_closed": partial(
        by_check,
        cause_id="cross_scope_closed",
        check_id="cross_scope",
        codes=("closed", "cross_scope"),
    ),
    "completion_missing": completion_missing,
}
