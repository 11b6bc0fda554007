"""The rows of lists of improvement actions, with their plans and tickets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.score import categories, numbers
from portal.score.filters import NAMES, ActionFilter, asked_for
from portal.score.models import ControlProfile
from portal.score.plan_models import ActionPlan
from portal.score.status import FINISHED, TOLERANCE, ActionStatus
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from typing import Any

    from django.http import QueryDict

    from connector.models import Tenant
    from portal.score.models import Snapshot
    from portal.score.queries import ControlProfileQuerySet


# Django's own get_…_display() makes this dictionary anew for each value.
_LEVELS = dict(ControlProfile.Level.choices)


@dataclass(frozen=True)
class Row:
    """One improvement action as a list shows it."""

    profile: ControlProfile
    status: ActionStatus
    # In percent of all points; None where the organisation is not scored.
    impact: float | None
    category: str
    tickets: Sequence[Ticket] = ()
    # With all it says; owner and due date are known without.
    plan: ActionPlan | None = None
    owner: str = ""
    due_date: date | None = None
    # The points lost since the day that recent changes are measured against.
    lost: float = 0.0

    @property
    def points(self) -> str:
        return points_achieved(self.profile)

    @property
    def user_impact(self) -> str:
        return str(_LEVELS.get(self.profile.user_impact, ""))

    @property
    def cost(self) -> str:
        return str(_LEVELS.get(self.profile.implementation_cost, ""))

    @property
    def newest_ticket(self) -> Ticket | None:
        return self.tickets[0] if self.tickets else None

    @property
    def further_tickets(self) -> int:
        return max(0, len(self.tickets) - 1)

    @property
    def is_overdue(self) -> bool:
        is_over = self.due_date is not None and self.due_date < timezone.localdate()
        return is_over and self.status not in FINISHED


@dataclass(frozen=True)
class Chip:
    """One applied filter and the address without it."""

    label: str
    url: str


def all_actions(tenant: Tenant, reference: Snapshot | None) -> ControlProfileQuerySet:
    """Return the tenant's actions with everything a list narrows and sorts by."""
    profiles = ControlProfile.objects.for_tenant(tenant).with_status()
    return profiles.with_news(reference).with_plans()


def listed(
    tenant: Tenant, user: Any, query: QueryDict, reference: Snapshot | None
) -> ActionFilter:
    """Return the list an address asks for, as a filter set with its rows."""
    actions = all_actions(tenant, reference).for_list()
    return ActionFilter(asked_for(query), actions, tenant=tenant, user=user)


def rows(
    profiles: Iterable[ControlProfile],
    latest: Snapshot | None,
    tickets: dict[str, list[Ticket]] | None = None,
    plans: dict[str, ActionPlan] | None = None,
) -> list[Row]:
    """Return rows of profiles that carry with_status()'s columns."""
    most = latest.max_score if latest else 0.0
    return [
        Row(
            profile=profile,
            status=ActionStatus(profile.status),  # type: ignore[attr-defined]
            impact=_impact(profile, most),
            category=categories.label(profile.category),
            tickets=(tickets or {}).get(profile.control_id, ()),
            plan=(plans or {}).get(profile.control_id),
            owner=getattr(profile, "owner_name", "") or "",
            due_date=getattr(profile, "due", None),
            lost=_lost(profile),
        )
        for profile in profiles
    ]


def full_rows(
    tenant: Tenant,
    profiles: Sequence[ControlProfile],
    latest: Snapshot | None,
    *,
    with_plans: bool,
) -> list[Row]:
    """Return rows with their tickets, and on demand with notes and tags."""
    names = [profile.control_id for profile in profiles]
    plans = ActionPlan.objects.by_control(tenant, names) if with_plans else {}
    return rows(profiles, latest, tickets_of(tenant, profiles), plans)


def tickets_of(
    tenant: Tenant, profiles: Iterable[ControlProfile]
) -> dict[str, list[Ticket]]:
    """Return the tickets of each control, newest first."""
    found: defaultdict[str, list[Ticket]] = defaultdict(list)
    names = [profile.control_id for profile in profiles]
    tickets = Ticket.objects.for_tenant(tenant).per_control(names)
    for ticket in tickets.defer("description"):
        found[ticket.of].append(ticket)
    return found


def points_achieved(profile: ControlProfile) -> str:
    """Write "2/10"; without a score there is nothing to achieve yet."""
    if profile.score is None:
        return _("Not scored")
    achieved = numbers.points(profile.score)
    if not profile.max_score:
        return achieved
    return f"{achieved}/{numbers.points(profile.max_score)}"


def chips(filterset: ActionFilter, query: QueryDict) -> list[Chip]:
    """Return a chip for each value that narrows the list."""
    # Reading the errors reads the values; wrong ones are not among them.
    filterset.form.errors  # noqa: B018
    found = []
    for name, value in filterset.form.cleaned_data.items():
        values = value if isinstance(value, list) else [value]
        found += [
            Chip(_chip_label(filterset, name, one), without(query, name, one))
            for one in values
            if one and (name, one) != ("show", "all")
        ]
    return found


def _chip_label(filterset: ActionFilter, name: str, value: Any) -> str:
    field = filterset.form.fields[name]
    choices = dict(getattr(field, "choices", ()))
    words = {"field": field.label, "value": choices.get(value, value)}
    return _("%(field)s: %(value)s") % words


def without(query: QueryDict, name: str, value: Any) -> str:
    """Return the address without one value; with none left it says to show all."""
    kept = asked_for(query)
    values = [one for one in kept.getlist(name) if one != str(value)]
    kept.setlist(name, values)
    if not values:
        del kept[name]
    kept.pop("page", None)
    if not any(key in kept for key in NAMES):
        kept["show"] = "all"
    return f"?{kept.urlencode()}"


def _impact(profile: ControlProfile, most: float) -> float | None:
    if profile.score is None or not most:
        return None
    remaining: float = profile.remaining  # type: ignore[attr-defined]
    return 100 * remaining / most


def _lost(profile: ControlProfile) -> float:
    earlier = getattr(profile, "earlier", None)
    if earlier is None or profile.score is None:
        return 0.0
    lost: float = earlier - profile.score
    return lost if lost > TOLERANCE else 0.0
