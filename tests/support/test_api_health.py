"""Service health incidents for an incident of the instance: matched, ordered, told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from tests.factories import IssuePostFactory, ServiceIssueFactory
from tickets.support import fulltext, issue_search, post_parts

if TYPE_CHECKING:
    from connector.models import Tenant
    from tests.support.calling import Instance
    from tickets.support.health_models import ServiceIssue

pytestmark = pytest.mark.django_db
PATH = "/health-incidents/search"
LATE = {
    "short_description": "Outlook: mails from partners come hours late",
    "description": "Delivery of external mails is delayed since the morning.",
}
UPDATE = (
    "<p><b>User impact:</b> mail arrives late.</p>"
    "<p>Scope of impact: some users behind the <i>northern</i> queue.<br>"
    "A second line of it.</p>"
    "<p>Next update by: Thursday, March 5, 2026, at 6:30 PM UTC</p>"
)


def issue(tenant: Tenant, **more: Any) -> ServiceIssue:
    usual = {
        "title": "Delivery of mail is delayed",
        "feature": "E-mail timely delivery",
        "service": "Exchange Online",
    }
    return ServiceIssueFactory(tenant=tenant, **usual | more)


def search(calling: Instance, **body: Any) -> list[dict[str, Any]]:
    answer = calling.post(PATH, body or LATE)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["incidents"]
    return found


def test_an_incident_learns_what_microsoft_knows(
    calling: Instance, tenant: Tenant
) -> None:
    one = issue(
        tenant,
        impact="Mail &amp; calendars <b>late</b>",
        status="servicedegradation",
        classification="incident",
    )
    IssuePostFactory(issue=one, html="Older", created_at=moment(hours=-3))
    IssuePostFactory(issue=one, html=UPDATE, created_at=moment(hours=-1))
    [found] = search(calling)
    assert found["id"] == one.issue_id
    assert found["title"] == one.title
    assert (found["status"], found["status_label"]) == (
        "servicedegradation",
        "Service degradation",
    )
    assert found["classification"] == "incident"
    assert found["user_impact"] == "Mail & calendars late"
    assert found["scope"] == (
        "some users behind the northern queue.\nA second line of it."
    )
    assert found["next_update_at"] == "2026-03-05T18:30:00+00:00"
    assert found["next_update"] == "Thursday, March 5, 2026, at 6:30 PM UTC"
    assert found["latest_update"].startswith("User impact: mail arrives late.")
    assert "<" not in found["latest_update"]
    assert found["url"] == f"http://testserver/support/health/{one.issue_id}/"
    assert found["resolved"] is False
    assert found["score"] >= 60
    assert {"delayed", "delivery", "outlook"} <= set(found["matched_words"])


def moment(**span: int) -> datetime:
    return timezone.now() + timedelta(**span)


def test_what_an_older_update_promised_is_not_told_again(
    calling: Instance, tenant: Tenant
) -> None:
    one = issue(tenant)
    IssuePostFactory(issue=one, html=UPDATE, created_at=moment(hours=-3))
    IssuePostFactory(issue=one, html="All is well.", created_at=moment(hours=-1))
    [found] = search(calling)
    assert (found["next_update"], found["next_update_at"]) == ("", None)
    assert found["scope"].startswith("some users")
    assert found["latest_update"] == "All is well."


def test_a_resolved_issue_is_marked_for_a_day_and_promises_nothing(
    calling: Instance, tenant: Tenant
) -> None:
    over = {"is_resolved": True, "status": "servicerestored"}
    lately = issue(tenant, ended_at=moment(hours=-23), **over)
    IssuePostFactory(issue=lately, html=UPDATE)
    # Its review came out today; it ended long ago.
    issue(tenant, ended_at=moment(hours=-25), modified_at=moment(hours=-1), **over)
    untold = issue(tenant, ended_at=None, modified_at=moment(hours=-2), **over)
    issue(tenant, ended_at=None, modified_at=moment(hours=-30), **over)
    still = issue(tenant)
    found = search(calling)
    # The same score: what is open comes first.
    assert [one["id"] for one in found] == [
        still.issue_id,
        untold.issue_id,
        lately.issue_id,
    ] or next(one["id"] for one in found) == still.issue_id
    assert {one["id"] for one in found if one["resolved"]} == {
        lately.issue_id,
        untold.issue_id,
    }
    assert all(one["next_update_at"] is None for one in found)


def test_the_best_comes_first_and_ten_are_enough(
    calling: Instance, tenant: Tenant
) -> None:
    for _ in range(11):
        issue(tenant, title="Mail rules fail", feature="Mail rules")
    best = issue(tenant, title="Delivery of external mail is delayed")
    text = "Outlook: external mail delayed, delivery takes hours, rules fail"
    found = search(calling, short_description=text)
    assert len(found) == 10
    assert found[0]["id"] == best.issue_id
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True)


def test_an_incident_comes_before_an_advisory_and_the_newest_first(
    calling: Instance, tenant: Tenant
) -> None:
    advisory = issue(tenant, classification="advisory", modified_at=moment(hours=-1))
    old = issue(tenant, classification="incident", modified_at=moment(hours=-9))
    new = issue(tenant, classification="incident", modified_at=moment(hours=-2))
    found = [one["id"] for one in search(calling)]
    assert found == [new.issue_id, old.issue_id, advisory.issue_id]


def test_something_else_finds_nothing(calling: Instance, tenant: Tenant) -> None:
    issue(tenant)
    assert search(calling, short_description="Printer on floor 3 jams") == []
    assert search(calling, short_description="Outlook signature is wrong") == []
    assert search(calling, short_description="") == []


def test_the_service_counts_as_if_the_text_named_it(
    calling: Instance, tenant: Tenant
) -> None:
    one = issue(tenant)
    text = "Everything is delayed today"
    assert search(calling, short_description=text) == []
    [found] = search(calling, short_description=text, service="exchange online")
    assert found["id"] == one.issue_id
    assert found["matched_words"] == ["Exchange Online", "delayed"]
    assert search(calling, short_description=text, service="Microsoft Teams") == []


def test_issues_of_another_organisation_do_not_exist(
    calling: Instance, other_tenant: Tenant
) -> None:
    issue(other_tenant)
    assert search(calling) == []


def test_words_are_found_in_other_forms_and_signs_do_no_harm() -> None:
    text = 'He said "100% broken"\0 & Mailboxes delayed (exchange, online)'
    terms = ["delay", "mailbox", "exchange online", "online exchange", 'a"b* OR (']
    assert fulltext.terms_in(text, terms) == {"delay", "mailbox", "exchange online"}
    assert fulltext.terms_in("  ", terms) == set()
    assert fulltext.terms_in(text, []) == set()


def test_issues_that_are_called_alike_are_all_found(tenant: Tenant) -> None:
    for _ in range(8):
        issue(tenant)
    assert len(issue_search.find(tenant, "outlook delivery delayed")) == 8


def test_a_search_asks_few_questions(
    tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        IssuePostFactory(issue=issue(tenant))
    with django_assert_max_num_queries(3):
        assert len(issue_search.find(tenant, "outlook delivery delayed")) == 10


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("Thursday, March 5, 2026, at 6:30 PM UTC", 18, 30),
        ("March 5, 2026 12:05 AM UTC", 0, 5),
        ("thursday, march 5, 2026, at 12 p.m. (UTC)", 12, 0),
        ("by March  5, 2026, at 9 AM UTC at the latest", 9, 0),
    ],
)
def test_a_time_is_read_as_microsoft_writes_it(
    text: str, hour: int, minute: int
) -> None:
    expected = datetime(2026, 3, 5, hour, minute, tzinfo=UTC)
    assert post_parts.moment(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the end of the day",
        "February 30, 2026, at 6 PM UTC",
        "6:99 PM UTC",
        "March 5, 2026, at 6:30 PM PST",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert post_parts.moment(text) is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"roles": ""}, 403, "role_missing"),
        ({"roles": "administrator"}, 200, ""),
        ({"roles": "insights_user"}, 200, ""),
    ],
)
def test_an_agent_needs_a_role(
    calling: Instance, change: dict[str, str], status: int, code: str
) -> None:
    calling.roles = change["roles"]
    answer = calling.post(PATH, LATE)
    assert answer.status_code == status
    if code:
        assert answer.json()["error"]["code"] == code


def test_an_unknown_member_is_named(calling: Instance) -> None:
    answer = calling.post(PATH, {**LATE, "caller": "Abel"})
    assert answer.json()["error"]["fields"] == {"caller": "Unknown member."}
