"""What the sources of this app have to say, as entries of the index."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch
from django.urls import reverse

from connector import markup
from tickets.support.health_models import IssuePost, ServiceIssue, ServiceMessage
from tickets.support.solutions import index, markdown
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document, Solution

if TYPE_CHECKING:
    from connector.models import Tenant

Source = Document.Source
# An issue that ended may still explain what somebody reports late.
ISSUES_FOR = timedelta(days=14)
_MOST_POSTS = 3


def put_issues(tenant: Tenant) -> int:
    """Index the issues that are open or ended lately."""
    issues = ServiceIssue.objects.for_tenant(tenant).current(ISSUES_FOR)
    posts = IssuePost.objects.order_by("-created_at", "-key")
    rows = issues.prefetch_related(Prefetch("posts", posts))
    return index.put(tenant, Source.SERVICE_HEALTH, map(_issue, rows))


def _issue(row: ServiceIssue) -> Entry:
    posts = list(row.posts.all())[:_MOST_POSTS]
    told = [markup.plain(post.html) for post in posts]
    return Entry(
        key=row.issue_id,
        number=row.issue_id,
        title=row.title,
        text="\n\n".join(filter(None, [row.impact, *told])),
        keywords=" ".join(filter(None, [row.feature, row.feature_group])),
        services=[row.service] if row.service else [],
        url=row.get_absolute_url(),
        updated_at=row.modified_at,
        is_open=not row.is_resolved,
    )


def put_messages(tenant: Tenant) -> int:
    """Index the messages of the message center."""
    rows = ServiceMessage.objects.for_tenant(tenant).defer("extra")
    return index.put(tenant, Source.MESSAGE_CENTER, map(_message, rows))


def _message(row: ServiceMessage) -> Entry:
    return Entry(
        key=row.message_id,
        number=row.message_id,
        title=row.title,
        text=row.text,
        services=row.services,
        url=row.get_absolute_url(),
        html=row.html,
        updated_at=row.modified_at,
    )


def put_library(tenant: Tenant) -> int:
    """Index the library anew: all that is published."""
    rows = Solution.objects.for_tenant(tenant).published()
    return index.put(tenant, Source.LIBRARY, map(_solution, rows))


def put_solution(solution: Solution) -> None:
    """Index one solution as it is now; a draft leaves the index."""
    if solution.is_published:
        index.add(solution.tenant, Source.LIBRARY, [_solution(solution)])
    else:
        index.remove(solution.tenant, Source.LIBRARY, str(solution.pk))


def _solution(row: Solution) -> Entry:
    html = markdown.render(row.body)
    return Entry(
        key=str(row.pk),
        number=row.key,
        title=row.title,
        text=markup.plain(html),
        keywords=row.keywords,
        services=row.services,
        url=reverse("support:solution", args=[row.pk]),
        html=html,
        updated_at=row.updated_at,
    )
