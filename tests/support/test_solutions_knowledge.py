"""Knowledge bases over the wire: what is taken over, by whom, and what goes wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone
from responses.matchers import query_param_matcher

from connector.models import AuditEvent
from connector.sandbox.schema import TABLES
from tests.factories import ConnectionFactory, KnowledgeSourceFactory, RepositoryFactory
from tests.support.conftest import WORD
from tickets.support.call_models import ConnectorCall
from tickets.support.solutions import knowledge, readers, search
from tickets.support.solutions.models import Document, KnowledgeSource

if TYPE_CHECKING:
    from collections.abc import Callable

    import responses
    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection, Tenant
    from connector.sandbox.server import Running
    from tickets.support.models import Repository, SupportIntegration

pytestmark = pytest.mark.django_db
PAGE = "/support/solutions/knowledge/"
HR = "b" * 32


@pytest.fixture
def source(
    repository: Repository, prepare: Callable[..., None], instance: Running
) -> KnowledgeSource:
    """The knowledge base of the repository's instance, switched on."""
    prepare()
    found: KnowledgeSource = KnowledgeSourceFactory(
        tenant=repository.tenant, endpoint=instance.url
    )
    return found


def pull(source: KnowledgeSource) -> KnowledgeSource:
    KnowledgeSource.objects.filter(pk=source.pk).update(due_at=timezone.now())
    knowledge.pull(source.pk)
    source.refresh_from_db()
    return source


def write(instance: Running, number: str, **values: str) -> None:
    """Change an article on the instance, or make one."""
    store = instance.store
    table = TABLES["kb_knowledge"]
    row = store.first("kb_knowledge", number=number)
    if row:
        store.update(table, row["sys_id"], values)
    else:
        shown = {"workflow_state": "published", "active": "true", "language": "en"}
        store.insert(table, {"number": number, **shown, **values})


def titles(tenant: Tenant) -> set[str]:
    rows = Document.objects.for_tenant(tenant).active()
    return set(rows.values_list("title", flat=True))


def calls(instance: Running) -> list[str]:
    """Return the requests for knowledge since the last time."""
    rows = ConnectorCall.objects.filter(purpose="knowledge").order_by("pk")
    found = [row.address.removeprefix(instance.url) for row in rows]
    ConnectorCall.objects.all().delete()
    return [one for one in found if "sn_km_api" in one]


def test_published_articles_are_taken_over_and_found(
    source: KnowledgeSource, instance: Running
) -> None:
    pull(source)
    assert source.error_code == ""
    assert (source.articles, source.read_as) == (2, "integration.user")
    [first, *_] = search.find(source.tenant, "add a second factor to my security info")
    row = first.document
    assert (row.number, row.source) == ("KB0000101", "knowledge_base")
    assert row.url.startswith(f"{instance.url}/kb_view.do?sys_kb_id=")
    assert "add a method and confirm it" in row.text
    assert "Guest access" not in titles(source.tenant), "a draft stays there"
    assert source.due_at > timezone.now() + timedelta(minutes=50)


def test_only_what_changed_is_read_again(
    source: KnowledgeSource, instance: Running
) -> None:
    pull(source)
    assert len(calls(instance)) == 2, "the list, and all texts at once"
    pull(source)
    assert len(calls(instance)) == 1
    write(
        instance,
        "KB0000102",
        short_description="Old printers",
        sys_updated_on="2031-01-01 00:00:00",
    )
    pull(source)
    assert len(calls(instance)) == 2
    assert titles(source.tenant) == {
        "Set up multifactor authentication",
        "Old printers",
    }


def test_what_was_withdrawn_leaves_the_search(
    source: KnowledgeSource, instance: Running
) -> None:
    pull(source)
    write(instance, "KB0000102", workflow_state="retired")
    pull(source)
    assert titles(source.tenant) == {"Set up multifactor authentication"}
    assert source.articles == 1


def test_many_articles_come_page_by_page(
    source: KnowledgeSource, instance: Running
) -> None:
    for number in range(230):
        write(instance, f"KB1{number:06}", short_description=f"Tip {number}", text="x")
    pull(source)
    assert source.articles == 232
    assert len(calls(instance)) == 6, "three pages, each with its texts"


