"""The smallest set of improvement actions that reaches a goal: always the same one.

Fewest actions first. So many of those with the most remaining points are the least that
can reach a target, and no other set of that size has more points. Where points are left
over, actions are then swapped for ones that cost less, and trouble people less, as long
as the target is still reached; the number never grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.score.status import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Of Microsoft's levels; an unknown one is not taken for a cheap one.
LEVELS = {"low": 1, "moderate": 2, "high": 3, "unknown": 3}
_LAST = 1_000_000


@dataclass(frozen=True)
class Candidate:
    """What is weighed of one action."""

    control_id: str
    remaining: float
    cost: int = 1
    impact: int = 1
    rank: int = _LAST

    @property
    def burden(self) -> tuple[int, int]:
        return (self.cost, self.impact)

    @property
    def order(self) -> tuple[float, int, int, int, str]:
        """Remaining points first; alike in them, what is easier, then Microsoft's rank."""
        # Points are sums of fractions: what people read as alike is alike.
        points = -round(self.remaining, 2)
        return (points, self.cost, self.impact, self.rank, self.control_id)


@dataclass(frozen=True)
class Proposal:
    """The chosen actions in the order to read them, and what they miss of the target."""

    chosen: tuple[Candidate, ...]
    shortfall: float = 0.0

    @property
    def points(self) -> float:
        return sum(one.remaining for one in self.chosen)


def best(candidates: Iterable[Candidate], count: int) -> Proposal:
    """Return the `count` actions that bring the most, or all there are."""
    return Proposal(tuple(_ordered(candidates)[: max(count, 0)]))


def reach(candidates: Iterable[Candidate], needed: float) -> Proposal:
    """Return the fewest actions that bring the needed points, the easiest of such sets.

    Where all of them together bring less, all are returned, with the shortfall.
    """
    ordered = _ordered(candidates)
    chosen, points = [], 0.0
    for one in ordered:
        if points >= needed - TOLERANCE:
            break
        chosen.append(one)
        points += one.remaining
    if points < needed - TOLERANCE:
        return Proposal(tuple(chosen), needed - points)
    others = ordered[len(chosen) :]
    return Proposal(tuple(sorted(_ease(chosen, others, needed), key=lambda c: c.order)))


def _ordered(candidates: Iterable[Candidate]) -> list[Candidate]:
    worthy = (one for one in candidates if one.remaining > TOLERANCE)
    return sorted(worthy, key=lambda one: one.order)


def _ease(
    chosen: list[Candidate], others: list[Candidate], needed: float
) -> list[Candidate]:
    """Swap one for one while that makes the set easier and the target is still reached.

    Each swap lowers the sum of (cost, impact), so it ends.
    """
    chosen, others = [*chosen], [*others]
    while swap := _best_swap(chosen, others, needed):
        out, into = swap
        chosen[chosen.index(out)], others[others.index(into)] = into, out
    return chosen


def _best_swap(
    chosen: Sequence[Candidate], others: Sequence[Candidate], needed: float
) -> tuple[Candidate, Candidate] | None:
    spare = sum(one.remaining for one in chosen) - (needed - TOLERANCE)
    swaps = [
        (out, into)
        for out in chosen
        for into in others
        if into.burden < out.burden and out.remaining - into.remaining <= spare
    ]
    return min(swaps, key=_worth, default=None)


def _worth(swap: tuple[Candidate, Candidate]) -> tuple[object, ...]:
    out, into = swap
    eased = (into.cost - out.cost, into.impact - out.impact)
    return (*eased, out.remaining - into.remaining, out.order, into.order)
