"""Changes of action plans: of one control or of hundreds, all written the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import formats, timezone

from connector import audit
from portal.score import ledger, state_changes
from portal.score.models import ControlProfile
from portal.score.plan_models import (
    MOST_TAGS,
    ActionEvent,
    ActionPlan,
    ActionTag,
    StateChange,
)
from portal.score.status import ActionStatus, Hold, can_be_sent, is_kept_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.contrib.auth.models import User

    from connector.models import Tenant


class Keep:
    """Stands for a value that is to stay as it is."""


KEEP = Keep()
_Field = ActionEvent.Field


@dataclass(frozen=True)
class Wish:
    """What is to be different; what is KEEP stays as it is in each plan."""

    status: ActionStatus | Keep = KEEP
    # Needed with a status: Microsoft gets it as the comment.
    reason: str = ""
    notes: str | Keep = KEEP
    owner: User | Keep | None = KEEP
    due_date: date | Keep | None = KEEP
    tags: Sequence[str] | Keep = KEEP
    more_tags: Sequence[str] = ()
    fewer_tags: Sequence[str] = ()


@dataclass
class Outcome:
    """How many plans changed, of how many Microsoft is told, and what was left out."""

    changed: int = 0
    sent: int = 0
    # Completed is given by the points: no status can be set.
    completed: int = 0
    # More tags than one action may have.
    full: int = 0


def change(
    tenant: Tenant, control_ids: Iterable[str], wish: Wish, *, actor: User
) -> Outcome:
    """Change the plans of these controls and write down who changed what.

    Microsoft is told of new statuses where Graph takes them. Controls the tenant
    does not have are left out.
    """
    wanted = list(control_ids)
    with transaction.atomic():
        profiles = ControlProfile.objects.for_tenant(tenant).with_status()
        found = list(profiles.filter(control_id__in=wanted).order_by("control_id"))
        work = _Work(tenant, wish, actor, [profile.control_id for profile in found])
        for profile in found:
            work.take(profile)
        work.write()
    return work.outcome


@dataclass
class _Work:
    """One change of many plans, collected first and written at once."""

    tenant: Tenant
    wish: Wish
    actor: User
    control_ids: list[str]
    outcome: Outcome = field(default_factory=Outcome)
    events: list[ActionEvent] = field(default_factory=list)
    sends: list[StateChange] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    tagged: list[tuple[ActionPlan, list[ActionTag]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = timezone.now()
        self.plans: list[ActionPlan] = []
        self.known = ActionPlan.objects.to_change(self.tenant, self.control_ids)
        self.uncertain = state_changes.uncertain(self.tenant, self.control_ids)
        self.tags = _tags(self.tenant, self._words())

    def _words(self) -> list[str]:
        replaced = () if isinstance(self.wish.tags, Keep) else self.wish.tags
        return [*replaced, *self.wish.more_tags]

    def take(self, profile: ControlProfile) -> None:
        """Note what changes in the plan of one control."""
        plan = self.known[profile.control_id]
        before = len(self.events)
        self._set_status(plan, profile)
        self._set_notes(plan)
        self._set_owner(plan)
        self._set_due_date(plan)
        self._set_tags(plan)
        if len(self.events) == before:
            return
        plan.version += 1
        plan.updated_at = self.now
        plan.updated_by_name = self.actor.get_username()
        self.plans.append(plan)
        self.outcome.changed += 1

    def _set_status(self, plan: ActionPlan, profile: ControlProfile) -> None:
        wanted = self.wish.status
        now = ActionStatus(profile.status)  # type: ignore[attr-defined]
        if isinstance(wanted, Keep) or wanted == now:
            return
        if now == ActionStatus.COMPLETED:
            self.outcome.completed += 1
            return
        plan.status, plan.reason = wanted, self.wish.reason
        plan.hold = self._hold(profile, wanted)
        if plan.hold == Hold.HERE:
            # What Microsoft is told comes back into the history with the next sync.
            ledger.note_status(
                profile,
                status=wanted,
                actor=self.actor.get_username(),
                comment=self.wish.reason,
            )
        self.chosen.append(plan.control_id)
        self._note(plan, _Field.STATUS, now.value, wanted.value, self.wish.reason)

    def _hold(self, profile: ControlProfile, wanted: ActionStatus) -> str:
        name = profile.control_id
        differs = profile.state != wanted.graph_state or name in self.uncertain
        if can_be_sent(name) and differs:
            self.sends.append(self._send(name, wanted))
            return Hold.SENDING
        return Hold.HERE if is_kept_here(name, wanted) else Hold.NONE

    def _send(self, control_id: str, wanted: ActionStatus) -> StateChange:
        return StateChange(
            tenant=self.tenant,
            control_id=control_id,
            state=wanted.graph_state,
            wanted=wanted,
            comment=self.wish.reason,
            requested_by=self.actor,
            requested_by_name=self.actor.get_username(),
            due_at=self.now,
        )

    def _set_notes(self, plan: ActionPlan) -> None:
        wanted = self.wish.notes
        if isinstance(wanted, Keep) or wanted == plan.notes:
            return
        self._note(plan, _Field.NOTES, plan.notes, wanted)
        plan.notes = wanted

    def _set_owner(self, plan: ActionPlan) -> None:
        wanted = self.wish.owner
        if isinstance(wanted, Keep) or wanted == plan.owner:
            return
        self._note(plan, _Field.OWNER, _name(plan.owner), _name(wanted))
        plan.owner = wanted

    def _set_due_date(self, plan: ActionPlan) -> None:
        wanted = self.wish.due_date
        if isinstance(wanted, Keep) or wanted == plan.due_date:
            return
        self._note(plan, _Field.DUE_DATE, _day(plan.due_date), _day(wanted))
        plan.due_date = wanted

    def _set_tags(self, plan: ActionPlan) -> None:
        old = {tag.name.lower(): tag for tag in plan.tags.all()}
        new = self._wanted_tags(old)
        if new.keys() == old.keys():
            return
        if len(new) > MOST_TAGS:
            self.outcome.full += 1
            return
        self._note(plan, _Field.TAGS, _listed(old), _listed(new))
        self.tagged.append((plan, list(new.values())))

    def _wanted_tags(self, old: dict[str, ActionTag]) -> dict[str, ActionTag]:
        wish = self.wish
        new = old if isinstance(wish.tags, Keep) else self._found(wish.tags)
        gone = {word.lower() for word in wish.fewer_tags}
        more = self._found(wish.more_tags)
        return {key: tag for key, tag in (new | more).items() if key not in gone}

    def _found(self, words: Sequence[str]) -> dict[str, ActionTag]:
        return {word.lower(): self.tags[word.lower()] for word in words}

    def _note(
        self, plan: ActionPlan, what: str, old: str, new: str, reason: str = ""
    ) -> None:
        self.events.append(
            ActionEvent(
                tenant=self.tenant,
                control_id=plan.control_id,
                at=self.now,
                actor=self.actor,
                actor_name=self.actor.get_username(),
                field=what,
                old=old,
                new=new,
                reason=reason,
            )
        )

    def write(self) -> None:
        """Write the plans, their history, and what Microsoft is to be told."""
        if not self.plans:
            return
        ActionPlan.objects.bulk_update(self.plans, _WRITTEN)
        for plan, tags in self.tagged:
            plan.tags.set(tags)
        ActionEvent.objects.bulk_create(self.events)
        state_changes.replace(self.tenant, self.chosen)
        if self.sends:
            state_changes.enqueue(self.tenant, self.sends)
        self.outcome.sent = len(self.sends)
        self._audit(self.plans)

    def _audit(self, plans: list[ActionPlan]) -> None:
        audit.record(
            "actionplan.changed",
            tenant=self.tenant,
            actor=self.actor,
            target=plans[0].control_id if len(plans) == 1 else "",
            count=len(plans),
            fields=sorted({event.field for event in self.events}),
        )


_WRITTEN = [
    *("status", "hold", "reason", "notes", "owner", "due_date"),
    *("version", "updated_at", "updated_by_name"),
]


def _tags(tenant: Tenant, words: Iterable[str]) -> dict[str, ActionTag]:
    """Return the tags of these words by lower case; new words become tags."""
    wanted = {word.lower(): word for word in words}
    if not wanted:
        return {}
    known = {tag.name.lower(): tag for tag in ActionTag.objects.for_tenant(tenant)}
    missing = [word for key, word in wanted.items() if key not in known]
    for word in missing:
        tag, _new = ActionTag.objects.get_or_create(
            tenant=tenant, name__iexact=word, defaults={"name": word}
        )
        known[word.lower()] = tag
    return known


def _name(user: Any) -> str:
    return user.get_username() if user else ""


def _day(day: date | None) -> str:
    return formats.date_format(day, "Y-m-d") if day else ""


def _listed(tags: dict[str, ActionTag]) -> str:
    return ", ".join(tags[key].name for key in sorted(tags))
