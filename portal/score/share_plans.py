"""From a goal to a set of improvement actions, and from that set to its tickets."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from connector import audit
from portal.score import drafting, listing, planning
from portal.score.models import ControlProfile, Snapshot
from portal.score.share_plan_models import SharePlan
from portal.score.status import FINISHED, TOLERANCE, ActionStatus
from tickets import sharing
from tickets.drafts import Draft
from tickets.forms import hidden_characters_removed
from tickets.mapping import DESCRIPTION_LIMIT
from tickets.models import Kind, Source, Ticket
from tickets.queries import controls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.auth.models import User

    from connector.models import Connection, Tenant
    from portal.score.queries import ControlProfileQuerySet

How = SharePlan.How
# Each of them is a ticket somebody has to read.
MOST_EACH = 50
MOST_TOGETHER = 200
# Opened and left: nobody comes back to it.
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Goal:
    """What is wanted, and which actions may be taken for it."""

    target: float | None = None
    count: int | None = None
    category: str = ""
    max_cost: str = ""
    max_impact: str = ""
    without_open: bool = True
    without_accepted: bool = True


@dataclass(frozen=True)
class Outlook:
    """What a set of actions makes of the score."""

    points: float
    percent: float
    new_percent: float


class AlreadyShared(Exception):
    """The plan was shared before, by another click or in another tab."""


def propose(tenant: Tenant, goal: Goal, latest: Snapshot) -> planning.Proposal:
    """Return the smallest set of the organisation's actions that meets the goal."""
    candidates = [_candidate(profile) for profile in _allowed(tenant, goal)]
    if goal.count is not None:
        return planning.best(candidates, goal.count)
    wanted = latest.max_score * (goal.target or 0.0) / 100
    return planning.reach(candidates, wanted - latest.current_score)


def _allowed(tenant: Tenant, goal: Goal) -> ControlProfileQuerySet:
    actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
    actions = actions.filter(remaining__gt=TOLERANCE)
    # These count as done: no points are expected of them.
    actions = actions.exclude(status__in=set(FINISHED) - {ActionStatus.RISK_ACCEPTED})
    if goal.without_accepted:
        actions = actions.exclude(status=ActionStatus.RISK_ACCEPTED)
    if goal.without_open:
        actions = actions.exclude(controls(Ticket.objects.for_tenant(tenant).open()))
    if goal.category:
        actions = actions.filter(category=goal.category)
    if goal.max_cost:
        actions = actions.filter(implementation_cost__in=_up_to(goal.max_cost))
    if goal.max_impact:
        actions = actions.filter(user_impact__in=_up_to(goal.max_impact))
    return actions.for_list()


def _up_to(level: str) -> list[str]:
    most = planning.LEVELS[level]
    return [name for name, weight in planning.LEVELS.items() if weight <= most]


def _candidate(profile: Any) -> planning.Candidate:
    rank = {} if profile.rank is None else {"rank": profile.rank}
    return planning.Candidate(
        control_id=profile.control_id,
        remaining=profile.remaining,
        cost=planning.LEVELS[profile.implementation_cost],
        impact=planning.LEVELS[profile.user_impact],
        **rank,
    )


def rows(
    tenant: Tenant, control_ids: Sequence[str], latest: Snapshot | None
) -> list[listing.Row]:
    """Return the actions in that order, with their tickets; unknown ones are left out."""
    actions = ControlProfile.objects.for_tenant(tenant).with_status().for_list()
    found = {p.control_id: p for p in actions.filter(control_id__in=control_ids)}
    profiles = [found[name] for name in control_ids if name in found]
    return listing.full_rows(tenant, profiles, latest, with_plans=False)


def outlook(chosen: Sequence[listing.Row], latest: Snapshot | None) -> Outlook:
    """Return the points the actions can still bring, and the score with them."""
    points = sum(row.profile.remaining for row in chosen)  # type: ignore[attr-defined]
    if latest is None or not latest.max_score:
        return Outlook(points, 0.0, 0.0)
    added = 100 * points / latest.max_score
    return Outlook(points, latest.percent, min(latest.percent + added, 100.0))


def with_open_ticket(tenant: Tenant, control_ids: Sequence[str]) -> set[str]:
    """Return which of the actions have a ticket somebody works on."""
    tickets = Ticket.objects.for_tenant(tenant).open().of_controls(control_ids)
    found = tickets.prefetch_related("actions")
    return {name for ticket in found for name in ticket.control_ids} & {*control_ids}


def start(tenant: Tenant, control_ids: Sequence[str], *, user: User) -> SharePlan:
    """Keep a set of actions for review; the person's forgotten ones go."""
    old = timezone.now() - KEPT_FOR
    mine = SharePlan.objects.for_tenant(tenant).filter(user=user, shared_as="")
    mine.filter(created_at__lt=old).delete()
    plan: SharePlan = SharePlan.objects.create(
        tenant=tenant, user=user, control_ids=[*control_ids]
    )
    return plan


