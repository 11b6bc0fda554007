"""Service health fetched from Microsoft Graph: stored once, kept as history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.graph import announcements
from connector.sandbox import graph_announcements as told
from connector.sandbox import graph_directory
from tickets.support import health
from tickets.support.health_models import (
    HealthService,
    HealthSync,
    IssuePost,
    ServiceIssue,
    ServiceMessage,
    StatusChange,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

pytestmark = pytest.mark.django_db
Part = HealthSync.Part


def control(graph_server: GraphServer, **wish: Any) -> dict[str, Any]:
    url = f"{graph_server.origin}/graph/_control"
    answer = requests.put(url, json=wish, timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def sync_of(tenant: Tenant, part: str) -> HealthSync:
    return HealthSync.objects.get(tenant=tenant, part=part)


def test_a_fetch_stores_services_issues_posts_and_messages(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    mail = ServiceIssue.objects.for_tenant(tenant).get(issue_id=told.MAIL)
    assert sync_of(tenant, Part.HEALTH).error_code == ""
    assert sync_of(tenant, Part.MESSAGES).error_code == ""
    assert mail.status == "servicedegradation"
    assert mail.kind.label == "Incident"
    assert mail.posts.count() == 3
    assert mail.extra["details"] == [{"name": "NotifyInApp", "value": "True"}]
    exchange = HealthService.objects.for_tenant(tenant).get(service_id="Exchange")
    assert (exchange.name, exchange.status) == ("Exchange Online", "servicedegradation")
    assert HealthService.objects.for_tenant(tenant).count() == len(told.SERVICES)
    message = ServiceMessage.objects.for_tenant(tenant).get(message_id="MC1201877")
    assert message.is_major_change
    assert message.services == ["Exchange Online"]


def test_words_in_another_case_mean_the_same(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    presence = ServiceIssue.objects.get(issue_id=told.PRESENCE)
    assert presence.kind.label == "Advisory"
    assert presence.shown.label == "Investigation suspended"
    teams = HealthService.objects.get(service_id="microsoftteams")
    assert teams in HealthService.objects.for_tenant(tenant).degraded()


def test_fetching_twice_changes_nothing(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    models = (HealthService, StatusChange, ServiceIssue, IssuePost, ServiceMessage)
    before = [model.objects.count() for model in models]
    posts = set(IssuePost.objects.values_list("pk", "html"))
    health.pull(tenant)
    assert [model.objects.count() for model in models] == before
    assert set(IssuePost.objects.values_list("pk", "html")) == posts


def test_the_history_of_a_status_grows_only_when_it_changes(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    control(graph_server, resolve=told.MAIL)
    health.pull(tenant)
    health.pull(tenant)
    exchange = HealthService.objects.get(service_id="Exchange")
    seen = list(exchange.changes.values_list("status", flat=True))
    assert seen == ["serviceoperational", "servicedegradation"]
    steady = HealthService.objects.get(service_id="SharePoint")
    assert not steady.changes.exists(), "it was healthy from the first look on"
    mail = ServiceIssue.objects.get(issue_id=told.MAIL)
    assert mail.is_resolved
    assert mail.posts.count() == 4


def test_all_pages_are_fetched(
    tenant: Tenant, graph_server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "LARGEST_PAGE", 2)
    health.pull(tenant)
    assert ServiceIssue.objects.for_tenant(tenant).count() == 3
    assert ServiceMessage.objects.for_tenant(tenant).count() == 4
    pages = [r for r in graph_server.seen if r.path.endswith("/messages")]
    assert [r.args.get("$skip") for r in pages] == [None, "2"]
    assert {r.headers["Prefer"] for r in pages} == {"odata.maxpagesize=250"}


@pytest.mark.parametrize(
    ("granted", "part", "code", "other"),
    [
        ("ServiceMessage.Read.All", "health", "graph_forbidden_health", "messages"),
        ("ServiceHealth.Read.All", "messages", "graph_forbidden_messages", "health"),
    ],
)
def test_a_missing_permission_is_named_and_the_other_part_still_comes(
    tenant: Tenant,
    graph_server: GraphServer,
    settings: SettingsWrapper,
    granted: str,
    part: str,
    code: str,
    other: str,
) -> None:
    graph_directory.change({"roles": [granted]})
    settings.GRAPH_ACCESS_TOKEN = graph_directory.issue("app")
    health.pull(tenant)
    assert sync_of(tenant, part).error_code == code
    assert "Allowed scopes" in sync_of(tenant, part).error_words
    assert sync_of(tenant, other).error_code == ""


def test_what_was_stored_stays_when_a_fetch_fails(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    graph_server.say("issues", {"error": {"code": "x", "message": "Busy"}}, status=400)
    health.pull(tenant)
    sync = sync_of(tenant, Part.HEALTH)
    assert (sync.error_code, sync.error_words) == ("graph_refused", "x: Busy")
    assert sync.succeeded_at < sync.finished_at
    assert ServiceIssue.objects.for_tenant(tenant).count() == 3
    health.pull(tenant)
    assert sync_of(tenant, Part.HEALTH).error_code == ""


def test_a_fetch_under_way_is_not_made_twice(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    assert HealthSync.objects.claim(tenant, Part.HEALTH)
    health.pull(tenant)
    assert not [r for r in graph_server.seen if r.path.endswith("/issues")]


def test_scripts_in_posts_and_messages_are_not_stored(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    evil = '<p onclick="x()">Hello<script>alert(1)</script></p>'
    control(graph_server, post=told.MAIL, text=evil)
    health.pull(tenant)
    newest = IssuePost.objects.filter(issue__issue_id=told.MAIL)[0]
    assert "Hello" in newest.html
    assert "script" not in newest.html
    assert "onclick" not in newest.html


def test_a_post_that_is_worded_anew_stays_the_same_post(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    before = IssuePost.objects.filter(issue__issue_id=told.PRESENCE).get()
    issue = next(row for row in told.here.issues if row["id"] == told.PRESENCE)
    issue["posts"][0]["description"]["content"] = "<p>Worded anew.</p>"
    issue["lastModifiedDateTime"] = "2026-11-25T20:00:00.1234567Z"
    health.pull(tenant)
    after = IssuePost.objects.filter(issue__issue_id=told.PRESENCE).get()
    assert (after.pk, after.html) == (before.pk, "<p>Worded anew.</p>")


@pytest.mark.parametrize(
    ("row", "is_resolved"),
    [
        ({"id": "A", "status": "ServiceRestored"}, True),
        ({"id": "A", "status": "falsePositive", "isResolved": False}, False),
        ({"id": "A", "status": "somethingNew"}, False),
    ],
)
def test_an_issue_without_a_flag_is_over_by_its_status(
    row: dict[str, Any], is_resolved: bool
) -> None:
    assert announcements.parse_issue(row).is_resolved is is_resolved


def test_two_posts_of_the_same_moment_are_both_kept() -> None:
    at = "2026-11-25T20:00:00Z"
    posts = [{"createdDateTime": at, "description": {"content": text}} for text in "ab"]
    issue = announcements.parse_issue({"id": "A", "posts": posts})
    assert [post.html for post in issue.posts] == ["a", "b"]
    assert len({post.key for post in issue.posts}) == 2


def test_only_organisations_with_the_feature_or_access_are_asked_for(
    tenant: Tenant, other_tenant: Tenant, settings: SettingsWrapper
) -> None:
    settings.GRAPH_ACCESS_TOKEN = ""
    assert health.tenants() == []
    settings.GRAPH_ACCESS_TOKEN = "token"
    assert health.tenants() == [tenant.pk]


def test_an_open_issue_that_microsoft_tells_no_longer_has_ended(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    told.here.issues = [row for row in told.here.issues if row["id"] != told.MAIL]
    health.pull(tenant)
    gone = ServiceIssue.objects.get(issue_id=told.MAIL)
    assert gone.is_resolved
    assert gone.shown.label == "No longer told by Microsoft"
    health.pull(tenant)
    assert ServiceIssue.objects.for_tenant(tenant).open().count() == 1


def test_the_sandbox_tells_the_same_story_after_a_restart() -> None:
    before = [told.rows(name) for name in ("healthOverviews", "issues", "messages")]
    told.reset()
    after = [told.rows(name) for name in ("healthOverviews", "issues", "messages")]
    assert before == after
