"""Updates of issues as notes in the tickets that match them, each of them once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from connector import audit, markup
from tickets import amendments
from tickets.support import matching
from tickets.support.health_models import ServiceIssue
from tickets.support.models import SupportIntegration
from tickets.support.setups import INSIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tickets.support.health_models import IssueMatch, IssuePost

# Names the author in the note; a proper name.
AUTHOR = "Microsoft 365 service health"
LONGEST = 4000
# A review of an incident is posted after its end; nothing is expected later than this.
LATECOMERS = timedelta(days=30)


def reason_against(integration: SupportIntegration) -> str:
    """Return why no note may be written into tickets, or ""."""
    if integration.is_test:
        return _(
            "The integration is a test environment: nothing is sent to any ticket."
        )
    if integration.setup is INSIGHTS:
        return _(
            "The set-up is Insights only: nothing is written into tickets in ServiceNow."
        )
    return ""


def tell(tenant: Tenant) -> None:
    """Note the updates of all issues into the tickets that are to be told of them."""
    integration = SupportIntegration.objects.of(tenant)
    is_silent = bool(reason_against(integration))
    issues = ServiceIssue.objects.for_tenant(tenant).current(LATECOMERS)
    for issue in issues.filter(matches__isnull=False).distinct():
        issue.tenant = tenant
        posts = list(issue.posts.order_by("pk"))
        for match in matching.to_be_told(
            issue, suggestions_too=integration.note_automatically
        ):
            _tell_one(match, issue, posts, is_silent=is_silent)


def _tell_one(
    match: IssueMatch, issue: ServiceIssue, posts: list[IssuePost], *, is_silent: bool
) -> None:
    """Note what is new since the last note; of a match just made, the newest update."""
    told = match.told_up_to
    news = [post for post in posts if post.pk > told.pk] if told else _newest(posts)
    if not news:
        return
    with transaction.atomic():
        # What came in a test environment is not sent belatedly either.
        for post in [] if is_silent else news:
            amendments.note(
                match.ticket,
                text_of(issue, post),
                author=AUTHOR,
                once=f"issue:{issue.issue_id}:{post.key}",
            )
        match.told_up_to = max(news, key=lambda post: post.pk)
        match.save(update_fields=["told_up_to"])


def _newest(posts: list[IssuePost]) -> list[IssuePost]:
    return [max(posts, key=lambda post: (post.created_at, post.key))] if posts else []


def text_of(issue: ServiceIssue, post: IssuePost) -> str:
    """Return an update as a note: which issue, how it stands, Microsoft's own words."""
    head = f"{issue.issue_id}: {issue.title}"
    state = " · ".join(filter(None, [issue.service, str(issue.shown.label)]))
    body = markup.plain(post.html)
    text = f"{head}\n{state}\n\n{body}"
    return markup.shortened(text, LONGEST)


def note_all(
    issue: ServiceIssue,
    matches: Iterable[IssueMatch],
    text: str,
    *,
    once: UUID,
    actor: User,
) -> int:
    """Queue one note into the tickets of these matches; return how many are new."""
    queued = [
        amendments.note(
            match.ticket,
            text,
            author=actor.get_username(),
            once=str(once),
            actor=actor,
        )
        for match in matches
    ]
    count = len([delivery for delivery in queued if delivery])
    if count:
        audit.record(
            "support.bulk_noted",
            tenant=issue.tenant,
            actor=actor,
            target=issue.issue_id,
            tickets=count,
        )
    return count
