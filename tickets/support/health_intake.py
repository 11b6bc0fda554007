"""Storing what Microsoft tells: services with their history, issues, posts, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils import timezone

from connector import markup
from tickets.support.health_models import (
    TITLE_LIMIT,
    HealthService,
    IssuePost,
    ServiceIssue,
    ServiceMessage,
    StatusChange,
)
from tickets.support.health_words import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connector.graph.announcements import (
        HealthIssue,
        HealthOverview,
        Post,
        UpdateMessage,
    )
    from connector.models import Tenant


def store_services(tenant: Tenant, overviews: Iterable[HealthOverview]) -> None:
    """Store how the services are, and when that changed; forget those no longer had."""
    now, seen = timezone.now(), []
    known = {row.service_id: row for row in HealthService.objects.for_tenant(tenant)}
    for overview in overviews:
        service_id, status = overview.id[:100], overview.status[:50]
        service = known.get(service_id) or HealthService(
            tenant=tenant, service_id=service_id
        )
        is_news = service.pk is None or service.status != status
        service.name, service.status, service.seen_at = (
            *(overview.service[:200], status),
            now,
        )
        service.since = now if is_news else service.since
        service.save()
        # A service that was healthy when it was first seen has not changed.
        if is_news and (service.service_id in known or status not in HEALTHY):
            StatusChange.objects.create(service=service, status=status, at=now)
        seen.append(service.pk)
    HealthService.objects.for_tenant(tenant).exclude(pk__in=seen).update(status="")


def store_issues(tenant: Tenant, issues: Iterable[HealthIssue]) -> None:
    """Store issues and their posts; open ones Microsoft tells no longer have ended."""
    now, known, told = timezone.now(), _known_issues(tenant), []
    for issue in issues:
        told.append(issue.id[:50])
        if known.get(issue.id) == (issue.modified_at, issue.status, len(issue.posts)):
            continue
        row, _created = ServiceIssue.objects.update_or_create(
            tenant=tenant,
            issue_id=issue.id[:50],
            defaults=_columns_of(issue) | {"seen_at": now},
        )
        _store_posts(row, issue.posts)
    gone = ServiceIssue.objects.for_tenant(tenant).open().exclude(issue_id__in=told)
    gone.update(is_resolved=True, status="", ended_at=now)


def _known_issues(tenant: Tenant) -> dict[str, tuple[datetime | None, str, int]]:
    """Return what tells of each stored issue whether it is as it was."""
    rows = ServiceIssue.objects.for_tenant(tenant).order_by()
    counted = rows.annotate(number=Count("posts"))
    return {
        issue_id: (modified_at, status, number)
        for issue_id, modified_at, status, number in counted.values_list(
            "issue_id", "modified_at", "status", "number"
        )
    }


def _columns_of(issue: HealthIssue) -> dict[str, Any]:
    return {
        "title": issue.title[:TITLE_LIMIT],
        "service": issue.service[:200],
        "status": issue.status[:50],
        "classification": issue.classification[:50],
        "origin": issue.origin[:50],
        "feature": issue.feature[:300],
        "feature_group": issue.feature_group[:300],
        "impact": issue.impact,
        "started_at": issue.started_at,
        "ended_at": issue.ended_at,
        "modified_at": issue.modified_at,
        "is_resolved": issue.is_resolved,
        "extra": issue.extra,
    }


def _store_posts(row: ServiceIssue, posts: Sequence[Post]) -> None:
    """Store the posts; a known one may have been worded anew."""
    IssuePost.objects.bulk_create(
        [
            IssuePost(
                issue=row,
                key=post.key[:40],
                created_at=post.created_at,
                post_type=post.type[:30],
                html=markup.clean(post.html),
            )
            for post in posts
        ],
        update_conflicts=True,
        update_fields=["html", "post_type"],
        unique_fields=["issue", "key"],
    )


def store_messages(tenant: Tenant, messages: Iterable[UpdateMessage]) -> None:
    """Store the messages; those Microsoft tells no longer stay."""
    now = timezone.now()
    stored = ServiceMessage.objects.for_tenant(tenant)
    known = dict(stored.order_by().values_list("message_id", "modified_at"))
    for message in messages:
        if message.modified_at and known.get(message.id) == message.modified_at:
            continue
        ServiceMessage.objects.update_or_create(
            tenant=tenant,
            message_id=message.id[:50],
            defaults=_columns_of_message(message) | {"seen_at": now},
        )


def _columns_of_message(message: UpdateMessage) -> dict[str, Any]:
    return {
        "title": message.title[:TITLE_LIMIT],
        "category": message.category[:50],
        "severity": message.severity[:50],
        "is_major_change": message.is_major_change,
        "services": list(message.services),
        "tags": list(message.tags),
        "services_index": index_of(message.services),
        "tags_index": index_of(message.tags),
        "html": markup.clean(message.html),
        "text": markup.plain(message.html),
        "act_by": message.act_by,
        "started_at": message.started_at,
        "ended_at": message.ended_at,
        "modified_at": message.modified_at,
        "extra": message.extra,
    }


def index_of(names: Sequence[str]) -> str:
    """Return names as one text in which each can be found whole."""
    return "|".join(["", *names, ""]) if names else ""
