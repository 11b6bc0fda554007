"""Walking through a guide: several people, interruptions, notes, live parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import (
    ConnectionFactory,
    RepositoryFactory,
    SupportIntegrationFactory,
    UserFactory,
)
from tickets.support import steps, tasks, verdicts
from tickets.support.guides import GUIDES
from tickets.support.models import Repository, RepositoryCheck, SetupStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoCaptureOnCommitCallbacks

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
SETUP = reverse("support:setup")


@pytest.fixture
def repository(tenant: Tenant) -> Repository:
    SupportIntegrationFactory(tenant=tenant)
    found: Repository = RepositoryFactory(tenant=tenant)
    return found


def tick(repository: Repository, step: str = "consent") -> str:
    return reverse("support:tick", args=[repository.pk, step])


def done(repository: Repository) -> set[str]:
    rows = SetupStep.objects.filter(repository=repository, done_at__isnull=False)
    return set(rows.values_list("step_id", flat=True))


def test_the_guide_begins_with_an_instance(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    ConnectionFactory(tenant=tenant, base_url="https://acme.service-now.com")
    client = client_for(helpdesk)
    page = client.get(SETUP).content.decode()
    assert 'value="acme.service-now.com"' in page, "the connected instance is offered"
    form = {"repository_id": "acme", "endpoint": "acme"}
    response = client.post(SETUP, form)
    repository = Repository.objects.get()
    assert response.url == f"{SETUP}?repository={repository.pk}"
    assert repository.endpoint == "https://acme.service-now.com"
    assert repository.entered_for == ""
    again = client.post(SETUP, form)
    assert again.status_code == 422
    assert "already" in again.content.decode()
    assert 'value="acme"' in again.content.decode(), "nothing typed is lost"


def test_before_the_decision_the_questions_come_first(
    helpdesk: User, reader: User, client_for: SignIn
) -> None:
    page = client_for(helpdesk).get(SETUP).content.decode()
    assert reverse("support:decision") in page
    page = client_for(reader).get(SETUP).content.decode()
    assert "Administrator can answer them" in page


def test_a_tick_says_who_and_when_and_stays(
    repository: Repository, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    response = client_for(helpdesk).post(tick(repository))
    assert response.url == f"{SETUP}?repository={repository.pk}#step-consent"
    # Another session of another person goes on where this one stopped.
    page = client_for(admin).get(SETUP).content.decode()
    assert "Marked as done by helpdesk.admin" in page
    event = AuditEvent.objects.get(action="support.step_done")
    assert event.facts["step"] == "Agree to the consent prompt"


def test_the_first_step_that_is_not_done_is_open_on_return(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    assert opened(client.get(SETUP).content.decode()) == ["outbound-app"]
    for step in GUIDES["basic"].prerequisites:
        client.post(tick(repository, step.id))
    assert opened(client.get(SETUP).content.decode()) == ["scope"]


def opened(page: str) -> list[str]:
    return re.findall(r'<li id="step-([a-z-]+)">\s*<details class="step" open>', page)


def test_two_people_who_tick_at_once_do_not_undo_each_other(
    repository: Repository, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    """Both pages were opened before either of them ticked."""
    one, two = client_for(helpdesk), client_for(admin)
    one.get(SETUP), two.get(SETUP)
    one.post(tick(repository, "consent"))
    two.post(tick(repository, "scope"))
    one.post(tick(repository, "start"))
    assert done(repository) == {"consent", "scope", "start"}


def test_who_did_a_step_first_stays_its_doer(
    repository: Repository, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    client_for(helpdesk).post(tick(repository))
    client_for(admin).post(tick(repository))
    assert SetupStep.objects.get().done_by == helpdesk
    assert AuditEvent.objects.filter(action="support.step_done").count() == 1


def answered(repository: Repository, **found: str) -> None:
    for check_id, verdict in found.items():
        verdicts.keep(repository, verdicts.Verdict(check_id, verdict, "complete"))


def test_steps_whose_checks_are_ok_are_ticked_at_once(
    repository: Repository, helpdesk: User, reader: User, client_for: SignIn
) -> None:
    """One of two checks is not enough, and a tick of somebody else stays."""
    answered(repository, metadata="ok", outbound_token="ok", outbound_entity="ok")
    answered(repository, integration_user="ok", sign_in="failed", roles="warning")
    client = client_for(helpdesk)
    client.post(tick(repository, "outbound-provider"))
    page = client.get(SETUP).content.decode()
    assert page.count("Checked: OK") == 2
    assert "Mark 2 checked steps as done" in page
    assert "Checked: OK" in (seen := client_for(reader).get(SETUP).content.decode())
    assert "checked steps as done" not in seen
    client.post(reverse("support:tick_checked", args=[repository.pk]))
    assert done(repository) == {"outbound-app", "outbound-provider", "user-basic"}
    assert SetupStep.objects.get(step_id="user-basic").done_by == helpdesk
    assert AuditEvent.objects.filter(action="support.step_done").count() == 3
    assert "Mark " not in client.get(SETUP).content.decode()


def test_a_tick_can_be_taken_back_by_who_saw_it(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    client.post(tick(repository))
    seen = SetupStep.objects.get().done_at
    assert seen
    client.post(tick(repository), {"undo": seen.isoformat()})
    assert done(repository) == set()
    assert AuditEvent.objects.filter(action="support.step_reopened").exists()


def test_an_older_page_does_not_take_a_newer_tick_back(
    repository: Repository, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    client_for(helpdesk).post(tick(repository))
    old = SetupStep.objects.get().done_at
    assert old
    step = GUIDES["basic"].step("consent")
    assert step
    steps.reopen(repository, step, seen=old, actor=helpdesk)
    steps.complete(repository, step, actor=helpdesk)
    stale = client_for(admin)
    response = stale.post(tick(repository), {"undo": old.isoformat()}, follow=True)
    assert done(repository) == {"consent"}
    assert "somebody else changed this step" in response.content.decode()
    assert stale.post(tick(repository), {"undo": "rubbish"}).status_code == 302
    assert stale.post(tick(repository), {"undo": "2026-99-99"}).status_code == 302
    assert done(repository) == {"consent"}


def note(repository: Repository, step: str = "consent") -> str:
    return reverse("support:note", args=[repository.pk, step])


def test_a_note_says_who_wrote_it(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    client.post(note(repository), {"note": "Waits for <Lee>", "seen": ""})
    page = client.get(SETUP).content.decode()
    assert "Note by helpdesk.admin: Waits for &lt;Lee&gt;" in page
    assert done(repository) == set()


def test_a_note_that_was_changed_meanwhile_is_not_lost(
    repository: Repository, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    client_for(helpdesk).post(note(repository), {"note": "first", "seen": ""})
    other = client_for(admin)
    response = other.post(note(repository), {"note": "mine", "seen": ""})
    page = response.content.decode()
    assert response.status_code == 422
    assert "helpdesk.admin changed it meanwhile to “first”" in page
    assert 'value="mine"' in page
    assert SetupStep.objects.get().note == "first"
    # The page carries what was seen now: saving again replaces it.
    other.post(note(repository), {"note": "mine", "seen": "first"})
    assert SetupStep.objects.get().note == "mine"


@pytest.mark.parametrize("text", ["x" * 501, "two\nlines"])
def test_a_note_is_one_line_of_bounded_length(
    text: str, repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    response = client_for(helpdesk).post(note(repository), {"note": text, "seen": ""})
    assert response.status_code == 422
    assert not SetupStep.objects.exclude(note="").exists()


@pytest.mark.parametrize("step", ["oidc-provider", "nothing-like-this"])
def test_a_step_of_another_guide_does_not_exist(
    step: str, repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    assert client.post(tick(repository, step)).status_code == 404
    assert client.post(note(repository, step), {"note": "x"}).status_code == 404
    url = reverse("support:check", args=[repository.pk])
    assert client.post(url, {"step": step}).status_code == 404


def test_nothing_comes_back_while_nothing_changed(
    repository: Repository, helpdesk: User, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    url = watch(client.get(SETUP).content.decode())
    assert client.get(url).status_code == 204
    client_for(helpdesk).post(tick(repository))
    answer = client.get(url)
    part = answer.content.decode()
    assert "Marked as done by helpdesk.admin" in part
    assert '<div id="state-consent" hx-swap-oob="innerHTML">' in part
    assert 'name="note"' not in part, "what somebody types in is left alone"
    assert client.get(watch(part)).status_code == 204


def watch(page: str) -> str:
    [url] = re.findall(r'id="guide-watch" hx-get="([^"]+)"', page)
    return str(url).replace("&amp;", "&")


def test_a_page_of_another_set_up_is_loaded_anew(
    repository: Repository, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    url = watch(client.get(SETUP).content.decode())
    repository.tenant.support_integration.basic_auth_allowed = False
    repository.tenant.support_integration.save()
    assert client.get(url).headers["HX-Refresh"] == "true"


def test_a_reader_sees_all_and_changes_nothing(
    repository: Repository, reader: User, client_for: SignIn
) -> None:
    page = client_for(reader).get(SETUP).content.decode()
    main = page[page.index("<main") :]
    assert "m365supportintegration_servicenow_outbound" in main
    assert 'method="post"' not in main


def test_a_check_is_made_in_the_background_and_shown_when_it_is_there(
    repository: Repository,
    helpdesk: User,
    client_for: SignIn,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.check, "delay", lambda *given: sent.append(given))
    client = client_for(helpdesk)
    url = reverse("support:check", args=[repository.pk])
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url, {"step": "application-settings"})
    assert response.url.endswith("#step-application-settings")
    assert sent == [], "nothing to check at this step"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {"step": "complete-basic"})
        client.post(url, {"step": "complete-basic"})
    assert len(sent) == 1, "what is under way is not asked for again"
    assert sent[-1] == (repository.pk, ["settings", "sign_in"])
    page = client.get(SETUP)
    assert page.context["way"].is_pending
    assert 'http-equiv="refresh"' in page.content.decode(), "without JavaScript too"
    tasks.check(repository.pk, ["settings"])
    assert RepositoryCheck.objects.get(check_id="settings").code == "complete"
    assert page.context["way"].checks
    assert AuditEvent.objects.filter(action="support.check_requested").exists()


def test_the_test_of_the_connection_runs_every_check_of_the_guide(
    repository: Repository,
    helpdesk: User,
    client_for: SignIn,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.check, "delay", lambda *given: sent.append(given))
    client = client_for(helpdesk)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("support:check", args=[repository.pk]))
    assert sent == [(repository.pk, list(GUIDES["basic"].checks))]
    page = client.get(response.url).content.decode()
    assert "Testing the connection" in page
    for check in GUIDES["basic"].checks:
        verdicts.keep(repository, verdicts.Verdict(check, "ok", "given"))
    page = client.get(reverse("support:repository_status", args=[repository.pk]))
    assert "Connection test successful" in page.content.decode()
    assert "hx-trigger" not in page.content.decode(), "it asks no more"


def test_a_test_without_an_answer_does_not_look_like_a_good_one(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    answered(repository, metadata="ok", outbound_token="ok", settings="ok")
    url = reverse("support:repository_status", args=[repository.pk])
    asleep = verdicts.Verdict("sign_in", verdicts.UNKNOWN, "hibernating")
    verdicts.keep(repository, asleep)
    page = client_for(helpdesk).get(url).content.decode()
    assert "It could not be told whether the portal gets in" in page
    assert "Nothing failed" not in page
    nameless = verdicts.Verdict("sign_in", verdicts.UNKNOWN, "nameless")
    for good in (nameless, verdicts.Verdict("sign_in", verdicts.OK, "same")):
        verdicts.keep(repository, good)
        assert "Nothing failed" in client_for(helpdesk).get(url).content.decode()


def test_the_overview_says_that_a_next_step_is_found_done(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    overview = reverse("support:overview")
    found = "Its live checks are OK"
    assert found not in client_for(helpdesk).get(overview).content.decode()
    answered(repository, metadata="ok", outbound_token="ok")
    assert found in client_for(helpdesk).get(overview).content.decode()


def test_a_failed_check_outweighs_a_tick(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    for step in GUIDES["basic"].required:
        client.post(tick(repository, step.id))
    overview = reverse("support:overview")
    assert "All steps are done" in client.get(overview).content.decode()
    failed = verdicts.Verdict("roles", verdicts.FAILED, "administrators")
    verdicts.keep(repository, failed)
    page = client.get(SETUP).content.decode()
    mark = page[page.index('id="mark-roles"') :]
    assert "Check failed" in mark[: mark.index("</summary>")]
    assert "All steps are done" not in client.get(overview).content.decode()


def test_the_page_asks_the_database_as_often_for_many_steps_as_for_none(
    repository: Repository,
    helpdesk: User,
    client_for: SignIn,
    django_assert_max_num_queries: Any,
) -> None:
    client = client_for(helpdesk)
    for step in GUIDES["basic"].all_steps:
        steps.complete(repository, step, actor=helpdesk)
    with django_assert_max_num_queries(20):
        client.get(SETUP)


@pytest.mark.parametrize("wanted", ["999999", "x", "-1"])
def test_a_repository_that_is_not_ours_does_not_exist(
    wanted: str, repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    other = RepositoryFactory()
    client = client_for(helpdesk)
    assert client.get(SETUP, {"repository": wanted}).status_code == 404
    assert client.get(SETUP, {"repository": str(other.pk)}).status_code == 404


def test_the_test_environment_is_marked_on_every_page(
    repository: Repository, helpdesk: User, client_for: SignIn
) -> None:
    integration = repository.tenant.support_integration
    pages = [
        *("overview", "decision", "setup", "print", "settings", "account"),
        "repository_add",
    ]
    urls = [reverse(f"support:{name}") for name in pages]
    urls += [
        reverse(f"support:{name}", args=[repository.pk])
        for name in ("repository", "repository_edit", "repository_remove")
    ]
    client = client_for(helpdesk)
    for is_test in (False, True):
        integration.is_test = is_test
        integration.save()
        for url in urls:
            page = client.get(url).content.decode()
            assert ("TEST environment" in page) == is_test, url


def test_a_person_who_is_gone_is_still_named(
    repository: Repository, tenant: Tenant, client_for: SignIn, helpdesk: User
) -> None:
    gone = UserFactory(username="gone.person", role="Helpdesk Administrator")
    gone.tenants.add(tenant)
    client_for(gone).post(tick(repository))
    gone.delete()
    page = client_for(helpdesk).get(SETUP).content.decode()
    assert "Marked as done by gone.person" in page
