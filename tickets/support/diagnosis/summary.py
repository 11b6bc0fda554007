"""The diagnosis of a repository in one line, for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tickets.support.diagnosis.diagnosis import Diagnosis
from tickets.support.verdicts import FAILED, OK, UNKNOWN, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.models import Repository


@dataclass(frozen=True)
class Summary:
    """What is wrong with a repository now, without asking anybody."""

    repository: Repository
    verdict: str
    words: str
    causes: Sequence[Finding] = ()

    @property
    def line(self) -> str:
        return f"{self.repository} ({self.repository.host}): {self.words}"


def of(repository: Repository) -> Summary:
    """Return the summary of a repository."""
    found = Diagnosis(repository)
    if not repository.entered_for and found.known.history.last is None:
        return Summary(repository, UNKNOWN, _("its set-up is not finished"))
    if found.present:
        titles = "; ".join(str(one.cause.title) for one in found.present)
        is_personal = all(one.cause.is_personal for one in found.present)
        verdict = WARNING if is_personal else FAILED
        return Summary(repository, verdict, titles, found.present)
    if found.is_well:
        return Summary(repository, OK, _("nothing is wrong"))
    return Summary(repository, UNKNOWN, _("nothing is known to be wrong"))
