"""What the probes say, in words: answers, and the steps of the repair."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils import formats
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from connector.messages import explain, is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.functional import _StrPromise

    Words = str | _StrPromise


@dataclass(frozen=True)
class Copy:
    """A value of the repair that is to be entered somewhere as it stands."""

    label: Words
    value: Words


@dataclass(frozen=True)
class Text:
    """An answer and what to do about it; `**` stands around menus and buttons.

    `owner` (of catalogue.OWNERS) when it is not the probe's; `action` is what the
    portal can do itself: authorize, save, setup, check or test.
    """

    answer: Words
    steps: tuple[Words | Copy, ...] = ()
    owner: str = ""
    action: str = ""


@dataclass(frozen=True)
class Step:
    """One step as it is shown, with the values it has copied: label and value."""

    text: str
    values: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it stands out: a menu, a button."""
        pieces = self.text.split("**")
        return [(piece, n % 2 == 1) for n, piece in enumerate(pieces) if piece]

    @property
    def plain(self) -> str:
        values = [f"{label}: {value}" for label, value in self.values]
        return " ".join([self.text.replace("**", ""), *values])


_texts: dict[tuple[str, str], Text] = {}
# Questions the portal answers by itself, without asking anybody.
_OWN_QUESTIONS = {
    "connected": _("Is ServiceNow connected?"),
    "cards": _("Are the ticket cards and sharing switched on?"),
}
_UNASKED_BY_ITSELF = {
    "not_asked_yet": Text(_("Not checked yet.")),
    "not_asked_since": Text(_("Not checked since the connection broke.")),
    "out_of_time": Text(
        _("Not asked: the instance answered so slowly that the check ran out of time."),
        (_("Select Check again for this question alone."),),
        "security",
    ),
    "out_of_requests": Text(
        _("Not asked: the check had used up the requests it allows itself."),
        (_("Select Check again for this question alone."),),
        "security",
    ),
}
UNASKED = frozenset({"not_asked", "not_asked_yet", "not_asked_since"})
# Whose turn it is for errors that any probe may meet, and what the portal can do.
_OF_ERRORS = {
    "token_rejected": ("security", "authorize"),
    "refresh_rejected": ("security", "authorize"),
    "exchange_rejected": ("security", "authorize"),
    "no_refresh_token": ("security", "authorize"),
    "not_authorized": ("security", "authorize"),
    "client_rejected": ("servicenow", "setup"),
    "basic_rejected": ("servicenow", "setup"),
    "basic_needs_code": ("servicenow", "setup"),
    "unknown_host": ("security", "setup"),
    "private_address": ("portal", ""),
    "certificate": ("portal", ""),
    "proxy": ("portal", ""),
    "tls": ("portal", ""),
    "connect_timeout": ("portal", ""),
    "connection_refused": ("portal", ""),
    "connection_lost": ("portal", ""),
    "internal_error": ("portal", ""),
}


def add(texts: Mapping[tuple[str, str], Text]) -> None:
    """Add texts by probe and code; a higher layer brings its own."""
    _texts.update(texts)


def question_of(name: str) -> str:
    """Return what is asked by a name that is no probe's."""
    return str(_OWN_QUESTIONS.get(name, name))


def answer_of(name: str, code: str, facts: Mapping[str, str]) -> str:
    """Return what was found."""
    if code == "not_asked":
        return _not_asked(facts.get("because", ""))
    text = _text(name, code)
    if text is None:
        return f"{explain(code if is_known(code) else '').title}."
    return _filled(text.answer, _readable(facts))


def steps_of(name: str, code: str, facts: Mapping[str, str]) -> list[Step]:
    """Return what to do about it, step by step."""
    text = _text(name, code)
    if text is None:
        repair = (
            "" if code in UNASKED else explain(code if is_known(code) else "").repair
        )
        return [Step(part) for part in sentences(repair)]
    return list(filled_steps(text.steps, facts))


def action_of(name: str, code: str) -> str:
    """Return what the portal can do about it itself, or ""."""
    text = _text(name, code)
    return text.action if text else _OF_ERRORS.get(code, ("", ""))[1]


def owner_of(name: str, code: str) -> str:
    """Return who can do it if that is not the probe's owner, or ""."""
    text = _text(name, code)
    return text.owner if text else _OF_ERRORS.get(code, ("", ""))[0]


def sentences(text: str) -> list[str]:
    """Return the sentences of a short explanation, each a step of its own."""
    return [part for part in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text) if part]


def _text(name: str, code: str) -> Text | None:
    return (
        _texts.get((name, code))
        or _texts.get(("", code))
        or _UNASKED_BY_ITSELF.get(code)
    )


def filled_steps(
    steps: tuple[Words | Copy, ...], facts: Mapping[str, str]
) -> Iterator[Step]:
    """Yield the steps, each with the values that are listed behind it."""
    text, values = "", []
    for step in steps:
        if isinstance(step, Copy):
            values.append((str(step.label), _filled(step.value, facts)))
            continue
        if text:
            yield Step(text, tuple(values))
        text, values = _filled(step, facts), []
    if text:
        yield Step(text, tuple(values))


class _Facts(dict[str, str]):
    """The facts of a finding; one of an older version may lack some."""

    def __missing__(self, key: str) -> str:
        return "-"


def _filled(words: Words, facts: Mapping[str, str]) -> str:
    return str(words) % _Facts(facts)


def _not_asked(because: str) -> str:
    from connector.probes.catalogue import probe_of

    probe = probe_of(because)
    if probe is None:
        return _now("Not asked, because an earlier question failed.")
    return _now("Not asked: “%(question)s” comes first.") % {"question": probe.question}


def _readable(facts: Mapping[str, str]) -> Mapping[str, str]:
    """Write the date, if there is one, as readers are used to."""
    if "date" not in facts:
        return facts
    day = date.fromisoformat(facts["date"])
    return {**facts, "date": formats.date_format(day, "DATE_FORMAT")}
