"""What people say of documents, and how much that moves them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from tickets.support.solutions.models import (
    COMMENT_LIMIT,
    TERMS_LIMIT,
    Document,
    Feedback,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from uuid import UUID

    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tickets.support.models import Repository

# One person's opinion moves nothing; so many more move a document half of the most.
FREE = 1
HALF = 4
MOST = 0.4
# From which share of common terms on two searches ask the same.
SAME = 0.3
OTHER_SEARCH = 0.25
# The newest opinions on what was found; older ones than these are not read.
_MOST_ROWS = 2000
_MOST_OF_ONE = 20
_NAMESPACE = uuid.UUID("6f0a9a52-5a0e-4d35-9f6c-0a5f4c1d7b11")


@dataclass(frozen=True)
class Voter:
    """Who says it: one name for one person."""

    name: str
    via: str
    user: User | None = None


def person(user: User) -> Voter:
    """Return somebody with an account of the portal."""
    return Voter(f"portal:{user.pk}", Feedback.Via.PORTAL, user)


def agent(repository: Repository, user_name: str) -> Voter:
    """Return somebody of an instance."""
    name = f"servicenow:{repository.connector_key}:{user_name}"
    return Voter(name[:200], Feedback.Via.CONNECTOR)


def search_id(tenant: Tenant, terms: Collection[str]) -> UUID:
    """Return the name of a search of the portal: the same words are the same search."""
    return uuid.uuid5(_NAMESPACE, f"{tenant.pk} {join(sorted(terms))}")


def join(terms: Iterable[str]) -> str:
    """Return terms as one text that fits its column, none cut in two."""
    kept, length = [], 0
    for term in terms:
        length += len(term) + 1
        if length > TERMS_LIMIT:
            break
        kept.append(term)
    return " ".join(kept)


def give(
    document: Document,
    voter: Voter,
    *,
    search: UUID,
    terms: str,
    is_helpful: bool,
    comment: str = "",
) -> Feedback:
    """Keep what somebody says of a document in a search; a later word replaces it."""
    row, _created = Feedback.objects.update_or_create(
        document=document,
        search_id=search,
        voter=voter.name,
        defaults={
            "terms": terms[:TERMS_LIMIT],
            "is_helpful": is_helpful,
            "comment": comment[:COMMENT_LIMIT],
            "via": voter.via,
            "user": voter.user,
            "at": timezone.now(),
        },
    )
    _forget_all_but_newest(document, voter)
    return row


def _forget_all_but_newest(document: Document, voter: Voter) -> None:
    """Have nobody fill the table, or crowd out what others said."""
    mine = Feedback.objects.filter(document=document, voter=voter.name)
    old = list(mine.order_by("-at", "-pk").values_list("pk", flat=True)[_MOST_OF_ONE:])
    if old:
        Feedback.objects.filter(pk__in=old).delete()


def opinions(documents: Collection[int], search: UUID, voter: Voter) -> dict[int, bool]:
    """Return what this person said of these documents in this search."""
    rows = Feedback.objects.filter(
        document__in=documents, search_id=search, voter=voter.name
    )
    return dict(rows.values_list("document_id", "is_helpful"))


def factors(documents: Collection[int], terms: Mapping[str, float]) -> dict[int, float]:
    """Return what each document's points are multiplied by; 1 where nobody said much."""
    rows = Feedback.objects.filter(document__in=documents).order_by("-at", "-pk")
    votes: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for document, voter, said, is_helpful in rows.values_list(
        "document_id", "voter", "terms", "is_helpful"
    )[:_MOST_ROWS]:
        weight = 1.0 if _is_same(set(said.split()), set(terms)) else OTHER_SEARCH
        vote = weight if is_helpful else -weight
        # A person counts once, by what they said last of a search like this one.
        known = votes[document].get(voter)
        if known is None or abs(known) < weight:
            votes[document][voter] = vote
    return {key: _factor(sum(some.values())) for key, some in votes.items()}


def _is_same(one: set[str], other: set[str]) -> bool:
    whole = one | other
    return bool(whole) and len(one & other) / len(whole) >= SAME


def _factor(votes: float) -> float:
    """Return from 1 - MOST to 1 + MOST; the first opinion alone leaves 1."""
    beyond = max(abs(votes) - FREE, 0.0)
    push = MOST * beyond / (beyond + HALF)
    return 1 + push if votes > 0 else 1 - push
