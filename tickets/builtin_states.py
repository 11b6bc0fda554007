"""The states of an instance nobody changed, and what others seem to be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tickets.choices import Colour, Kind, StateCategory


@dataclass(frozen=True)
class BuiltIn:
    """A state every instance comes with."""

    label: str
    category: StateCategory


_OPEN, _IN_PROGRESS = StateCategory.OPEN, StateCategory.IN_PROGRESS
_DONE, _CANCELLED = StateCategory.DONE, StateCategory.CANCELLED

# ServiceNow's codes in ServiceNow's order. A change that is assessed, authorized or
# scheduled is decided upon or waits for its planned start: nothing is carried out
# before Implement, so it is open. An incident on hold was begun: it is in progress.
BUILT_IN: dict[str, dict[str, BuiltIn]] = {
    Kind.CHANGE_REQUEST: {
        "-5": BuiltIn("New", _OPEN),
        "-4": BuiltIn("Assess", _OPEN),
        "-3": BuiltIn("Authorize", _OPEN),
        "-2": BuiltIn("Scheduled", _OPEN),
        "-1": BuiltIn("Implement", _IN_PROGRESS),
        "0": BuiltIn("Review", _IN_PROGRESS),
        "3": BuiltIn("Closed", _DONE),
        "4": BuiltIn("Canceled", _CANCELLED),
    },
    Kind.INCIDENT: {
        "1": BuiltIn("New", _OPEN),
        "2": BuiltIn("In Progress", _IN_PROGRESS),
        "3": BuiltIn("On Hold", _IN_PROGRESS),
        "6": BuiltIn("Resolved", _DONE),
        "7": BuiltIn("Closed", _DONE),
        "8": BuiltIn("Canceled", _CANCELLED),
    },
}
_COLOURS = {
    _OPEN: Colour.BLUE,
    _IN_PROGRESS: Colour.TEAL,
    _DONE: Colour.GREEN,
    _CANCELLED: Colour.NEUTRAL,
}
# Beginnings of words, the most telling first: "Closed Incomplete" is done, "Awaiting
# new parts" is in progress.
_WORDS = (
    (_CANCELLED, ("cancel", "reject", "withdraw", "abandon", "declin", "duplicate")),
    (_DONE, ("clos", "complet", "incomplet", "resolv", "done", "solv", "finish")),
    (
        _IN_PROGRESS,
        ("progress", "implement", "work", "review", "hold", "wait", "await"),
    ),
    (_IN_PROGRESS, ("pend", "test", "investigat", "fix", "monitor")),
    (_OPEN, ("new", "open", "draft", "assess", "authori", "schedul", "approv")),
    (_OPEN, ("request", "plan", "regist", "submit", "assign", "backlog", "queue")),
)


def suggested(label: str) -> str:
    """Return the category a state's name speaks of, or "" if it says nothing."""
    words = re.findall(r"\w+", label.lower())
    for category, beginnings in _WORDS:
        if any(word.startswith(beginnings) for word in words):
            return category.value
    return ""


def category_of(kind: str, value: str, label: str) -> str:
    """Return what a state of an instance counts as before anybody decided it.

    A code every instance has counts as usual, unless the instance gave it a name that
    speaks of something else; whatever else there is, people map.
    """
    usual = BUILT_IN[kind].get(value)
    if usual is None or suggested(label) not in {"", usual.category}:
        return ""
    return usual.category.value


def colour_of(category: str) -> str:
    """Return the colour states of a category have before anybody chose one."""
    colour = _COLOURS[StateCategory(category)] if category else Colour.NEUTRAL
    return colour.value
