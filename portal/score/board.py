"""The scored actions of today, read once and counted in many ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.score import categories
from portal.score.licences import has_licence
from portal.score.models import ControlProfile, Snapshot
from portal.score.products import product_name
from portal.score.queries import RECENT
from portal.score.status import TOLERANCE, ActionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.utils.functional import _StrPromise

TOP_ACTIONS = 8
ASSERTED = frozenset({ActionStatus.THIRD_PARTY, ActionStatus.ALTERNATE})


@dataclass(frozen=True)
class Action:
    """One scored improvement action, as far as it counts."""

    profile: ControlProfile
    status: ActionStatus
    # Points that can still be won.
    remaining: float
    has_licence: bool
    # In percent of all points.
    impact: float

    @property
    def category(self) -> str:
        return categories.label(self.profile.category)

    @property
    def score(self) -> float:
        return float(self.profile.score or 0.0)

    @property
    def has_regressed(self) -> bool:
        earlier = self.profile.earlier  # type: ignore[attr-defined]
        return earlier is not None and self.score < earlier - TOLERANCE

    @property
    def is_new(self) -> bool:
        return self.profile.earlier is None  # type: ignore[attr-defined]

    @property
    def is_updated(self) -> bool:
        changed_at = self.profile.changed_at
        return changed_at is not None and changed_at >= timezone.now() - RECENT


@dataclass(frozen=True)
class View:
    """A score that could be: what it is called, its colour, and which points it adds."""

    value: str
    label: _StrPromise
    meaning: _StrPromise
    tone: str
    adds: Callable[[Action], bool]


# The switches of Include, in Microsoft's words.
VIEWS = (
    View(
        "planned",
        gettext_lazy("Planned score"),
        gettext_lazy("The score once everything that is planned is done."),
        "teal",
        lambda action: action.status == ActionStatus.PLANNED,
    ),
    View(
        "license",
        gettext_lazy("Current license score"),
        gettext_lazy("The most that the licenses you have allow."),
        "blue",
        lambda action: action.has_licence,
    ),
    View(
        "achievable",
        gettext_lazy("Achievable score"),
        gettext_lazy("The most that your licenses and accepted risks allow."),
        "purple",
        lambda action: (
            action.has_licence and action.status != ActionStatus.RISK_ACCEPTED
        ),
    ),
)


@dataclass(frozen=True)
class Reach:
    """How far one view goes beyond what is achieved, in percent."""

    view: View
    percent: float


@dataclass(frozen=True)
class Category:
    """The points of one category or product."""

    label: str
    achieved: float
    maximum: float
    url: str
    reaches: tuple[Reach, ...] = ()

    @property
    def percent(self) -> float:
        return _percent(self.achieved, self.maximum)

    @property
    def farthest_first(self) -> list[Reach]:
        """In the order of drawing: the shorter one covers the longer."""
        return sorted(self.reaches, key=lambda reach: -reach.percent)


@dataclass(frozen=True)
class Counter:
    """How many actions need a look, and the list of them."""

    label: str
    tone: str
    count: int
    url: str
    note: str = ""


class Board:
    """All that is counted of one organisation's scored actions."""

    def __init__(self, snapshot: Snapshot, views: Sequence[View] = ()) -> None:
        self.snapshot = snapshot
        self.views = views
        mine = ControlProfile.objects.filter(tenant_id=snapshot.tenant_id)
        reference = Snapshot.objects.to_compare_with(snapshot)
        self.actions = [self._action(row) for row in mine.for_board(reference)]

    def _action(self, profile: ControlProfile) -> Action:
        remaining = float(profile.remaining)  # type: ignore[attr-defined]
        return Action(
            profile=profile,
            status=ActionStatus(profile.status),  # type: ignore[attr-defined]
            remaining=remaining,
            has_licence=has_licence(profile.service, self.snapshot.enabled_services),
            impact=_percent(remaining, self.snapshot.max_score),
        )

    @property
    def asserted(self) -> float:
        """Points people assert: third party and alternate mitigation."""
        return sum(a.score for a in self.actions if a.status in ASSERTED)

    @property
    def observed(self) -> float:
        """Points Microsoft sees for itself."""
        return max(0.0, float(self.snapshot.current_score) - self.asserted)

    def counters(self) -> list[Counter]:
        """Return the six counters of Actions to review, in Microsoft's order."""
        days = _("Compared with 30 days before.")
        by_status = [
            (ActionStatus.TO_ADDRESS, "grey"),
            (ActionStatus.PLANNED, "teal"),
            (ActionStatus.RISK_ACCEPTED, "purple"),
        ]
        return [
            self._flagged(_("Regressed"), "red", "regressed", days),
            *(self._of_status(status, tone) for status, tone in by_status),
            self._flagged(_("Recently added"), "navy", "added", days),
            self._flagged(
                _("Recently updated"),
                "navy",
                "updated",
                _("Microsoft changed them within 30 days."),
            ),
        ]

    def _of_status(self, status: ActionStatus, tone: str) -> Counter:
        count = sum(action.status == status for action in self.actions)
        return Counter(str(status.label), tone, count, actions_url(status=status.value))

    def _flagged(self, label: str, tone: str, flag: str, note: str) -> Counter:
        is_it = _FLAGS[flag]
        count = sum(map(is_it, self.actions))
        return Counter(label, tone, count, actions_url(flag=flag), note)

    def top(self) -> list[Action]:
        """Return what is to be addressed, the largest impact first."""
        wanted = [
            action
            for action in self.actions
            if action.status == ActionStatus.TO_ADDRESS and action.remaining > TOLERANCE
        ]
        return sorted(wanted, key=_by_impact)[:TOP_ACTIONS]

    def reaches(self) -> tuple[Reach, ...]:
        """Return how far each included view goes, of the whole score."""
        achieved, most = self.snapshot.current_score, self.snapshot.max_score
        return self._reaches(self.actions, achieved, most)

    def _reaches(
        self, actions: Iterable[Action], achieved: float, most: float
    ) -> tuple[Reach, ...]:
        actions = list(actions)
        return tuple(
            Reach(view, _percent(achieved + _added(view, actions), most))
            for view in self.views
        )

    def by_category(self) -> list[Category]:
        """Return the points of each category, in Microsoft's order."""
        found = _grouped(self.actions, lambda action: action.profile.category)
        return [
            self._category(
                categories.label(name), found[name], actions_url(category=name)
            )
            for name in sorted(found, key=categories.position)
        ]

    def by_product(self) -> list[Category]:
        """Return the points of each product, by its name."""
        found = _grouped(self.actions, lambda action: action.profile.service)
        rows = [
            self._category(
                product_name(name) or _("Other"), found[name], actions_url(service=name)
            )
            for name in found
        ]
        return sorted(rows, key=lambda row: row.label.lower())

    def _category(self, label: str, actions: list[Action], url: str) -> Category:
        achieved = sum(action.score for action in actions)
        maximum = sum(float(action.profile.max_score) for action in actions)
        reaches = self._reaches(actions, achieved, maximum)
        return Category(label, achieved, maximum, url, reaches)


_FLAGS: dict[str, Callable[[Action], bool]] = {
    "regressed": lambda action: action.has_regressed,
    "added": lambda action: action.is_new,
    "updated": lambda action: action.is_updated,
}


def actions_url(**query: str) -> str:
    """Return the address of the list, narrowed."""
    return reverse("score:actions", query=query)


def _grouped(
    actions: Iterable[Action], key: Callable[[Action], str]
) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for action in actions:
        found.setdefault(key(action), []).append(action)
    return found


def _added(view: View, actions: Iterable[Action]) -> float:
    return sum(action.remaining for action in actions if view.adds(action))


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


def _by_impact(action: Action) -> tuple[float, float, str]:
    rank = action.profile.rank
    return (
        -action.remaining,
        float("inf") if rank is None else rank,
        action.profile.title,
    )