def test_knowledge_bases_may_be_left_out(
    source: KnowledgeSource, instance: Running
) -> None:
    it = instance.store.first("kb_knowledge_base", title="IT")["sys_id"]
    for number in ("KB0000101", "KB0000102"):
        write(instance, number, kb_knowledge_base=it)
    write(
        instance,
        "KB0009001",
        short_description="Salaries",
        text="secret",
        kb_knowledge_base=HR,
    )
    pull(source)
    assert "Salaries" in titles(source.tenant)
    assert set(source.seen_bases) == {it, HR}
    knowledge.configure(source, is_enabled=True, bases=[it])
    assert titles(source.tenant) == set(), "at once, whatever the instance says"
    pull(source)
    assert titles(source.tenant) == {
        "Set up multifactor authentication",
        "Why old mail programs stop working",
    }
    knowledge.configure(source, is_enabled=False, bases=[])
    assert titles(source.tenant) == set()


def keep_texts_back(instance: Running, mocked: responses.RequestsMock) -> None:
    """Have the list of articles lack their texts, as those of templates do."""
    nothing = {"result": {"meta": {"count": 0}, "articles": []}}
    asked = query_param_matcher({"fields": "text"}, strict_match=False)
    mocked.get(
        f"{instance.url}/api/sn_km_api/knowledge/articles",
        match=[asked],
        json=nothing,
    )


def test_more_texts_than_one_walk_may_ask_for_wait_for_the_next(
    source: KnowledgeSource, instance: Running, mocked: responses.RequestsMock
) -> None:
    for number in range(knowledge.MOST_SINGLE):
        write(instance, f"KB1{number:06}", short_description=f"Tip {number}", text="x")
    keep_texts_back(instance, mocked)
    pull(source)
    assert source.due_at < timezone.now() + timedelta(minutes=11)
    assert source.articles == knowledge.MOST_SINGLE + 2, "found by what is known"
    calls(instance)
    pull(source)
    assert len([one for one in calls(instance) if "/articles/" in one]) == 2
    assert source.due_at > timezone.now() + timedelta(minutes=50)


def test_a_text_the_list_keeps_is_read_by_itself(
    source: KnowledgeSource,
    instance: Running,
    mocked: responses.RequestsMock,
) -> None:
    keep_texts_back(instance, mocked)
    pull(source)
    assert source.error_code == ""
    assert len([one for one in calls(instance) if "/articles/" in one]) == 2
    [hit] = search.find(source.tenant, "confirm the method")
    assert "add a method and confirm it" in hit.document.text


def test_a_missing_interface_is_named_with_its_repair(
    source: KnowledgeSource,
    instance: Running,
    mocked: responses.RequestsMock,
    helpdesk: User,
    client_for: Callable[[User], Client],
) -> None:
    words = "Requested URI does not represent any resource"
    url = f"{instance.url}/api/sn_km_api/knowledge/articles"
    mocked.get(url, status=400, json={"error": {"message": words, "detail": None}})
    pull(source)
    assert source.error_code == "invalid_path"
    page = client_for(helpdesk).get(PAGE).content.decode()
    assert "The instance has no knowledge interface" in page
    assert "sn_km_api" in page
    assert words in page


def test_missing_rights_are_said_in_the_instances_words(
    source: KnowledgeSource, instance: Running
) -> None:
    pull(source)
    instance.faults.add("api_acl", path="all", method="GET")
    pull(source)
    assert source.error_code in {"api_acl", "acl", "forbidden"}
    assert source.error_words
    assert source.articles == 2, "what was taken over stays"
    assert source.due_at > timezone.now() + timedelta(hours=5)


def test_the_instances_own_pause_is_kept(
    source: KnowledgeSource, instance: Running
) -> None:
    instance.faults.add("rate_limit", path="all", method="GET")
    before = timezone.now()
    pull(source)
    assert source.error_code == "rate_limited"
    assert before + timedelta(minutes=9) < source.due_at
    assert knowledge.request(source) is False, "asking does not shorten it"


