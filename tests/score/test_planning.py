"""The smallest set: never more than needed, always the same, honest when it fails."""

from __future__ import annotations

import itertools
import random

import pytest

from portal.score.planning import Candidate, best, reach

SEEDS = range(120)


def _some(seed: int, most: int = 9) -> list[Candidate]:
    dice = random.Random(seed)  # noqa: S311
    return [
        Candidate(
            control_id=f"C{n}",
            remaining=dice.choice([0.0, 0.33, 1.0, 2.5, 3.0, 5.0, 9.0, 10.0]),
            cost=dice.randint(1, 3),
            impact=dice.randint(1, 3),
            rank=dice.randint(1, 50),
        )
        for n in range(dice.randint(1, most))
    ]


def _points(candidates: tuple[Candidate, ...] | list[Candidate]) -> float:
    return sum(one.remaining for one in candidates)


def _burden(candidates: tuple[Candidate, ...]) -> tuple[int, int]:
    return (sum(c.cost for c in candidates), sum(c.impact for c in candidates))


def _greedy(candidates: list[Candidate], needed: float) -> tuple[Candidate, ...]:
    chosen: list[Candidate] = []
    for one in sorted(candidates, key=lambda c: c.order):
        if _points(chosen) >= needed - 0.005:
            break
        chosen.append(one)
    return tuple(chosen)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_smaller_set_reaches_the_target(seed: int) -> None:
    candidates = _some(seed)
    needed = random.Random(seed).uniform(0.1, _points(candidates) or 1)  # noqa: S311
    proposal = reach(candidates, needed)
    smaller = itertools.combinations(candidates, max(len(proposal.chosen) - 1, 0))

    assert len(set(proposal.chosen)) == len(proposal.chosen)
    assert proposal.shortfall or proposal.points >= needed - 0.005
    assert all(_points(list(one)) < needed - 0.005 for one in smaller)


@pytest.mark.parametrize("seed", SEEDS)
def test_swapping_never_enlarges_the_set_nor_makes_it_harder(seed: int) -> None:
    candidates = _some(seed, 30)
    needed = 0.6 * _points(candidates)
    greedy, proposal = _greedy(candidates, needed), reach(candidates, needed)

    assert len(proposal.chosen) == len(greedy)
    assert _burden(proposal.chosen) <= _burden(greedy)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unreachable_target_takes_all_and_says_what_is_missing(seed: int) -> None:
    candidates = _some(seed)
    total = _points(candidates)
    proposal = reach(candidates, total + 7)

    assert proposal.points == pytest.approx(total)
    assert proposal.shortfall == pytest.approx(7)
    assert reach(candidates, total).shortfall == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    candidates = _some(seed, 20)
    needed = 0.5 * _points(candidates)
    mixed = random.Random(seed + 1).sample(candidates, len(candidates))  # noqa: S311

    assert reach(mixed, needed) == reach(candidates, needed)
    assert best(mixed, 3) == best(candidates, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_other_set_of_that_size_brings_more(seed: int) -> None:
    candidates = _some(seed)
    proposal = best(candidates, 3)
    others = itertools.combinations(candidates, min(3, len(candidates)))
    assert proposal.points == pytest.approx(max(_points(list(one)) for one in others))


def test_alike_points_are_settled_by_cost_impact_rank_and_name() -> None:
    alike = [
        Candidate("z", 5, 1, 1, 1),
        Candidate("a", 5, 1, 1, 1),
        Candidate("cheap", 5, 1, 2, 1),
        Candidate("dear", 5, 2, 1, 1),
        Candidate("later", 5, 1, 1, 2),
    ]
    order = [one.control_id for one in best(alike, 9).chosen]
    assert order == ["a", "z", "later", "cheap", "dear"]


def test_spare_points_buy_an_easier_set_of_the_same_size() -> None:
    candidates = [Candidate("big", 10, 3, 3), Candidate("small", 6, 1, 1)]
    assert [one.control_id for one in reach(candidates, 5).chosen] == ["small"]
    assert [one.control_id for one in reach(candidates, 7).chosen] == ["big"]


def test_a_target_that_is_reached_needs_nothing() -> None:
    assert reach(_some(1), -3).chosen == ()
    assert reach([], 4).shortfall == 4
    assert best(_some(1), 0).chosen == ()
