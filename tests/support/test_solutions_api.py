"""Recommended solutions in the connector API: search, what was shown, feedback."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.factories import RepositoryFactory
from tickets.support.solutions import index, searches
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document, Feedback, Search

if TYPE_CHECKING:
    from connector.models import Tenant
    from tests.support.calling import Instance
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db
SYS_ID = "9d385017c611228701d22104cc95c371"
INCIDENT = {"sys_id": SYS_ID, "number": "INC0010023"}


@pytest.fixture
def filled(tenant: Tenant) -> Tenant:
    entry = Entry(
        "1",
        "Reset multifactor authentication",
        "Delete the old <method> first.",
        url="/support/solutions/library/1/",
        html="<p>Delete it.</p>",
    )
    index.put(tenant, Document.Source.LIBRARY, [entry])
    article = Entry(
        "x/1",
        "Multifactor authentication explained",
        "Why there is a second factor.",
        url="https://contoso.service-now.com/kb_view.do?sys_kb_id=1",
        html="<p>Not for the API.</p>",
        number="KB0010001",
    )
    index.put(tenant, Document.Source.KNOWLEDGE_BASE, [article], origin="x")
    return tenant


def test_an_agent_finds_solutions_for_an_incident(
    filled: Tenant, calling: Instance
) -> None:
    body = {"short_description": "MFA reset", "incident": INCIDENT, "limit": 3}
    answer = calling.post("/solutions/search", body)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    first, second = said["solutions"]
    assert first["title"] == "Reset multifactor authentication"
    assert first["source"] == "library"
    assert first["source_label"] == "Library"
    assert first["url"] == "http://testserver/support/solutions/library/1/"
    assert first["html"] == "<p>Delete it.</p>"
    assert first["matched_words"] == ["MFA", "reset"]
    assert first["snippet"] == "Delete the old <method> first."
    assert first["score"] > second["score"] > 0
    assert second["number"] == "KB0010001"
    assert second["url"].startswith("https://contoso.service-now.com/")
    assert "html" not in second, "an article is read on its instance"
    kept = Search.objects.get()
    assert str(kept.search_id) == said["search_id"]
    assert (kept.incident, kept.user_name) == (SYS_ID, "it.agent")
    assert kept.terms == "mfa reset"


def test_a_snippet_is_plain_text_whatever_matches(
    tenant: Tenant, calling: Instance
) -> None:
    text = "A 5 > 4 reset & a written &lt;mark&gt; stay; so does </b>."
    entry = Entry("1", "MFA", text, url="/support/solutions/library/1/")
    index.put(tenant, Document.Source.LIBRARY, [entry])
    [one] = calling.post("/solutions/search", {"text": "mfa reset"}).json()["solutions"]
    assert one["snippet"] == text


def test_what_was_shown_for_an_incident_comes_again(
    filled: Tenant, calling: Instance
) -> None:
    never = calling.get(f"/solutions?incident={SYS_ID}").json()
    assert never == {"search_id": None, "searched_at": None, "solutions": []}
    body = {"text": "multifactor reset", "incident": INCIDENT}
    shown = calling.post("/solutions/search", body).json()
    # Another incident's search, and one for none, are not this one's.
    calling.post("/solutions/search", {"text": "explained"})
    again = calling.get(f"/solutions?incident={SYS_ID}").json()
    assert again.pop("searched_at")
    assert again == shown
    index.put(filled, Document.Source.LIBRARY, [])
    left = calling.get(f"/solutions?incident={SYS_ID}").json()["solutions"]
    assert [one["number"] for one in left] == ["KB0010001"]


def test_a_search_of_another_repository_is_not_shown(
    filled: Tenant, calling: Instance
) -> None:
    calling.post("/solutions/search", {"text": "reset", "incident": INCIDENT})
    calling.repository = RepositoryFactory(tenant=filled)
    assert calling.get(f"/solutions?incident={SYS_ID}").json()["solutions"] == []


def test_an_agent_says_what_helped_and_may_change_it(
    filled: Tenant, calling: Instance
) -> None:
    shown = calling.post("/solutions/search", {"text": "mfa reset"}).json()
    path = f"/solutions/{shown['solutions'][0]['id']}/feedback"
    body = {"helpful": True, "search_id": shown["search_id"], "comment": "Did it"}
    assert calling.post(path, body).status_code == 204
    assert calling.post(path, body | {"helpful": False}).status_code == 204
    [row] = Feedback.objects.all()
    assert (row.is_helpful, row.via, row.terms) == (False, "connector", "mfa reset")
    assert row.voter.endswith(":it.agent")
    calling.user_name = "lee.gu"
    assert calling.post(path, body).status_code == 204
    assert Feedback.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "x", "limit": 0}, "limit"),
        ({"text": "x", "limit": 21}, "limit"),
        ({"text": "x", "limit": "5"}, "limit"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": "x", "incident": {"sys_id": "short"}}, "incident.sys_id"),
        ({"text": "x", "incident": {"sys_id": "a" * 32 + "\n"}}, "incident.sys_id"),
        ({"text": "x", "incident": "INC1"}, "incident"),
    ],
)
def test_a_wrong_member_of_a_search_is_named(
    filled: Tenant, calling: Instance, body: Any, member: str
) -> None:
    answer = calling.post("/solutions/search", body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert member in error["fields"]
    assert not Search.objects.exists()


def test_feedback_on_what_was_not_shown_is_refused(
    filled: Tenant, other_tenant: Tenant, calling: Instance
) -> None:
    shown = calling.post("/solutions/search", {"text": "explained"}).json()
    body = {"helpful": True, "search_id": shown["search_id"]}
    other = Document.objects.get(key="1")
    assert calling.post(f"/solutions/{other.pk}/feedback", body).status_code == 404
    assert calling.post("/solutions/nonsense/feedback", body).status_code == 404
    good = f"/solutions/{shown['solutions'][0]['id']}/feedback"
    unknown = calling.post(good, body | {"search_id": str(uuid4())})
    assert unknown.status_code == 400
    assert "search_id" in unknown.json()["error"]["fields"]
    assert calling.post(good, {"search_id": shown["search_id"]}).status_code == 400
    calling.repository = RepositoryFactory(tenant=filled)
    assert calling.post(good, body).status_code == 400, "of another repository"
    assert not Feedback.objects.exists()


def test_another_organisation_finds_its_own_only(
    filled: Tenant, other_tenant: Tenant, calling: Instance
) -> None:
    entry = Entry("9", "Multifactor authentication elsewhere")
    index.put(other_tenant, Document.Source.LIBRARY, [entry])
    found = calling.post("/solutions/search", {"text": "multifactor"}).json()
    assert len(found["solutions"]) == 2


def test_insights_only_has_solutions_and_needs_the_role(
    filled: Tenant, calling: Instance, integration: SupportIntegration
) -> None:
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    calling.repository.entered_for = "insights"
    calling.repository.save()
    assert calling.post("/solutions/search", {"text": "mfa"}).status_code == 200
    calling.roles = "itil"
    refused = calling.post("/solutions/search", {"text": "mfa"})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "role_missing"


def test_searches_are_forgotten_after_180_days(
    filled: Tenant, calling: Instance
) -> None:
    for text in ("mfa", "reset"):
        calling.post("/solutions/search", {"text": text})
    Search.objects.filter(terms="mfa").update(at=timezone.now() - timedelta(days=181))
    searches.tidy()
    assert [row.terms for row in Search.objects.all()] == ["reset"]
