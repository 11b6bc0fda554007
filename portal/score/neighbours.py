"""Where an improvement action stands in the list it was opened from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict


@dataclass(frozen=True)
class Place:
    """The list, the action's number in it, and the addresses beside it.

    `number` is 0 for an action that is not in the list any more, for instance since
    its status was changed; then the neighbours are those of where it was.
    """

    back: str
    number: int
    count: int
    previous: str
    next: str


def place(control_id: str, names: Sequence[str], query: QueryDict) -> Place:
    """Return the place of the control among these, in the list's own order."""
    at = names.index(control_id) if control_id in names else -1
    before, after = (at - 1, at + 1) if at >= 0 else _where_it_was(query)
    return Place(
        back=_address(reverse("score:actions"), query, at=None),
        number=at + 1,
        count=len(names),
        previous=_action(names, before, query),
        next=_action(names, after, query),
    )


def _where_it_was(query: QueryDict) -> tuple[int, int]:
    told = query.get("at", "")
    at = int(told) if told.isdecimal() and len(told) < 6 else 0
    # The next one has moved up into its place.
    return at - 1, at


def _action(names: Sequence[str], at: int, query: QueryDict) -> str:
    if not 0 <= at < len(names):
        return ""
    return _address(reverse("score:action", args=[names[at]]), query, at=at)


def _address(path: str, query: QueryDict, at: int | None) -> str:
    kept = query.copy()
    kept.pop("at", None)
    if at is not None:
        kept["at"] = str(at)
    text = kept.urlencode()
    return f"{path}?{text}" if text else path