def share(
    plan: SharePlan,
    chosen: Sequence[listing.Row],
    cleaned: Mapping[str, Any],
    *,
    how: str,
    connection: Connection,
    actor: User,
) -> list[Ticket]:
    """Make the ticket or tickets of the plan, all or none, and queue them.

    A plan is shared once: raises `AlreadyShared` to whoever comes second.
    """
    names = [row.profile.control_id for row in chosen]
    with transaction.atomic():
        unshared = SharePlan.objects.filter(pk=plan.pk, shared_as="")
        now = timezone.now()
        if not unshared.update(shared_as=how, shared_at=now, control_ids=names):
            raise AlreadyShared
        make = _as_one if how == How.ONE else _each
        tickets = make(plan, chosen, cleaned, connection, actor)
        plan.tickets.set(tickets)
        audit.record(
            "score.plan_shared",
            tenant=plan.tenant,
            actor=actor,
            target=plan,
            count=len(names),
            how=how,
        )
    return tickets


def _as_one(
    plan: SharePlan,
    chosen: Sequence[listing.Row],
    cleaned: Mapping[str, Any],
    connection: Connection,
    actor: User,
) -> list[Ticket]:
    latest = Snapshot.objects.latest_for(plan.tenant)
    categories = Counter(drafting.category(row.profile) for row in chosen)
    values = {
        **cleaned,
        "kind": Kind.CHANGE_REQUEST,
        "description": _described(chosen, outlook(chosen, latest), address(plan)),
        "category": categories.most_common(1)[0][0],
    }
    ticket = sharing.build(
        Draft(source=Source.MICROSOFT),
        values,
        connection=connection,
        author=actor,
        reference=uuid.uuid5(plan.pk, How.ONE),
    )
    names = [row.profile.control_id for row in chosen]
    return [sharing.share(ticket, actor=actor, control_ids=names)]


def _each(
    plan: SharePlan,
    chosen: Sequence[listing.Row],
    cleaned: Mapping[str, Any],
    connection: Connection,
    actor: User,
) -> list[Ticket]:
    return [
        sharing.share(
            _ticket(plan, row.profile, cleaned, connection, actor), actor=actor
        )
        for row in chosen
    ]


def _ticket(
    plan: SharePlan,
    profile: ControlProfile,
    cleaned: Mapping[str, Any],
    connection: Connection,
    actor: User,
) -> Ticket:
    draft = drafting.draft(profile)
    values = {
        **cleaned,
        "kind": Kind.CHANGE_REQUEST,
        # Nobody reads these before they are sent, as one does in the form of one.
        "name": hidden_characters_removed(draft.fitting_name),
        "description": hidden_characters_removed(draft.fitting_description),
        "category": draft.category,
    }
    reference = uuid.uuid5(plan.pk, profile.control_id)
    return sharing.build(
        draft, values, connection=connection, author=actor, reference=reference
    )


def address(plan: SharePlan) -> str:
    """Return the plan's address for people elsewhere."""
    return f"{settings.SITE_URL}{plan.get_absolute_url()}"


def described(plan: SharePlan, chosen: Sequence[listing.Row]) -> str:
    """Return the description the one ticket would have."""
    latest = Snapshot.objects.latest_for(plan.tenant)
    return _described(chosen, outlook(chosen, latest), address(plan))


def _described(chosen: Sequence[listing.Row], sums: Outlook, link: str) -> str:
    """List the actions as far as ServiceNow's limit allows; the plan has them all."""
    head = (
        f"{len(chosen)} improvement actions of Microsoft Secure Score, to be carried"
        f" out together: +{sums.points:g} points,"
        f" {sums.percent:.1f}% → {sums.new_percent:.1f}%."
    )
    tail = f"The whole plan: {link}"
    room = DESCRIPTION_LIMIT - len(head) - len(tail) - len("\n\n… and 999 more\n\n")
    lines: list[str] = []
    for number, row in enumerate(chosen, 1):
        line = f"{number}. {_line(row.profile)}"
        if len(line) + 1 > room:
            break
        lines.append(line)
        room -= len(line) + 1
    if left := len(chosen) - len(lines):
        lines.append(f"… and {left} more")
    return "\n\n".join([head, "\n".join(lines), tail])


def _line(profile: Any) -> str:
    title = hidden_characters_removed(" ".join(profile.title.split()))
    return (
        f"{title} (+{round(profile.remaining, 2):g} points,"
        f" cost {profile.implementation_cost}, user impact {profile.user_impact})"
    )