def test_a_wrong_password_is_tried_once_and_not_soon_again(
    source: KnowledgeSource, repository: Repository, instance: Running
) -> None:
    repository.rest_password = "wrong"
    repository.save()
    pull(source)
    assert source.error_code == "basic_rejected"
    assert ConnectorCall.objects.filter(purpose="knowledge").count() == 1
    assert source.due_at > timezone.now() + timedelta(hours=5)
    written = str(list(ConnectorCall.objects.values()))
    assert WORD not in written


def test_the_connection_reads_where_no_repository_does(
    connection: Connection, integration: SupportIntegration
) -> None:
    readers.ensure_sources(connection.tenant)
    source = KnowledgeSource.objects.get()
    assert source.is_enabled is False, "nobody decided yet"
    assert knowledge.due() == []
    knowledge.configure(source, is_enabled=True, bases=[])
    assert knowledge.due() == [source.pk]
    pull(source)
    assert source.error_code == ""
    assert source.articles == 2
    assert source.read_as == connection.integration_user


def test_insights_only_never_calls_the_instance(
    source: KnowledgeSource, integration: SupportIntegration, instance: Running
) -> None:
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    ConnectionFactory(tenant=source.tenant, base_url=instance.url)
    pull(source)
    assert source.error_code == "knowledge_nobody_reads"
    assert calls(instance) == []


def test_another_set_up_takes_the_articles_out_of_the_search(
    source: KnowledgeSource, integration: SupportIntegration
) -> None:
    pull(source)
    assert titles(source.tenant)
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    pull(source)
    assert titles(source.tenant) == set()


def test_the_articles_of_a_removed_instance_go_with_it(
    source: KnowledgeSource, repository: Repository
) -> None:
    pull(source)
    readers.ensure_sources(source.tenant)
    assert titles(source.tenant)
    repository.delete()
    readers.ensure_sources(source.tenant)
    assert titles(source.tenant) == set()
    assert not KnowledgeSource.objects.exists()


def test_a_clone_of_an_instance_has_articles_of_its_own(
    source: KnowledgeSource, instance: Running
) -> None:
    clone = KnowledgeSourceFactory(
        tenant=source.tenant,
        endpoint=instance.url.replace("127.0.0.1", "localhost"),
    )
    RepositoryFactory(
        tenant=source.tenant,
        endpoint=clone.endpoint,
        rest_username="integration.user",
        rest_password=WORD,
    )
    pull(source)
    before = Document.objects.active().count()
    knowledge.configure(clone, is_enabled=False, bases=[])
    assert Document.objects.active().count() == before


def test_two_workers_do_not_pull_at_once(source: KnowledgeSource) -> None:
    assert KnowledgeSource.objects.claim(source.pk)
    assert KnowledgeSource.objects.claim(source.pk) is None


def save(browser: Client, source: KnowledgeSource, **values: Any) -> tuple[int, str]:
    url = reverse("support:knowledge_save", args=[source.pk])
    answer = browser.post(url, values)
    return answer.status_code, answer.content.decode()


def test_an_administrator_says_what_is_taken_over(
    source: KnowledgeSource, helpdesk: User, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(helpdesk)
    page = browser.get(PAGE).content.decode()
    assert "may see more than those who search" in page
    status, said = save(browser, source, is_enabled="on", bases="not-an-id")
    assert status == 422
    assert "is no sys_id" in said
    assert "not-an-id" in said
    status, said = save(browser, source, is_enabled="on", bases=f"{HR}\n{HR}, ")
    assert status == 302
    source.refresh_from_db()
    assert source.bases == [HR]
    event = AuditEvent.objects.get(action="solution.knowledge_configured")
    assert event.facts["knowledge_bases"] == [HR]


def test_without_a_decision_the_page_says_what_comes_first(
    tenant: Tenant, helpdesk: User, client_for: Callable[[User], Client]
) -> None:
    page = client_for(helpdesk).get(PAGE).content.decode()
    assert "The two questions come first" in page
