"""What Microsoft Graph says about service health and in the message center."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from connector.graph import values
from connector.graph.records import Unreadable

if TYPE_CHECKING:
    from datetime import datetime

    from connector.graph.values import Json

_READ_OF_BASE = {
    *("id", "title", "startDateTime", "endDateTime", "lastModifiedDateTime"),
}
_READ_OF_ISSUE = _READ_OF_BASE | {
    *("classification", "status", "service", "feature", "featureGroup", "posts"),
    *("impactDescription", "isResolved", "origin"),
}
_READ_OF_MESSAGE = _READ_OF_BASE | {
    *("category", "severity", "isMajorChange", "services", "tags", "body"),
    "actionRequiredByDateTime",
}
# Statuses after which nothing more is done; compared without case.
ENDED = {
    *("serviceoperational", "servicerestored", "postincidentreviewpublished"),
    *("falsepositive", "resolved", "mitigatedexternal", "mitigated"),
    "resolvedexternal",
}


@dataclass(frozen=True)
class HealthOverview:
    """A service and how it is."""

    id: str
    service: str
    status: str


@dataclass(frozen=True)
class Post:
    """One update of an issue."""

    key: str
    created_at: datetime
    type: str
    html: str


@dataclass(frozen=True)
class HealthIssue:
    """A known problem of a service. Words of enumerations are in lower case."""

    id: str
    title: str
    service: str
    status: str
    classification: str = ""
    origin: str = ""
    feature: str = ""
    feature_group: str = ""
    impact: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    is_resolved: bool = False
    posts: tuple[Post, ...] = ()
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True)
class UpdateMessage:
    """A message of the message center. Words of enumerations are in lower case."""

    id: str
    title: str
    category: str = ""
    severity: str = ""
    is_major_change: bool = False
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    html: str = ""
    act_by: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    modified_at: datetime | None = None
    extra: Json = field(default_factory=dict)


def parse_overview(row: Json) -> HealthOverview:
    """Read one serviceHealth; raises Unreadable without an id."""
    service_id = values.text(row.get("id"))
    if not service_id:
        raise Unreadable("a serviceHealth without id")
    return HealthOverview(
        id=service_id,
        service=values.text(row.get("service")) or service_id,
        status=_word(row.get("status")),
    )


def parse_issue(row: Json) -> HealthIssue:
    """Read one serviceHealthIssue; raises Unreadable without an id."""
    issue_id, status = values.text(row.get("id")), _word(row.get("status"))
    if not issue_id:
        raise Unreadable("a serviceHealthIssue without id")
    told = row.get("isResolved")
    return HealthIssue(
        id=issue_id,
        title=values.text(row.get("title")) or issue_id,
        service=values.text(row.get("service")),
        status=status,
        classification=_word(row.get("classification")),
        origin=_word(row.get("origin")),
        feature=values.text(row.get("feature")),
        feature_group=values.text(row.get("featureGroup")),
        impact=values.text(row.get("impactDescription")),
        started_at=values.moment(row.get("startDateTime")),
        ended_at=values.moment(row.get("endDateTime")),
        modified_at=values.moment(row.get("lastModifiedDateTime")),
        is_resolved=status in ENDED if told is None else values.flag(told),
        posts=_posts(row),
        extra=values.rest(row, _READ_OF_ISSUE),
    )


def parse_message(row: Json) -> UpdateMessage:
    """Read one serviceUpdateMessage; raises Unreadable without an id."""
    message_id = values.text(row.get("id"))
    if not message_id:
        raise Unreadable("a serviceUpdateMessage without id")
    return UpdateMessage(
        id=message_id,
        title=values.text(row.get("title")) or message_id,
        category=_word(row.get("category")),
        severity=_word(row.get("severity")),
        is_major_change=values.flag(row.get("isMajorChange")),
        services=values.texts(row.get("services")),
        tags=values.texts(row.get("tags")),
        html=_content(row.get("body")),
        act_by=values.moment(row.get("actionRequiredByDateTime")),
        started_at=values.moment(row.get("startDateTime")),
        ended_at=values.moment(row.get("endDateTime")),
        modified_at=values.moment(row.get("lastModifiedDateTime")),
        extra=values.rest(row, _READ_OF_MESSAGE),
    )


def _posts(row: Json) -> tuple[Post, ...]:
    """Return the posts, oldest first; the time they were made tells them apart."""
    dated = [
        (created_at, post)
        for post in values.rows(row.get("posts"))
        if (created_at := values.moment(post.get("createdDateTime")))
    ]
    found: dict[str, Post] = {}
    for created_at, post in sorted(dated, key=lambda pair: pair[0]):
        key = f"{created_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"
        while key in found:
            key += "+"
        kind, html = _word(post.get("postType")), _content(post.get("description"))
        found[key] = Post(key, created_at, kind, html)
    return tuple(found.values())


def _content(value: object) -> str:
    return values.text(value.get("content")) if isinstance(value, dict) else ""


def _word(value: object) -> str:
    return values.text(value).lower()
