"""The answers of the live checks: asked for, under way, found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connector import audit
from connector.exceptions import ConnectorError, Unavailable
from tickets.support.check_texts import answer_of, question_of, repair_of
from tickets.support.models import Repository, RepositoryCheck

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import User

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
# After this the page says that the background worker may be the reason.
_SLOW_AFTER = timedelta(seconds=20)
# After this an answer is not waited for any more.
_PATIENCE = timedelta(seconds=180)
# Refusals that say nothing of what was asked, only of who asked.
_MAY_NOT_LOOK = frozenset({"acl", "api_acl", "query_acl", "invalid_table"})


@dataclass(frozen=True)
class Verdict:
    """What a check found; texts are made when it is shown.

    `code` names the answer (or an error), `facts` fill it, `evidence` is what the
    other system said word for word.
    """

    id: str
    verdict: str
    code: str
    facts: dict[str, str] = field(default_factory=dict)
    evidence: str = ""


@dataclass(frozen=True)
class Shown:
    """A check as the pages show it; also one that nobody asked for yet."""

    id: str
    row: RepositoryCheck | None

    @property
    def question(self) -> str:
        return question_of(self.id)

    @property
    def is_pending(self) -> bool:
        return self._waiting is not None and self._waiting < _PATIENCE

    @property
    def is_slow(self) -> bool:
        return self.is_pending and self._waiting > _SLOW_AFTER  # type: ignore[operator]

    @property
    def _waiting(self) -> timedelta | None:
        """How long the answer has been awaited."""
        if self.row is None or self.row.requested_at is None:
            return None
        checked_at: datetime | None = self.row.checked_at
        if checked_at and checked_at >= self.row.requested_at:
            return None
        waiting: timedelta = timezone.now() - self.row.requested_at
        return waiting

    @property
    def is_answered(self) -> bool:
        return self.row is not None and self.row.checked_at is not None

    @property
    def verdict(self) -> str:
        return str(self.row.verdict) if self.row and self.is_answered else ""

    @property
    def code(self) -> str:
        return str(self.row.code) if self.row and self.is_answered else ""

    @property
    def checked_at(self) -> datetime | None:
        return self.row.checked_at if self.row else None

    @property
    def answer(self) -> str:
        if self.row is None or not self.is_answered:
            return ""
        return answer_of(self.id, self.row.code, self.row.facts)

    @property
    def repair(self) -> str:
        if self.row is None or self.verdict in {"", OK}:
            return ""
        return repair_of(self.id, self.row.code, self.row.facts)

    @property
    def evidence(self) -> str:
        return str(self.row.evidence) if self.row and self.is_answered else ""


def of_error(check_id: str, error: ConnectorError) -> Verdict:
    """Return the verdict of a check that ran into an error: cannot tell, or no."""
    is_open = isinstance(error, Unavailable) or error.code in _MAY_NOT_LOOK
    verdict = UNKNOWN if is_open else FAILED
    return Verdict(check_id, verdict, error.code, evidence=error.evidence.words)


def shown(repository: Repository, check_ids: Iterable[str]) -> list[Shown]:
    """Return these checks of a repository with what is known of them."""
    known = {row.check_id: row for row in repository.checks.all()}
    return [Shown(check_id, known.get(check_id)) for check_id in check_ids]


def request(
    repository: Repository, check_ids: Iterable[str], *, actor: User
) -> list[str]:
    """Note that answers are wanted now, and return which a task has to give.

    Those under way are left out: each of them tries the password once.
    """
    now = timezone.now()
    wanted = [one.id for one in shown(repository, check_ids) if not one.is_pending]
    if not wanted:
        return []
    rows = [
        RepositoryCheck(repository=repository, check_id=check_id, requested_at=now)
        for check_id in wanted
    ]
    RepositoryCheck.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["repository", "check_id"],
        update_fields=["requested_at"],
    )
    audit.record(
        "support.check_requested",
        tenant=repository.tenant,
        actor=actor,
        target=repository.repository_id,
        checks=wanted,
    )
    return wanted


def keep(repository: Repository, verdict: Verdict) -> None:
    """Store what a check found, if the repository is still there."""
    if not Repository.objects.filter(pk=repository.pk).exists():
        return
    RepositoryCheck.objects.update_or_create(
        repository=repository,
        check_id=verdict.id,
        defaults={
            "checked_at": timezone.now(),
            "verdict": verdict.verdict,
            "code": verdict.code,
            "facts": verdict.facts,
            "evidence": verdict.evidence,
        },
    )
