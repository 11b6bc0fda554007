"""The index and the search: the same order on both databases, and what moves it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.benchmarks import solutions_judged as judged
from tests.factories import ServiceIssueFactory, ServiceMessageFactory, UserFactory
from tickets.support.health_models import IssuePost
from tickets.support.solutions import (
    feedback,
    index,
    postings,
    ranking,
    search,
    sources,
)
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document, Feedback

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Tenant

pytestmark = pytest.mark.django_db
LIBRARY, HEALTH = Document.Source.LIBRARY, Document.Source.SERVICE_HEALTH
MESSAGES = Document.Source.MESSAGE_CENTER


def found(tenant: Tenant, text: str, limit: int = 5) -> list[str]:
    return [hit.document.key for hit in search.find(tenant, text, limit=limit)]


def put(tenant: Tenant, *entries: Entry, source: str = LIBRARY, **more: Any) -> int:
    return index.put(tenant, source, entries, **more)


def test_the_order_is_the_same_on_every_database(tenant: Tenant) -> None:
    judged.fill(tenant)
    assert {text: found(tenant, text) for text in judged.ORDERS} == judged.ORDERS


def test_what_is_put_again_is_left_alone_and_what_is_gone_leaves(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    one = Entry("1", "Outlook crashes", "Repair it")
    two = Entry("2", "Outlook hangs", "Wait")
    assert put(other_tenant, two) == 1
    assert put(tenant, one, two) == 2
    assert put(tenant, one, two) == 0
    assert set(found(tenant, "outlook")) == {"1", "2"}
    changed = Entry("1", "Outlook crashes", "Repair Office quickly")
    assert put(tenant, changed) == 1
    assert found(tenant, "outlook") == ["1"]
    assert found(tenant, "quickly") == ["1"]
    assert found(other_tenant, "outlook") == ["2"]
    gone = Document.objects.for_tenant(tenant).get(key="2")
    assert (gone.is_active, gone.text, gone.terms) == (False, "", "")
    assert put(tenant, changed, two) == 1, "it may come back"
    assert set(found(tenant, "outlook")) == {"1", "2"}


def test_sources_and_instances_keep_to_their_own(tenant: Tenant) -> None:
    for number, origin in enumerate(("https://a.example", "https://b.example")):
        put(
            tenant,
            Entry(f"{number}", "VPN slow"),
            source="knowledge_base",
            origin=origin,
        )
    put(tenant, Entry("0", "VPN slow too"))
    put(tenant, source="knowledge_base", origin="https://a.example")
    assert sorted(found(tenant, "vpn")) == ["0", "1"]


def test_what_breaks_a_query_language_is_only_words(tenant: Tenant) -> None:
    put(tenant, Entry("1", "Printer offline", "x"))
    for text in ('"', "' OR 1=1 --", 'printer" OR *', "NEAR(printer)", "a & b | !c:*"):
        assert found(tenant, text) in ([], ["1"])
    assert found(tenant, "printer\x00offline") == ["1"]
    assert found(tenant, "") == found(tenant, "the of and") == []


def test_contents_are_bounded(tenant: Tenant) -> None:
    put(tenant, Entry("1", "t" * 900, "word " * 20_000, html="<p>x</p>" * 20_000))
    row = Document.objects.get()
    assert (len(row.title), len(row.text), row.html) == (500, 30_000, "")


def test_a_removed_organisation_leaves_nothing_in_the_index(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    put(other_tenant, Entry("1", "Printer"))
    put(tenant, Entry("1", "Printer"))
    other_tenant.delete()
    index.tidy()
    assert found(tenant, "printer") == ["1"]
    if database.vendor == "sqlite":
        with database.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {postings.TABLE}")  # noqa: S608
            assert cursor.fetchone() == (1,)


def test_how_rare_a_word_is_does_not_depend_on_others(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    put(tenant, Entry("1", "Printer"))
    put(other_tenant, *(Entry(f"{n}", "Printer") for n in range(9)))
    [found_here] = postings.find(tenant, ["printer"]).values()
    assert len(found_here) == 1


def test_meanings_find_each_other(tenant: Tenant) -> None:
    put(
        tenant,
        Entry("mfa", "Set up multifactor authentication"),
        Entry("ost", "Rebuild the offline data file"),
        Entry("other", "Book a room"),
    )
    assert found(tenant, "2FA for the new phone") == ["mfa"]
    assert found(tenant, "OST broken") == ["ost"]
    [hit] = search.find(tenant, "need two-step verification help")
    assert hit.matched_words == ("two-step verification",)
    assert hit.title == "Set up <mark>multifactor authentication</mark>"


def test_an_error_code_outweighs_words(tenant: Tenant) -> None:
    put(
        tenant,
        Entry("code", "Connection problem", "The server said 0x800CCC0E."),
        Entry("words", "Outlook cannot send mail", "Outlook cannot send any mail."),
    )
    assert found(tenant, "Outlook cannot send mail 0x800ccc0e")[0] == "code"


def test_the_service_a_word_means_decides_between_likes(tenant: Tenant) -> None:
    text = "Sign out and in again."
    put(
        tenant,
        Entry("a", "Search finds nothing", text, services=["SharePoint Online"]),
        Entry("b", "Search finds nothing", text, services=["Exchange Online"]),
    )
    assert found(tenant, "outlook search finds nothing") == ["b", "a"]
    assert found(tenant, "sharepoint search finds nothing") == ["a", "b"]


def test_an_open_issue_comes_first_and_one_that_ended_last(tenant: Tenant) -> None:
    same = {"title": "Mails arrive late", "text": "Delays."}
    put(tenant, Entry("library", **same), source=MESSAGES)
    put(
        tenant,
        Entry("open", **same, is_open=True),
        Entry("over", **same),
        source=HEALTH,
    )
    assert found(tenant, "mails late") == ["open", "library", "over"]


def test_a_message_counts_less_as_it_ages(tenant: Tenant) -> None:
    now = timezone.now()
    entries = [
        Entry(f"{days}", "New Outlook", updated_at=now - timedelta(days=days))
        for days in (400, 5, 100)
    ]
    put(tenant, *entries, source=MESSAGES)
    assert found(tenant, "new outlook") == ["5", "100", "400"]


def test_the_first_line_says_what_it_is_about(tenant: Tenant) -> None:
    put(tenant, Entry("vpn", "VPN drops"), Entry("printer", "Printer offline"))
    assert found(tenant, "printer\nvpn")[0] == "printer"
    assert found(tenant, "vpn\nprinter")[0] == "vpn"


def test_what_hardly_matches_is_not_shown(tenant: Tenant) -> None:
    put(tenant, Entry("1", "Printer offline"), Entry("2", "Call " + "x " * 30, "open"))
    text = "printer offline after driver update since windows patch, also an open call"
    assert found(tenant, text) == ["1"]


def vote(
    tenant: Tenant, key: str, *, voters: range, helpful: bool, text: str, times: int = 1
) -> None:
    document = Document.objects.for_tenant(tenant).get(key=key)
    asked = ranking.question(text)
    for number in voters:
        for again in range(times):
            feedback.give(
                document,
                feedback.Voter(f"person {number}", Feedback.Via.PORTAL),
                search=feedback.search_id(tenant, [*asked.terms, str(again)]),
                terms=feedback.join(asked.terms),
                is_helpful=helpful,
            )


QUESTION = "teams does not start"


@pytest.fixture
def twins(tenant: Tenant) -> Tenant:
    """Two documents of which the first is a little better."""
    put(
        tenant,
        Entry("better", "Teams does not start", "Clear the cache."),
        Entry("worse", "Teams does not start", "Clear the cache. Or reinstall it all."),
    )
    assert found(tenant, QUESTION) == ["better", "worse"]
    return tenant


def test_one_opinion_turns_no_order_but_several_do(twins: Tenant) -> None:
    vote(twins, "worse", voters=range(1), helpful=True, text=QUESTION)
    assert found(twins, QUESTION) == ["better", "worse"]
    vote(twins, "worse", voters=range(1, 4), helpful=True, text=QUESTION)
    assert found(twins, QUESTION) == ["worse", "better"]


def test_somebody_who_says_it_often_counts_once(twins: Tenant) -> None:
    vote(twins, "worse", voters=range(1), helpful=True, text=QUESTION, times=9)
    assert found(twins, QUESTION) == ["better", "worse"]


def test_nobody_fills_the_table_of_opinions(twins: Tenant) -> None:
    vote(twins, "worse", voters=range(1), helpful=True, text=QUESTION, times=30)
    assert Feedback.objects.count() == 20


def test_several_who_were_not_helped_push_a_document_down(twins: Tenant) -> None:
    vote(twins, "better", voters=range(4), helpful=False, text=QUESTION)
    assert found(twins, QUESTION) == ["worse", "better"]


def test_opinions_on_other_searches_count_less(tenant: Tenant) -> None:
    put(tenant, Entry("1", "Teams does not start"))
    vote(tenant, "1", voters=range(5), helpful=True, text="printer paper jam tray")
    [key] = Document.objects.values_list("pk", flat=True)
    other = feedback.factors([key], ranking.question(QUESTION).weights)[key]
    same = feedback.factors([key], ranking.question("printer paper jam tray").weights)
    assert 1 < other < 1.05 < same[key]


def test_an_opinion_can_be_changed(tenant: Tenant) -> None:
    put(tenant, Entry("1", "Teams does not start"))
    document, person = Document.objects.get(), UserFactory()
    name = feedback.search_id(tenant, ["team"])
    for is_helpful in (True, False):
        feedback.give(
            document,
            feedback.person(person),
            search=name,
            terms="team",
            is_helpful=is_helpful,
        )
    said = feedback.opinions([document.pk], name, feedback.person(person))
    assert said == {document.pk: False}
    assert Feedback.objects.count() == 1


def test_issues_and_messages_are_found_as_they_are_stored(tenant: Tenant) -> None:
    issue = ServiceIssueFactory(
        tenant=tenant,
        issue_id="EX99",
        title="Delays receiving email",
        modified_at=timezone.now(),
    )
    IssuePost.objects.create(
        issue=issue, key="1", created_at=timezone.now(), html="<p>Queue backlog</p>"
    )
    old = timezone.now() - timedelta(days=60)
    ServiceIssueFactory(
        tenant=tenant, issue_id="EX1", is_resolved=True, modified_at=old
    )
    ServiceMessageFactory(
        tenant=tenant, message_id="MC77", title="Teams recordings expire", text="Soon"
    )
    sources.put_issues(tenant)
    sources.put_messages(tenant)
    assert found(tenant, "queue backlog") == ["EX99"]
    assert found(tenant, "EX99") == ["EX99"], "its number is a word of it"
    assert found(tenant, "recording expired") == ["MC77"]
    assert not Document.objects.filter(key="EX1").exists()
    issue.is_resolved = True
    issue.save()
    sources.put_issues(tenant)
    row = Document.objects.get(key="EX99")
    assert (row.is_open, row.is_active) == (False, True)


def test_a_search_costs_few_queries(
    tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    judged.fill(tenant)
    asked = ranking.question("teams white screen\nmessages")
    # One per term, and those around them.
    with django_assert_max_num_queries(len(asked.terms) + 8):
        search.answer(tenant, asked)
