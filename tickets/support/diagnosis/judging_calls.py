"""Verdicts on calls that came: why they were refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone

from tickets.support.diagnosis import occurrences
from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.history import (
    AT_THE_DOOR,
    HOUR,
    KEY_CODES,
    TOKEN_CODES,
)
from tickets.support.diagnosis.reasoning import at, call_lines, refusal_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.history import Tally
    from tickets.support.diagnosis.known import Known

    Judge = Callable[[Known], Finding]

# Refusals that may be due to what the portal knows of the keys.
_OF_KEYS = (*KEY_CODES, "token_signature")
# What an agent enters may be invalid, too; its fields tell the agent.
_REFUSED_REQUESTS = ("too_large", "not_json", "method_not_allowed")


def _has_code(codes: Iterable[str], tally: Tally) -> bool:
    return tally.code in codes


def _never(known: Known, cause_id: str) -> Finding:
    """Return the verdict where no call failed like this."""
    if known.history.last is None:
        return unknown(cause_id, *call_lines(known))
    return absent(cause_id, Line("none_refused"), *call_lines(known))


def at_the_door(known: Known, cause_id: str) -> Finding:
    """Judge whether tokens are refused for this, and nothing else, now.

    The token is the same for all calls of the app: one that is let in says that
    nothing is wrong with it, and of several refusals the newest counts.
    """
    history = known.history
    last = history.newest(partial(_has_code, (cause_id,)))
    if last is None:
        return _without_keys(known, cause_id) or _never(known, cause_id)
    refused = history.refused(partial(_has_code, (cause_id,)))
    if history.let_in and history.let_in > last:
        better = Line("better_since", at(history.let_in))
        return absent(cause_id, *refusal_lines(refused), better)
    newest = max(
        (one for one in history.tallies if one.code in AT_THE_DOOR),
        key=lambda one: one.last,
    )
    if newest.code != cause_id:
        other = Line("other_since", {"code": newest.code})
        return absent(cause_id, *refusal_lines(refused), other)
    now = history.refused(partial(_has_code, (cause_id,)), after=history.let_in)
    lines = [*refusal_lines(now), Line("not_since")]
    if cause_id in _OF_KEYS:
        lines += _key_lines(known)
    return present(cause_id, *lines, since=now.first if now else last)


def _without_keys(known: Known, cause_id: str) -> Finding | None:
    """Return that calls will be refused: the keys could not be fetched, before any came."""
    signing = known.signing
    if cause_id != "signing_keys_unavailable" or signing is None:
        return None
    if signing.keys or not signing.error_code:
        return None
    return present(cause_id, *_key_lines(known), since=signing.tried_at)


def _key_lines(known: Known) -> list[Line]:
    """Return what the portal has of the directory's keys."""
    signing = known.signing
    if signing is None:
        return []
    facts = {"count": str(len(signing.keys)), **at(signing.fetched_at)}
    lines = [Line("keys", facts)]
    if signing.error_code:
        lines.append(Line("keys_failed", at(signing.tried_at), signing.error_words))
    return lines


def service(known: Known, cause_id: str, codes: tuple[str, ...]) -> Finding:
    """Judge whether operations fail like this, and have not succeeded since."""
    failing = [
        one
        for one in known.history.tallies
        if one.code in codes and not _better(known, one)
    ]
    if not failing:
        refused = known.history.refused(partial(_has_code, codes))
        if refused is None:
            return _never(known, cause_id)
        return absent(cause_id, *refusal_lines(refused), *_better_line(known))
    purposes = {one.purpose for one in failing}
    refused = known.history.refused(
        lambda one: one.code in codes and one.purpose in purposes
    )
    return present(
        cause_id,
        *refusal_lines(refused),
        Line("not_since"),
        situations=occurrences.numbers(failing),
        since=refused.first if refused else None,
    )


def _better(known: Known, tally: Tally) -> datetime | None:
    """Return when the operation succeeded after it had failed."""
    succeeded = known.history.succeeded((tally.purpose,))
    return succeeded if succeeded and succeeded > tally.last else None


def _better_line(known: Known) -> list[Line]:
    succeeded = known.history.succeeded()
    return [Line("better_since", at(succeeded))] if succeeded else []


def rate_limited(known: Known) -> Finding:
    """Judge whether calls are being refused because there are too many: within the hour."""
    found = service(known, "rate_limited", ("rate_limited",))
    last = known.history.newest(partial(_has_code, ("rate_limited",)))
    if last is None or last < timezone.now() - HOUR:
        return found if not found.is_present else absent(found.id, *found.evidence)
    # The limit is one for all operations, and only its first refusal is logged.
    return present(found.id, *found.evidence, Line("first_only"), since=last)


def personal(known: Known, cause_id: str) -> Finding:
    """Judge whether single agents are refused, and were not let through since."""
    mine = [one for one in known.history.tallies if one.code == cause_id]
    if not mine:
        return _never(known, cause_id)
    stuck = [one for one in mine if not _is_mended(known, one)]
    if not stuck:
        refused = known.history.refused(partial(_has_code, (cause_id,)))
        return absent(cause_id, *refusal_lines(refused), *_mended(known, mine))
    names = {one.user_name for one in stuck}
    refused = known.history.refused(
        lambda one: one.code == cause_id and one.user_name in names
    )
    return present(
        cause_id,
        *refusal_lines(refused),
        since=refused.first if refused else None,
        facts={
            "users": ", ".join(sorted(names)),
            "accounts": ", ".join(_account(known, name) for name in sorted(names)),
        },
    )


def _is_mended(known: Known, tally: Tally) -> bool:
    succeeded = known.history.succeeded((tally.purpose,), tally.user_name)
    if succeeded and succeeded > tally.last:
        return True
    return _linked(known, tally) is not None


def _linked(known: Known, tally: Tally) -> datetime | None:
    """Return when the agent's account was linked, if that was after the refusal."""
    person = known.people.get(tally.user_name)
    if tally.code != "account_not_linked" or person is None or not person.linked_email:
        return None
    linked_at: datetime | None = person.linked_at
    return linked_at if linked_at and linked_at > tally.last else None


def _mended(known: Known, tallies: Iterable[Tally]) -> list[Line]:
    lines = []
    for tally in tallies:
        linked_at = _linked(known, tally)
        if linked_at:
            email = known.people[tally.user_name].linked_email
            facts = {"user": tally.user_name, "email": email, **at(linked_at)}
            lines.append(Line("linked_since", facts))
    return lines or _better_line(known)


def _account(known: Known, user_name: str) -> str:
    """Return an agent with the e-mail the instance has, and the linked one."""
    person = known.people.get(user_name)
    emails = [person.email, person.linked_email] if person else []
    named = [email for email in emails if email]
    return f"{user_name} ({', '.join(named)})" if named else user_name


JUDGES: dict[str, Judge] = {
    **{
        code: partial(at_the_door, cause_id=code) for code in (*TOKEN_CODES, *KEY_CODES)
    },
    "unexpected_error": partial(
        service, cause_id="unexpected_error", codes=("unexpected_error",)
    ),
    "rate_limited": rate_limited,
    "request_refused": partial(
        service, cause_id="request_refused", codes=_REFUSED_REQUESTS
    ),
    "role_missing": partial(personal, cause_id="role_missing"),
    "feature_not_included": partial(personal, cause_id="feature_not_included"),
    "account_not_linked": partial(personal, cause_id="account_not_linked"),
}
