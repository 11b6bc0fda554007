"""Pages of recommended solutions: search, opinions, library, import, beside a ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    SolutionFactory,
    TicketFactory,
)
from tickets.support.solutions import search, sources
from tickets.support.solutions.models import Document, Feedback, LibraryImport, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
SEARCH, LIBRARY = "/support/solutions/", "/support/solutions/library/"
NEW, IMPORT = f"{LIBRARY}new/", f"{LIBRARY}import/"
FORM = {
    "title": "Teams shows a white screen",
    "body": "1. Quit Teams\n2. Clear the **cache**",
    "services": "Microsoft Teams",
    "keywords": "blank",
    "is_published": "on",
    "revision": "0",
}


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def keys(tenant: Tenant, text: str) -> list[str]:
    return [hit.document.key for hit in search.find(tenant, text)]


def published(tenant: Tenant, **more: Any) -> Solution:
    solution: Solution = SolutionFactory(tenant=tenant, **more)
    sources.put_solution(solution)
    return solution


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


def test_a_solution_is_written_found_changed_and_deleted(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    browser = client_for(helpdesk)
    answer = browser.post(NEW, FORM)
    solution = Solution.objects.get()
    assert answer["Location"] == solution.get_absolute_url()
    assert "<strong>cache</strong>" in text_of(browser.get(solution.get_absolute_url()))
    page = text_of(browser.get(SEARCH, {"q": "teams blank screen"}))
    assert "<mark>Teams</mark> shows a <mark>white screen</mark>" in page
    assert "Matches: " in page
    edit = reverse("support:solution_edit", args=[solution.pk])
    changed = FORM | {"revision": "1", "title": "Teams stays white"}
    browser.post(edit, changed)
    assert keys(tenant, "teams stays white") == [str(solution.pk)]
    browser.post(edit, changed | {"revision": "2", "is_published": ""})
    assert keys(tenant, "teams stays white") == [], "a draft is found by nobody"
    remove = reverse("support:solution_delete", args=[solution.pk])
    assert "Its text, for good" in text_of(browser.get(remove))
    browser.post(remove)
    assert not Solution.objects.exists()
    done = [name for name in actions() if name.startswith("solution.")]
    assert done == [
        "solution.created",
        "solution.changed",
        "solution.changed",
        "solution.deleted",
    ]


def test_saving_what_is_the_same_changes_nothing(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    browser = client_for(helpdesk)
    browser.post(NEW, FORM)
    solution = Solution.objects.get()
    edit = reverse("support:solution_edit", args=[solution.pk])
    browser.post(edit, FORM | {"revision": "1"})
    solution.refresh_from_db()
    assert solution.revision == 1
    assert actions().count("solution.changed") == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "Enter a title."),
        ({"body": " "}, "Write what to do."),
        ({"body": "x" * 50_001}, "at most 50000 characters"),
        ({"body": "a\x07b"}, "control characters"),
        ({"services": ",".join(map(str, range(11)))}, "At most 10 services"),
        ({"title": "KNOWN Already"}, "Another solution has this title."),
    ],
)
def test_what_cannot_be_saved_is_kept_as_typed(
    tenant: Tenant, helpdesk: User, client_for: SignIn, wrong: Any, said: str
) -> None:
    SolutionFactory(tenant=tenant, title="Known already")
    answer = client_for(helpdesk).post(NEW, FORM | {"keywords": "kept"} | wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'value="kept"' in text_of(answer)
    assert Solution.objects.count() == 1


def test_two_who_edit_at_once_are_told_apart(
    tenant: Tenant, helpdesk: User, support: User, client_for: SignIn
) -> None:
    solution = published(tenant, title="Old", body="Old text")
    edit = reverse("support:solution_edit", args=[solution.pk])
    first, second = client_for(helpdesk), client_for(support)
    theirs = FORM | {"revision": "1", "title": "Theirs", "body": "Their text"}
    assert second.post(edit, theirs).status_code == 302
    mine = FORM | {"revision": "1", "title": "Mine", "body": "My text"}
    answer = first.post(edit, mine)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "support.admin saved this solution while you had it open" in page
    assert "Their text" in page
    assert "My text" in page
    solution.refresh_from_db()
    assert solution.title == "Theirs"
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision
    assert first.post(edit, mine | {"revision": revision[1]}).status_code == 302
    solution.refresh_from_db()
    assert (solution.title, solution.updated_by_name) == ("Mine", "helpdesk.admin")


def test_what_was_typed_for_a_deleted_solution_is_kept(
    tenant: Tenant, helpdesk: User, support: User, client_for: SignIn
) -> None:
    solution = published(tenant, title="Old")
    edit = reverse("support:solution_edit", args=[solution.pk])
    client_for(support).post(reverse("support:solution_delete", args=[solution.pk]))
    browser = client_for(helpdesk)
    answer = browser.post(edit, FORM | {"revision": "1", "title": "Mine"})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Somebody deleted this solution" in page
    assert 'value="Mine"' in page
    assert f'action="{NEW}"' in page
    assert browser.get(edit).status_code == 404


def test_an_import_never_writes_one_solution_twice(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SolutionFactory(tenant=tenant, key="k", title="One", body="Before")
    text = "key,title,body\nk,Other,First\n,One,Second\n"
    browser = client_for(helpdesk)
    answer = browser.post(IMPORT, {"chosen": [upload("a.csv", text)]})
    page = text_of(browser.get(answer["Location"]))
    assert "Changed: 1 · Unchanged: 0 · Refused: 1" in page
    assert "names the same solution" in page


def test_a_preview_saves_nothing_and_works_without_a_script(
    helpdesk: User, client_for: SignIn
) -> None:
    browser = client_for(helpdesk)
    page = text_of(browser.post(NEW, FORM | {"intent": "preview"}))
    assert "<strong>cache</strong>" in page
    part = text_of(
        browser.post(f"{LIBRARY}preview/", {"body": "# A\n<script>x</script>"})
    )
    assert "<h3>A</h3>" in part
    assert "<script" not in part
    assert not Solution.objects.exists()


def test_a_draft_is_seen_by_those_who_write(
    tenant: Tenant, helpdesk: User, reader: User, client_for: SignIn
) -> None:
    draft = SolutionFactory(tenant=tenant, title="Half written", is_published=False)
    for user, status in ((helpdesk, 200), (reader, 404)):
        browser = client_for(user)
        assert browser.get(draft.get_absolute_url()).status_code == status
        is_listed = "Half written" in text_of(browser.get(LIBRARY))
        assert is_listed is (status == 200)
        # Not by asking for drafts either.
        narrowed = text_of(browser.get(LIBRARY, {"published": "False"}))
        assert ("Half written" in narrowed) is (status == 200)


def test_the_library_is_filtered_and_says_when_it_is_empty(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    browser = client_for(helpdesk)
    assert "The library is empty" in text_of(browser.get(LIBRARY))
    SolutionFactory(tenant=tenant, title="Alpha", body="about printers")
    SolutionFactory(tenant=tenant, title="Beta", is_published=False)
    for query, seen in (
        ({}, {"Alpha", "Beta"}),
        ({"q": "printers"}, {"Alpha"}),
        ({"published": "False"}, {"Beta"}),
        ({"published": "nonsense"}, {"Alpha", "Beta"}),
        ({"q": "zzz"}, set()),
    ):
        page = text_of(browser.get(LIBRARY, query))
        assert {one for one in ("Alpha", "Beta") if f">{one}</a>" in page} == seen


def test_many_solutions_cost_no_more_queries(
    tenant: Tenant,
    helpdesk: User,
    client_for: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        published(tenant, title=f"Teams tip {number}")
    browser = client_for(helpdesk)
    for url in (LIBRARY, f"{SEARCH}?q=teams+tip"):
        browser.get(url)
        with django_assert_max_num_queries(20):
            assert browser.get(url).status_code == 200


def test_a_search_shows_no_markup_of_a_source(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    published(tenant, title='<b>Outlook</b> "x"', body="Outlook <img src=x> `<i>`")
    page = text_of(client_for(reader).get(SEARCH, {"q": "<script>outlook"}))
    assert "&lt;b&gt;<mark>Outlook</mark>&lt;/b&gt;" in page
    assert "<img" not in page
    assert "<script>outlook" not in page


def test_a_search_that_finds_nothing_says_what_to_try(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    browser = client_for(reader)
    assert "There is nothing to search yet" in text_of(browser.get(SEARCH))
    published(tenant)
    assert "Say what is reported" in text_of(browser.get(SEARCH))
    assert "No solution matches" in text_of(browser.get(SEARCH, {"q": "zzz"}))


def test_an_opinion_is_kept_shown_and_changed(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    solution = published(tenant, title="Outlook hangs")
    document = Document.objects.get(key=str(solution.pk))
    browser = client_for(reader)
    url = reverse("support:solution_opinion", args=[document.pk])
    page = text_of(browser.get(SEARCH, {"q": "outlook hangs"}))
    terms = re.search(r'name="terms" value="([^"]+)"', page)
    assert terms
    form = {"terms": terms[1], "helpful": "yes", "next": f"{SEARCH}?q=outlook+hangs"}
    answer = browser.post(url, form)
    assert answer["Location"] == form["next"]
    page = text_of(browser.get(SEARCH, {"q": "outlook hangs"}))
    assert 'value="yes" aria-pressed="true"' in page
    part = browser.post(url, form | {"helpful": "no"}, headers={"HX-Request": "true"})
    assert 'value="no" aria-pressed="true"' in text_of(part)
    assert [row.is_helpful for row in Feedback.objects.all()] == [False]
    away = browser.post(url, form | {"next": "https://evil.example/"})
    assert away["Location"] == SEARCH
    assert browser.post(url, {"helpful": "maybe", "terms": "x"}).status_code == 404


def test_beside_a_ticket_solutions_come_after_the_page(
    tenant: Tenant,
    operator: User,
    client_for: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    published(tenant, title="Outlook hangs at start", services=["Exchange Online"])
    ticket = TicketFactory(
        connection=ConnectionFactory(tenant=tenant),
        name="Outlook does not start",
        description="It hangs.",
        delivered=True,
    )
    url = f"{SEARCH}?ticket={ticket.pk}"
    browser = client_for(operator)
    DeliveryFactory(ticket=ticket, status="delivered")
    page = text_of(browser.get(ticket.get_absolute_url()))
    assert f'hx-get="{url}"' in page
    assert f'href="{url}"' in page, "a way without JavaScript"
    assert "at start" not in page
    panel = {"HX-Request": "true", "HX-Target": "solutions-panel"}
    with django_assert_max_num_queries(20):
        part = text_of(browser.get(url, headers=panel))
    assert "<mark>Outlook</mark> <mark>hangs</mark> at <mark>start</mark>" in part
    assert "<h1" not in part
    whole = text_of(browser.get(url))
    assert "For the ticket" in whole
    assert "Outlook does not start" in whole
    assert browser.get(SEARCH, {"ticket": "0"}).status_code == 404


def upload(name: str, text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def test_an_import_is_shown_line_by_line_before_it_is_written(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SolutionFactory(tenant=tenant, key="same", title="Same", body="As it is")
    old = SolutionFactory(tenant=tenant, key="old", title="Old", body="Before")
    browser = client_for(helpdesk)
    files = [
        upload(
            "all.csv",
            "key,title,body\nsame,Same,As it is\nold,Old,After\nnew,New one,Text\n"
            "bad,,Text\nnew,Again,Text\n",
        ),
        upload("extra.md", "# From a heading\n\nBody\n"),
    ]
    answer = browser.post(IMPORT, {"chosen": files})
    assert answer.status_code == 302
    preview = answer["Location"]
    page = text_of(browser.get(preview))
    assert "New: 2 · Changed: 1 · Unchanged: 1 · Refused: 2" in page
    for said in ("all.csv, line 3", "It has no title.", "there twice", "extra.md"):
        assert said in page
    assert Solution.objects.count() == 2, "nothing is written yet"
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark
    assert browser.post(preview, {"mark": mark[1]})["Location"] == LIBRARY
    old.refresh_from_db()
    assert (old.body, old.revision, old.updated_by_name) == (
        "After",
        2,
        "helpdesk.admin",
    )
    titles = set(Solution.objects.values_list("title", flat=True))
    assert titles == {"Same", "Old", "New one", "From a heading"}
    assert keys(tenant, "from a heading") != []
    event = AuditEvent.objects.get(action="solution.imported")
    assert event.facts == {"new": 2, "changed": 1, "refused": 2}
    assert not LibraryImport.objects.exists()
    assert browser.post(preview, {"mark": mark[1]}).status_code == 404, "once only"


def test_an_import_is_shown_anew_when_the_library_changed_meanwhile(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    solution = SolutionFactory(tenant=tenant, key="k", title="One", body="Before")
    browser = client_for(helpdesk)
    sent = {"chosen": [upload("a.csv", "key,title,body\nk,One,After\n")]}
    preview = browser.post(IMPORT, sent)["Location"]
    mark = re.search(r'name="mark" value="([^"]+)"', text_of(browser.get(preview)))
    assert mark
    edit = reverse("support:solution_edit", args=[solution.pk])
    browser.post(edit, FORM | {"revision": "1", "title": "One"})
    answer = browser.post(preview, {"mark": mark[1]})
    assert answer.status_code == 409
    assert "The library changed meanwhile" in text_of(answer)
    solution.refresh_from_db()
    assert solution.body != "After"


def test_somebody_elses_import_does_not_exist(
    tenant: Tenant, helpdesk: User, support: User, client_for: SignIn
) -> None:
    sent = {"chosen": [upload("a.md", "# T\n\nb")]}
    preview = client_for(helpdesk).post(IMPORT, sent)["Location"]
    assert client_for(support).get(preview).status_code == 404


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no more than 2 MB together."),
        ([("a.exe", "x")], "only Markdown"),
        ([("a.csv", "title,body\n")], "There is no solution in it."),
        ([("a.csv", "title,body\n" + "t,b\n" * 501)], "At most 500 solutions"),
        ([(f"{n}.md", "# T\n\nb") for n in range(51)], "At most 50 files"),
    ],
)
def test_files_that_cannot_be_taken_are_named(
    tenant: Tenant, helpdesk: User, client_for: SignIn, files: Any, said: str
) -> None:
    sent = {"chosen": [upload(*one) for one in files]}
    answer = client_for(helpdesk).post(IMPORT, sent)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not LibraryImport.objects.exists()


def test_what_was_exported_is_imported_as_unchanged(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SolutionFactory(tenant=tenant, key="f", title="=cmd()", body='- one\n- "two", x')
    SolutionFactory(tenant=tenant, title="'=quoted", body="'+x", is_published=False)
    SolutionFactory(tenant=tenant, title="Plain", services=["Exchange Online", "Teams"])
    browser = client_for(helpdesk)
    answer = browser.get(f"{LIBRARY}export/")
    text = answer.content.decode("utf-8-sig")
    assert "'=cmd()" in text, "no program takes it for a formula"
    sent = {"chosen": [SimpleUploadedFile("a.csv", answer.content)]}
    page = text_of(browser.get(browser.post(IMPORT, sent)["Location"]))
    assert "New: 0 · Changed: 0 · Unchanged: 3 · Refused: 0" in page
    assert "solution.exported" in actions()
