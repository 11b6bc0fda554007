"""The order of the documents: one way to count for both databases.

BM25 over title, keywords and text, each with a weight of its own (BM25F), then what
else speaks for a document: its service, its age, whether an issue is open, people.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from tickets.support import service_names
from tickets.support.solutions import words
from tickets.support.solutions.models import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tickets.support.solutions.words import Term

Source = Document.Source

MOST_TERMS = 30
# Of title, keywords and text: how much a word there counts, and how long one usually is.
# Constants, so that one document's score does not depend on the others'.
_FIELDS = ((2.2, 7.0), (1.8, 6.0), (1.0, 120.0))
_SATURATION = 1.2
_LENGTH = 0.6
# What stands after the first line describes; the first line says what it is about.
_DETAIL = 0.5
_CODE = 4.0
_SAME_SERVICE, _OTHER_SERVICE = 1.15, 0.85
_OPEN_ISSUE, _OVER = 1.2, 0.6
_OWN = 1.05
# A message is news for a month, and counts least after a year.
_FRESH_DAYS, _OLD_DAYS, _OLD = 30, 365, 0.7


@dataclass(frozen=True)
class Question:
    """What is looked for: each term with its weight, and the services it speaks of."""

    weights: Mapping[str, float]
    families: frozenset[str]
    # Of each term: how it stands in the question.
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def terms(self) -> list[str]:
        return list(self.weights)


@dataclass(frozen=True)
class Standing:
    """How well a document answers a question, and by which terms."""

    document: Document
    points: float
    matched: frozenset[str]


def question(text: str) -> Question:
    """Return what a text asks for: its first line counts double."""
    head, _newline, rest = text.strip().partition("\n")
    weights: dict[str, float] = {}
    said: dict[str, str] = {}
    for part, factor in ((head, 1.0), (rest, _DETAIL if head else 1.0)):
        for term in words.analyse(part):
            weight = _weight(term) * factor
            weights[term.text] = max(weight, weights.get(term.text, 0.0))
            said.setdefault(term.text, part[term.start : term.end])
    best = sorted(weights, key=lambda name: (-weights[name], name))[:MOST_TERMS]
    # In the order they were said.
    kept = {name: weights[name] for name in weights if name in set(best)}
    return Question(kept, _families(set(weights)), said)


def _weight(term: Term) -> float:
    return _CODE if words.is_code(term.text) else term.weight


def _families(terms: set[str]) -> frozenset[str]:
    return frozenset(name for name, some in _SPOKEN if some <= terms)


def _spoken() -> Iterable[tuple[str, frozenset[str]]]:
    for family in service_names.FAMILIES:
        for phrase in (*family.names, *family.words):
            terms = frozenset(term.text for term in words.analyse(phrase))
            yield family.id, terms


_SPOKEN = tuple((name, some) for name, some in _spoken() if some)


def rarity(found: int, all_of_them: int) -> float:
    """Return how much a term tells that so many of all documents have."""
    return math.log(1 + (all_of_them - found + 0.5) / (found + 0.5))


def standing(
    asked: Question, document: Document, rarities: Mapping[str, float]
) -> Standing:
    """Return how well a document answers."""
    counted = [
        (Counter(line.split()), line.count(" ") + 1) for line in _lines(document)
    ]
    points, matched = 0.0, set()
    for term, weight in asked.weights.items():
        frequency = sum(
            factor * counts[term] / (1 - _LENGTH + _LENGTH * length / usual)
            for (factor, usual), (counts, length) in zip(_FIELDS, counted, strict=True)
            if term in counts
        )
        if frequency:
            matched.add(term)
            share = frequency * (1 + _SATURATION) / (frequency + _SATURATION)
            points += weight * rarities[term] * share
    points *= _coverage(asked, matched, rarities) * _circumstances(asked, document)
    return Standing(document, points, frozenset(matched))


def _lines(document: Document) -> list[str]:
    lines = document.terms.split("\n")
    return (lines + [""] * len(_FIELDS))[: len(_FIELDS)]


def _coverage(
    asked: Question, matched: set[str], rarities: Mapping[str, float]
) -> float:
    """Return from 0.5 to 1 how much of what was asked a document speaks of."""
    whole = sum(weight * rarities[term] for term, weight in asked.weights.items())
    part = sum(asked.weights[term] * rarities[term] for term in matched)
    return 0.5 + 0.5 * part / whole if whole else 0.5


def _circumstances(asked: Question, document: Document) -> float:
    factor = _service(asked, document)
    if document.source == Source.SERVICE_HEALTH:
        factor *= _OPEN_ISSUE if document.is_open else _OVER
    elif document.source == Source.MESSAGE_CENTER:
        factor *= _age(document.updated_at)
    elif document.source == Source.LIBRARY:
        factor *= _OWN
    return factor


def _service(asked: Question, document: Document) -> float:
    if not asked.families or not document.services:
        return 1.0
    own = {service_names.family_of(name).id for name in document.services}
    return _SAME_SERVICE if own & asked.families else _OTHER_SERVICE


def _age(updated_at: datetime | None) -> float:
    if updated_at is None:
        return 1.0
    days = (timezone.now() - updated_at).total_seconds() / 86_400
    share = (days - _FRESH_DAYS) / (_OLD_DAYS - _FRESH_DAYS)
    return 1 - (1 - _OLD) * min(max(share, 0.0), 1.0)


def best_possible(asked: Question, rarities: Mapping[str, float]) -> float:
    """Return the points of a document that has everything in its title."""
    most = 1 + _SATURATION
    whole = sum(weight * rarities[term] for term, weight in asked.weights.items())
    return 0.6 * most * whole
