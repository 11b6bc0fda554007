"""What people say about the steps of a guide: done, not done after all, a note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connector import audit
from tickets.support.models import Repository, SetupStep

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from tickets.support.guide_parts import Step
    from tickets.support.guides import Guide


def complete(repository: Repository, step: Step, *, actor: User) -> None:
    """Mark a step as done; who did it first stays its doer."""
    row = _row(repository, step)
    done = {
        "done_at": timezone.now(),
        "done_by": actor,
        "done_by_name": actor.get_username(),
    }
    if SetupStep.objects.filter(pk=row.pk, done_at=None).update(**done):
        _record("support.step_done", repository, step, actor)


def reopen(
    repository: Repository, step: Step, *, seen: datetime | None, actor: User
) -> bool:
    """Take back that a step was done at `seen`; False if somebody was faster."""
    rows = SetupStep.objects.filter(
        repository=repository, step_id=step.id, done_at=seen, done_at__isnull=False
    )
    if not rows.update(done_at=None, done_by=None, done_by_name=""):
        return False
    _record("support.step_reopened", repository, step, actor)
    return True


def annotate(
    repository: Repository, step: Step, *, note: str, seen: str, actor: User
) -> bool:
    """Replace the note `seen`; False if somebody else changed it meanwhile."""
    row = _row(repository, step)
    if row.note == note:
        return True
    rows = SetupStep.objects.filter(pk=row.pk, note=seen)
    if not rows.update(note=note, note_by_name=actor.get_username()):
        return False
    _record("support.step_noted", repository, step, actor)
    return True


def drop_foreign(repository: Repository, guide: Guide) -> None:
    """Forget the steps that are not of this guide: they would have to be done again."""
    kept = [step.id for step in guide.all_steps]
    SetupStep.objects.filter(repository=repository).exclude(step_id__in=kept).delete()


def _row(repository: Repository, step: Step) -> SetupStep:
    row, _created = SetupStep.objects.get_or_create(
        repository=repository, step_id=step.id
    )
    return row


def _record(
    action: str, repository: Repository, step: Step, actor: User, **facts: Any
) -> None:
    audit.record(
        action,
        tenant=repository.tenant,
        actor=actor,
        target=repository.repository_id,
        step=str(step.title),
        **facts,
    )
