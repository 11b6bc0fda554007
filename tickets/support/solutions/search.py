"""The search for solutions: candidates from the database, the order from the ranking."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickets.support.solutions import feedback, postings, ranking, snippets
from tickets.support.solutions.models import Document
from tickets.support.solutions.words import CHATTER_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from connector.models import Tenant
    from tickets.support.solutions.ranking import Question, Standing

# Of a text; what is longer was pasted whole.
LONGEST_TEXT = 8000
CANDIDATES = 120
# So many of the best are looked at again with what people said.
REVIEWED = 30
# Below so many of a hundred points it is not shown, nor far behind the best.
LOWEST = 8
BEHIND = 0.15


@dataclass(frozen=True)
class Hit:
    """A document that was found, and why; `title` and `snippet` are safe HTML."""

    document: Document
    title: SafeString
    snippet: SafeString
    # From 0 to 100.
    score: int
    # As they stand in the question.
    matched_words: tuple[str, ...]
    matched: frozenset[str] = frozenset()

    @property
    def source_label(self) -> str:
        return str(Document.Source(self.document.source).label)

    @property
    def updated_at(self) -> datetime | None:
        return self.document.updated_at


def find(tenant: Tenant, text: str, *, limit: int = 5) -> list[Hit]:
    """Return the best answers to a text; what its first line says counts most."""
    return answer(tenant, ranking.question(text[:LONGEST_TEXT]), limit=limit)


def answer(tenant: Tenant, asked: Question, *, limit: int = 5) -> list[Hit]:
    """Return the best answers to a question, the best first."""
    found = postings.find(tenant, asked.terms)
    total = Document.objects.for_tenant(tenant).active().count()
    rarities = {term: ranking.rarity(len(found[term]), total) for term in found}
    standings = _rank(tenant, asked, _candidates(asked, found, rarities), rarities)
    best = ranking.best_possible(asked, rarities)
    scored = [(one, _score(one.points, best)) for one in standings[:limit]]
    lowest = max(LOWEST, BEHIND * max((score for _one, score in scored), default=0))
    return _hits(asked, [(one, score) for one, score in scored if score >= lowest])


def _candidates(
    asked: Question,
    found: Mapping[str, Sequence[int]],
    rarities: Mapping[str, float],
) -> list[int]:
    """Return the documents whose terms tell most together."""
    worth: defaultdict[int, float] = defaultdict(float)
    for term, keys in found.items():
        gain = asked.weights[term] * rarities[term]
        for key in keys:
            worth[key] += gain
    return heapq.nsmallest(CANDIDATES, worth, key=lambda key: (-worth[key], key))


def _rank(
    tenant: Tenant,
    asked: Question,
    candidates: Sequence[int],
    rarities: Mapping[str, float],
) -> list[Standing]:
    documents = Document.objects.for_tenant(tenant).active().for_ranking()
    rows = documents.filter(pk__in=candidates)
    standings = [ranking.standing(asked, row, rarities) for row in rows]
    standings.sort(key=_place)
    reviewed = standings[:REVIEWED]
    factors = feedback.factors([one.document.pk for one in reviewed], asked.weights)
    moved = [
        ranking.Standing(
            one.document, one.points * factors.get(one.document.pk, 1.0), one.matched
        )
        for one in reviewed
    ]
    return sorted(moved, key=_place)


def _place(one: Standing) -> tuple[float, str, str]:
    # Not by the row's key: that may differ from one database to another.
    return (-round(one.points, 6), one.document.source, one.document.key)


def _score(points: float, best: float) -> int:
    return min(100, round(100 * points / best)) if best else 0


def _hits(asked: Question, scored: Sequence[tuple[Standing, int]]) -> list[Hit]:
    keys = [one.document.pk for one, _score in scored]
    texts = dict(Document.objects.filter(pk__in=keys).values_list("pk", "text"))
    return [
        _hit(asked, one, score, texts.get(one.document.pk, "")) for one, score in scored
    ]


def _hit(asked: Question, one: Standing, score: int, text: str) -> Hit:
    # Words of every second incident are not what speaks for a document.
    telling = {term for term in one.matched if asked.weights[term] > CHATTER_WEIGHT}
    matched = frozenset(telling or one.matched)
    return Hit(
        document=one.document,
        title=snippets.title(one.document.title, matched),
        snippet=snippets.snippet(text, matched),
        score=score,
        matched_words=_said(asked, matched),
        matched=matched,
    )


def _said(asked: Question, matched: frozenset[str]) -> tuple[str, ...]:
    """Return the words of the question that match; none that another one contains."""
    terms = [term for term in asked.weights if term in matched]
    said = [" ".join(asked.said.get(term, term).split()) for term in terms]
    known = {word.lower(): word for word in said}
    return tuple(
        word
        for low, word in known.items()
        if not any(low != other and low in other.split() for other in known)
    )
