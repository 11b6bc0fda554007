"""The rows of lists of improvement actions, with their tickets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.score import categories, numbers
from portal.score.status import ActionStatus
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.http import QueryDict

    from connector.models import Tenant
    from portal.score.filters import ActionFilter
    from portal.score.models import ControlProfile, Snapshot


@dataclass(frozen=True)
class Row:
    """One improvement action as a list shows it."""

    profile: ControlProfile
    status: ActionStatus
    # In percent of all points; None where the organisation is not scored.
    impact: float | None
    category: str
    tickets: Sequence[Ticket] = ()

    @property
    def points(self) -> str:
        return points_achieved(self.profile)

    @property
    def newest_ticket(self) -> Ticket | None:
        return self.tickets[0] if self.tickets else None

    @property
    def further_tickets(self) -> int:
        return max(0, len(self.tickets) - 1)


@dataclass(frozen=True)
class Chip:
    """One applied filter and the address without it."""

    label: str
    url: str


def rows(
    profiles: Iterable[ControlProfile],
    latest: Snapshot | None,
    tickets: dict[str, list[Ticket]] | None = None,
) -> list[Row]:
    """Return rows of profiles that carry with_status()'s columns."""
    by_control = tickets or {}
    most = latest.max_score if latest else 0.0
    return [
        Row(
            profile=profile,
            status=ActionStatus(profile.status),  # type: ignore[attr-defined]
            impact=_impact(profile, most),
            category=categories.label(profile.category),
            tickets=by_control.get(profile.control_id, ()),
        )
        for profile in profiles
    ]


def tickets_of(
    tenant: Tenant, profiles: Iterable[ControlProfile]
) -> dict[str, list[Ticket]]:
    """Return the tickets of each control, newest first."""
    found: defaultdict[str, list[Ticket]] = defaultdict(list)
    names = [profile.control_id for profile in profiles]
    for ticket in Ticket.objects.for_tenant(tenant).filter(control_id__in=names):
        found[ticket.control_id].append(ticket)
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
    """Return a chip for each filter that is applied."""
    applied = filterset.form.cleaned_data if filterset.is_bound else {}
    names = [name for name, value in applied.items() if value]
    return [Chip(_chip_label(filterset, name), _without(query, name)) for name in names]


def _chip_label(filterset: ActionFilter, name: str) -> str:
    value = filterset.form.cleaned_data[name]
    field = filterset.form.fields[name]
    choices = dict(getattr(field, "choices", ()))
    return f"{field.label}: {choices.get(value, value)}"


def _without(query: QueryDict, name: str) -> str:
    kept = query.copy()
    kept.pop(name, None)
    kept.pop("page", None)
    return f"?{kept.urlencode()}"


def _impact(profile: ControlProfile, most: float) -> float | None:
    if profile.score is None or not most:
        return None
    remaining: float = profile.remaining  # type: ignore[attr-defined]
    return 100 * remaining / most
