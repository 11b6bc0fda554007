"""A guided set-up as one organisation sees it: values filled in, steps done, checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from tickets.support import verdicts
from tickets.support.forms import NoteForm
from tickets.support.guide_parts import Facts
from tickets.support.guides import guide_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickets.support.guide_parts import Step
    from tickets.support.guides import Guide
    from tickets.support.models import Repository, SetupStep, SupportIntegration
    from tickets.support.setups import Setup
    from tickets.support.verdicts import Shown


class Copied(NamedTuple):
    """A value to copy, computed; "" while something it is made of is not known."""

    label: str
    value: str
    note: str


class Target(NamedTuple):
    """A page where a step is carried out."""

    label: str
    href: str


@dataclass(frozen=True)
class Stage:
    """One step with everything that is known of it."""

    number: int
    step: Step
    row: SetupStep | None
    checks: Sequence[Shown]
    facts: Facts
    is_open: bool = False
    # The form with what was typed, if it could not be saved.
    typed: NoteForm | None = None

    @property
    def is_done(self) -> bool:
        return self.row is not None and self.row.done_at is not None

    @property
    def state(self) -> str:
        """What the step's mark says: a failed check outweighs a tick."""
        if any(check.verdict == verdicts.FAILED for check in self.checks):
            return "failed"
        if self.is_done:
            return "done"
        return "checked" if self.is_checked else "todo"

    @property
    def is_checked(self) -> bool:
        """Whether there are live checks of it, and all of them are OK."""
        found = [check.verdict for check in self.checks]
        return bool(found) and set(found) == {verdicts.OK}

    @property
    def is_pending(self) -> bool:
        return any(check.is_pending for check in self.checks)

    @property
    def values(self) -> list[Copied]:
        return [
            Copied(str(value.label), value.of(self.facts), str(value.note))
            for value in self.step.values
        ]

    @property
    def links(self) -> list[Target]:
        return [Target(str(one.label), one.of(self.facts)) for one in self.step.links]

    @property
    def note_form(self) -> NoteForm:
        note = self.row.note if self.row else ""
        return self.typed or NoteForm(
            initial={"note": note, "seen": note}, auto_id=f"id_{self.step.id}_%s"
        )


@dataclass(frozen=True)
class Part:
    """The prerequisites, or the steps."""

    title: str
    stages: list[Stage]


class Walkthrough:
    """The guide of one repository."""

    def __init__(
        self,
        integration: SupportIntegration,
        repository: Repository,
        setup: Setup,
        typed: tuple[str, NoteForm] | None = None,
    ) -> None:
        self.integration, self.repository = integration, repository
        self.setup = setup
        self._typed = typed

    @property
    def guide(self) -> Guide:
        return guide_for(self.setup)

    @cached_property
    def parts(self) -> list[Part]:
        guide = self.guide
        return [
            Part(_("Prerequisites"), self._stages(guide.prerequisites)),
            Part(_("Steps"), self._stages(guide.steps)),
        ]

    def _stages(self, steps: Sequence[Step]) -> list[Stage]:
        return [self._stage(number, step) for number, step in enumerate(steps, 1)]

    def _stage(self, number: int, step: Step) -> Stage:
        typed = self._typed
        return Stage(
            number,
            step,
            self._rows.get(step.id),
            verdicts.shown(self.repository, step.checks),
            self._facts,
            is_open=step.id == self._first_open or bool(typed and typed[0] == step.id),
            typed=typed[1] if typed and typed[0] == step.id else None,
        )

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self.integration, self.repository)

    @cached_property
    def _rows(self) -> dict[str, SetupStep]:
        return {row.step_id: row for row in self.repository.steps.all()}

    def _is_done(self, step: Step) -> bool:
        row = self._rows.get(step.id)
        return row is not None and row.done_at is not None

    @cached_property
    def _first_open(self) -> str:
        return self.next_step.id if self.next_step else ""

    @property
    def next_step(self) -> Step | None:
        """The first step that is not done, or None when all are."""
        open_steps = (step for step in self.guide.required if not self._is_done(step))
        return next(open_steps, None)

    @property
    def checked(self) -> list[Step]:
        """Steps that nobody ticked although all their checks are OK."""
        stages = (stage for part in self.parts for stage in part.stages)
        return [stage.step for stage in stages if stage.state == "checked"]

    @property
    def done(self) -> int:
        return sum(self._is_done(step) for step in self.guide.required)

    @property
    def total(self) -> int:
        return len(self.guide.required)

    @property
    def checks(self) -> list[Shown]:
        """All live checks of the guide, each once."""
        return verdicts.shown(self.repository, self.guide.checks)

    @property
    def is_complete(self) -> bool:
        """Whether the repository's values were entered for this set-up."""
        return self.repository.is_complete_for(self.setup)

    @property
    def is_checked(self) -> bool:
        return any(check.is_answered for check in self.checks)

    @property
    def is_successful(self) -> bool:
        return all(check.verdict == verdicts.OK for check in self.checks)

    @property
    def failed(self) -> list[Shown]:
        return [one for one in self.checks if one.verdict == verdicts.FAILED]

    @property
    def unreached(self) -> Shown | None:
        """The sign-in to the instance, if nothing tells whether it works."""
        for check in self.checks:
            # Without a name of the user it works nevertheless.
            is_open = check.verdict == verdicts.UNKNOWN and check.code != "nameless"
            if check.id == "sign_in" and is_open:
                return check
        return None

    @property
    def is_pending(self) -> bool:
        return any(check.is_pending for check in self.checks)

    @property
    def is_slow(self) -> bool:
        return any(check.is_slow for check in self.checks)

    @property
    def stamp(self) -> str:
        """A mark that changes with everything the page shows of steps and checks."""
        seen = [self.setup.id, str(self._facts), str(self.is_slow)]
        seen += [
            f"{row.step_id} {row.done_at} {row.done_by_name} {row.note}"
            for row in sorted(self._rows.values(), key=lambda row: row.step_id)
        ]
        seen += [f"{one.id} {one.is_pending} {one.checked_at}" for one in self.checks]
        return hashlib.blake2b("\n".join(seen).encode(), digest_size=8).hexdigest()
