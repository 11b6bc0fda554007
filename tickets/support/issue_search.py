"""Which of Microsoft's known issues a text is about: the matching of tickets turned round."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects

from tickets.support import fulltext, matching, service_names
from tickets.support.health_models import ServiceIssue

if TYPE_CHECKING:
    from connector.models import Tenant

# What ended so lately still explains what people complain of.
RECENT = timedelta(hours=24)
MOST, LONGEST_TEXT = 10, 20_000


@dataclass(frozen=True)
class Fit:
    """An issue that a text seems to be about; `score` is from 0 to 100."""

    issue: ServiceIssue
    score: int
    words: list[str]

    @property
    def rank(self) -> tuple[int, bool, bool, float]:
        """What it is ordered by: the best first, then what is open, severe and new."""
        issue = self.issue
        changed = issue.modified_at.timestamp() if issue.modified_at else 0.0
        is_advisory = issue.classification != "incident"
        return -self.score, issue.is_resolved, is_advisory, -changed


def find(tenant: Tenant, text: str, *, service: str = "") -> list[Fit]:
    """Return at most ten issues with their posts, the best first.

    A `service` counts as if the text named it.
    """
    rows = ServiceIssue.objects.for_tenant(tenant).open_or_ended_within(RECENT)
    issues = list(rows.defer("extra"))
    terms = {issue.pk: matching.terms_of(issue) for issue in issues}
    wanted = set().union(*(one.all for one in terms.values()))
    found = fulltext.terms_in(text[:LONGEST_TEXT], wanted)
    fits = [_fit(one, terms[one.pk], found, service) for one in issues]
    best = sorted((one for one in fits if _counts(one)), key=lambda one: one.rank)
    best = best[:MOST]
    prefetch_related_objects([one.issue for one in best], "posts")
    return best


def _counts(fit: Fit) -> bool:
    return fit.score >= matching.THRESHOLD


def _fit(
    issue: ServiceIssue, terms: matching.Terms, found: set[str], service: str
) -> Fit:
    words = sorted(terms.all & found)
    if service and service_names.are_same(service, issue.service):
        # The first of its terms is its name.
        found = found | set(terms.service[:1])
        words = (
            words if set(terms.service) & set(words) else [*terms.service[:1], *words]
        )
    # No word is too common here: in an outage many issues are called alike.
    return Fit(issue, matching.score(terms, found, set()), words)
