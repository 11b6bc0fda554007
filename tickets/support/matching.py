"""Which open tickets are about an issue: suggested by service and words, decided by people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from connector import audit
from tickets.models import Ticket
from tickets.support import fulltext, service_names
from tickets.support.health_models import IssueMatch, ServiceIssue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from connector.models import Tenant

Verdict = IssueMatch.Verdict
# The service and one more word make a suggestion, and so do three words without it.
# Counted here, not by the databases: the ranks of two of them cannot be compared.
FOR_SERVICE, FOR_WORDS, THRESHOLD = 40, (0, 20, 40, 60), 60
MOST_WORDS, SHORTEST_WORD = 12, 4
# In so many of the open tickets a word tells nothing, once there are some.
COMMON_SHARE, SOME = 0.5, 6
_WORD = re.compile(r"[^\W_][\w'-]+")
_EMPTY = {
    *("about", "access", "affected", "after", "again", "also", "another", "because"),
    *("been", "before", "being", "both", "cannot", "could", "does", "during", "each"),
    *("every", "experiencing", "from", "have", "into", "issue", "issues", "microsoft"),
    *("more", "most", "only", "online", "organization", "other", "people", "problem"),
    *("problems", "service", "services", "should", "some", "such", "than", "that"),
    *("their", "them", "then", "there", "these", "they", "this", "those", "through"),
    *("time", "twice", "unable", "until", "used", "user", "users", "using", "were"),
    *("what", "when", "where", "which", "while", "will", "with", "within", "without"),
    *("work", "works", "would"),
}


@dataclass(frozen=True)
class Terms:
    """What is looked for in tickets on behalf of one issue."""

    service: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def all(self) -> set[str]:
        return {*self.service, *self.words}


def terms_of(issue: ServiceIssue) -> Terms:
    """Return the names of its service and the telling words of its title and feature."""
    service = service_names.words_for(issue.service)
    # In other forms as well: mailboxes tell no more than a mailbox.
    named = tuple(part for term in service for part in _words(term) if len(part) > 2)
    text = f"{issue.title} {issue.feature} {issue.feature_group}"
    words = [
        word
        for word in _words(text)
        if len(word) >= SHORTEST_WORD
        and word not in _EMPTY
        and not word.startswith(named)
    ]
    return Terms(service, tuple(dict.fromkeys(words))[:MOST_WORDS])


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def score(terms: Terms, found: set[str], common: set[str]) -> int:
    """Return from 0 to 100 how much of an issue's terms a ticket has."""
    words = set(terms.words) & found - common
    for_service = FOR_SERVICE if set(terms.service) & found else 0
    return for_service + FOR_WORDS[min(len(words), len(FOR_WORDS) - 1)]


def suggest(tenant: Tenant) -> None:
    """Renew the suggestions for all open issues; what people decided stays."""
    issues = list(ServiceIssue.objects.for_tenant(tenant).open())
    tickets = list(
        Ticket.objects.for_tenant(tenant).open().followed().values_list("pk", flat=True)
    )
    terms = {issue.pk: terms_of(issue) for issue in issues}
    wanted = set().union(*(one.all for one in terms.values()))
    found = fulltext.tickets_with(wanted, tickets)
    common = _common(found, len(tickets))
    for issue in issues:
        _store(issue, terms[issue.pk], found, common)


def issues_like(tenant: Tenant, text: str) -> list[ServiceIssue]:
    """Return the open issues a text seems to be about, as if a ticket said it."""
    text = text.lower()
    issues = ServiceIssue.objects.for_tenant(tenant).open()
    terms = [(issue, terms_of(issue)) for issue in issues]
    return [
        issue
        for issue, one in terms
        if score(one, _said(one, text), set()) >= THRESHOLD
    ]


def _said(terms: Terms, text: str) -> set[str]:
    """Return the terms of an issue that begin a word of the text."""
    return {one for one in terms.all if re.search(rf"\b{re.escape(one)}", text)}


def _common(found: fulltext.Found, tickets: int) -> set[str]:
    """Return the terms that are in most tickets."""
    if tickets < SOME:
        return set()
    counts: dict[str, int] = {}
    for terms in found.values():
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
    return {term for term, count in counts.items() if count > COMMON_SHARE * tickets}


def _store(
    issue: ServiceIssue, terms: Terms, found: fulltext.Found, common: set[str]
) -> None:
    scores = {key: score(terms, words, common) for key, words in found.items()}
    fitting = {key: points for key, points in scores.items() if points >= THRESHOLD}
    stale = issue.matches.filter(verdict=Verdict.SUGGESTED, told_up_to=None)
    stale.exclude(ticket_id__in=fitting).delete()
    rows = [
        IssueMatch(
            issue=issue,
            ticket_id=key,
            score=points,
            words=sorted(terms.all & found[key]),
        )
        for key, points in fitting.items()
    ]
    IssueMatch.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["score", "words"],
        unique_fields=["issue", "ticket"],
    )


def decide(match: IssueMatch, verdict: str, *, actor: User) -> None:
    """Note that a person confirms or rejects a match, or takes that back."""
    match.verdict = verdict
    match.decided_at = timezone.now()
    match.decided_by = actor
    match.decided_by_name = actor.get_username()
    match.save(update_fields=["verdict", "decided_at", "decided_by", "decided_by_name"])
    audit.record(
        f"support.match_{verdict}",
        tenant=match.issue.tenant,
        actor=actor,
        target=match.ticket,
        issue=match.issue.issue_id,
    )


def to_be_told(issue: ServiceIssue, *, suggestions_too: bool) -> Iterable[IssueMatch]:
    """Return the matches whose tickets get a note of each update: open, in ServiceNow."""
    tickets = Ticket.objects.for_tenant(issue.tenant).open().followed()
    matches = issue.matches.standing().filter(ticket__in=tickets)
    if not suggestions_too:
        matches = matches.confirmed()
    return matches.exclude(ticket__sys_id="").select_related(
        "ticket__connection", "ticket__tenant", "told_up_to"
    )
