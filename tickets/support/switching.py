"""What changes when the answers change: features, steps, values of the repositories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickets.support.guides import guide_for
from tickets.support.models import Repository, SetupStep

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.guide_parts import Step
    from tickets.support.setups import Feature, Setup


@dataclass(frozen=True)
class Switch:
    """From one set-up to another, as people read it before they decide."""

    old: Setup
    new: Setup
    # Steps that somebody marked as done already; the same in both.
    kept: list[Step]
    # Repositories with values of the old set-up.
    affected: list[Repository]

    @property
    def gained(self) -> list[Feature]:
        return [one for one in self.new.features if one not in self.old.features]

    @property
    def lost(self) -> list[Feature]:
        return [one for one in self.old.features if one not in self.new.features]

    @property
    def added(self) -> list[Step]:
        """The steps of the new guide that the old one does not have."""
        return _without(self.new, self.old)

    @property
    def dropped(self) -> list[Step]:
        return _without(self.old, self.new)


def switch(tenant: Tenant, old: Setup, new: Setup) -> Switch:
    """Return what a switch would mean for an organisation."""
    done = SetupStep.objects.filter(
        repository__tenant=tenant, done_at__isnull=False
    ).values_list("step_id", flat=True)
    reached = set(done)
    affected = Repository.objects.for_tenant(tenant).exclude(entered_for="")
    return Switch(
        old,
        new,
        kept=[step for step in guide_for(new).all_steps if step.id in reached],
        affected=list(affected),
    )


def _without(these: Setup, those: Setup) -> list[Step]:
    known = {step.id for step in guide_for(those).all_steps}
    return [step for step in guide_for(these).required if step.id not in known]
