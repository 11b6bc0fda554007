"""Which of the sixteen situations a call led to, and when agents were in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tickets.support.call_models import Occasion
from tickets.support.diagnosis.history import AT_THE_DOOR
from tickets.support.diagnosis.situations import SITUATIONS, Sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickets.support.diagnosis.history import History, Refused, Tally

# What an agent may have been doing when the app made a call of this purpose; the tab
# asks for service health whenever it is opened, which is none of the situations.
_OCCASIONS: dict[str, tuple[Occasion, ...]] = {
    "solutions.search": (Occasion.RECOMMENDED, Occasion.SEARCH),
    "solutions.incident": (Occasion.SOLUTIONS_AGAIN,),
    "requests.list": (Occasion.CONTACT, Occasion.CASE_AGAIN),
    "requests.open": (Occasion.CONTACT, Occasion.SAVING),
    "requests.read": (Occasion.CONTACT,),
    "requests.update": (Occasion.CONTACT, Occasion.SAVING),
}
_SELECTIONS = {Occasion.RECOMMENDED, Occasion.SEARCH}
# What the app shows for the code of a failure.
_SIGNS: dict[str, Sign] = {
    **dict.fromkeys(AT_THE_DOOR, Sign.NOTHING),
    "integration_incomplete": Sign.FINAL_STEP,
    "account_not_linked": Sign.NOT_AN_ADMIN,
    **dict.fromkeys(
        (
            *("rate_limited", "unexpected_error", "too_large"),
            *("not_json", "method_not_allowed"),
        ),
        Sign.APP_SUPPORT,
    ),
    "save_failed": Sign.NOT_SAVED,
}
_NUMBERS = {(one.occasion, one.sign): one.number for one in SITUATIONS}
# On reopening something is missing, whatever the reason.
_AGAIN = (Occasion.SOLUTIONS_AGAIN, Occasion.CASE_AGAIN)


def numbers_of(tally: Tally) -> tuple[int, ...]:
    """Return the situations that such a call puts an agent in."""
    if tally.is_good:
        return ()
    found = [_number(one, tally.code) for one in _occasions(tally)]
    return tuple(dict.fromkeys(number for number in found if number))


def _occasions(tally: Tally) -> tuple[Occasion, ...]:
    """Return what the agent did; the app says it, where the purpose leaves it open."""
    said = tally.occasion
    if tally.purpose == "solutions.search" and said in _SELECTIONS:
        return (Occasion(said),)
    if tally.purpose == "requests.list" and said:
        # The tab asks for them whatever else is done there.
        is_contact = said == Occasion.CONTACT
        return (Occasion.CONTACT if is_contact else Occasion.CASE_AGAIN,)
    return _OCCASIONS.get(tally.purpose, ())


def _number(occasion: Occasion, code: str) -> int:
    sign = Sign.GONE if occasion in _AGAIN else _SIGNS.get(code)
    return _NUMBERS.get((occasion, sign), 0) if sign else 0


def of(history: History) -> dict[int, Refused]:
    """Return, by situation, the calls that led to it."""
    found = {
        one.number: history.refused(partial(_leads_to, one.number))
        for one in SITUATIONS
    }
    return {number: refused for number, refused in found.items() if refused}


def _leads_to(number: int, tally: Tally) -> bool:
    return number in numbers_of(tally)


def numbers(tallies: Iterable[Tally]) -> tuple[int, ...]:
    """Return the situations these calls put agents in, in their order."""
    return tuple(sorted({number for one in tallies for number in numbers_of(one)}))
