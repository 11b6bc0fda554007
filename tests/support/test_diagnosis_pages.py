"""The pages of the diagnosis: what is wrong, looking it up, the report, the log of calls."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    ConnectorCallFactory,
    RepositoryFactory,
    ServiceRequestFactory,
    SupportIntegrationFactory,
)
from tests.support.situations import call, look, write
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis.models import DiagnosisRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tickets.support.models import Repository, SupportIntegration

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration(tenant: Tenant) -> SupportIntegration:
    return SupportIntegrationFactory(tenant=tenant)


@pytest.fixture
def repository(tenant: Tenant, integration: SupportIntegration) -> Repository:
    return RepositoryFactory(tenant=tenant, repository_id="contoso")


@pytest.fixture
def client(support: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(support)


def page(client: Client, **query: object) -> str:
    answer = client.get(reverse("support:diagnosis"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_wrong_comes_first_with_evidence_owner_and_repair(
    client: Client, repository: Repository
) -> None:
    call(repository, "solutions.search", "token_audience", words="It is for another.")
    text = page(client)
    assert "The token is for another application" in text
    assert "It is for another." in text
    assert "ServiceNow admin" in text
    assert reverse("support:settings") in text
    assert text.index("What is wrong now") < text.index("The sixteen situations")
    assert f'value="{repository.tenant.support_integration.outbound_app_id}"' in text


def test_without_anything_known_it_does_not_say_that_all_is_well(
    client: Client, repository: Repository
) -> None:
    text = page(client)
    assert "Nothing is known to be wrong" in text
    assert "Not everything could be told from here" in text
    assert "System Logs &gt; All" in text
    call(repository, "solutions.search")
    assert "Nothing is wrong" in page(client)


def test_an_agents_message_is_looked_up(client: Client, repository: Repository) -> None:
    text = page(client, sign="app_support")
    assert 'id="situation-10"' in text
    assert 'id="situation-12"' in text
    assert 'id="situation-9"' not in text
    text = page(client, sign="app_support", occasion="search")
    assert 'id="situation-10"' not in text
    assert "None of the sixteen fits" in page(client, sign="gone", occasion="tab")
    assert 'id="situation-1"' in page(client, sign="nonsense")


def test_another_repository_is_chosen_by_the_address(
    client: Client, repository: Repository
) -> None:
    other = RepositoryFactory(tenant=repository.tenant, repository_id="other")
    call(other, "solutions.search", "token_expired")
    assert 'id="cause-token_expired"' not in page(client)
    assert 'id="cause-token_expired"' in page(client, repository=other.pk)


def test_before_there_is_a_repository_the_set_up_is_offered(
    client: Client, integration: SupportIntegration
) -> None:
    assert "No repositories yet" in page(client)


def test_two_clicks_make_one_examination(
    client: Client,
    repository: Repository,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    url = reverse("support:diagnosis_examine", args=[repository.pk])
    client.post(url)
    answer = client.post(url, follow=True)
    assert DiagnosisRun.objects.count() == 1
    assert "It is being looked at already." in answer.content.decode()
    text = page(client)
    assert 'hx-trigger="every 2s"' in text
    assert "Looking at the instance" in text
    # What somebody is typing there meanwhile is left alone.
    for form in ("situations-form", "incident-form"):
        assert f'id="{form}" hx-preserve="true"' in text


def test_an_examination_that_broke_off_can_be_asked_for_again(
    client: Client, repository: Repository
) -> None:
    old = timezone.now() - timezone.timedelta(minutes=10)
    DiagnosisRun.objects.create(repository=repository, asked_at=old, claimed_at=old)
    assert "did not come to its end" in page(client)
    client.post(reverse("support:diagnosis_examine", args=[repository.pk]))
    assert DiagnosisRun.objects.count() == 2
    assert "Looking at the instance" in page(client)


def test_of_old_examinations_the_newest_are_kept(
    client: Client, repository: Repository
) -> None:
    for ago in range(9):
        look(repository, ago=3600 + ago)
    client.post(reverse("support:diagnosis_examine", args=[repository.pk]))
    assert DiagnosisRun.objects.count() == 5


def test_the_report_is_text_without_secrets(
    client: Client, repository: Repository
) -> None:
    call(
        repository,
        "requests.open",
        "account_not_linked",
        user_name="it.agent",
        words=f"never {repository.rest_password}",
    )
    answer = client.get(reverse("support:diagnosis_report", args=[repository.pk]))
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/plain")
    assert "1. Agents whose account is not known as a Microsoft 365 admin's" in text
    assert "[HAPPENS]  8 Contact Microsoft support selected" in text
    assert "it.agent" in text
    assert "**Link" not in text
    assert repository.rest_password not in text


def log(client: Client, **query: object) -> str:
    answer = client.get(reverse("support:calls"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_log_has_both_directions_and_is_narrowed(
    client: Client, repository: Repository
) -> None:
    call(repository, "solutions.search", "token_expired", ago=7200)
    call(repository, "requests.open", user_name="it.agent")
    write(repository, None, code="timeout")
    assert "3 calls" in log(client)
    for query, purpose in (
        ({"direction": "outbound"}, "Service request: note into the incident"),
        ({"purpose": "requests.open"}, "Service request: open"),
        ({"outcome": "good"}, "Service request: open"),
        ({"outcome": "refused"}, "Recommended solutions: search"),
        ({"outcome": "unanswered"}, "Service request: note into the incident"),
        ({"code": "token_expired"}, "Recommended solutions: search"),
        ({"user": "agent"}, "Service request: open"),
    ):
        text = log(client, **query)
        assert "1 call<" in text, query
        assert f">{purpose}</a>" in text
    assert "2 calls" in log(client, since="hour")
    assert "No call matches" in log(client, outcome="failed")


def test_the_log_without_calls_says_when_they_appear(
    client: Client, repository: Repository
) -> None:
    assert "No calls yet" in log(client)


def test_the_log_has_pages(client: Client, repository: Repository) -> None:
    ConnectorCallFactory.create_batch(30, repository=repository)
    text = log(client, size=25)
    assert "30 calls" in text
    assert text.count('data-label="Took"') == 25
    assert log(client, size=25, page=2).count('data-label="Took"') == 5


def test_calls_of_another_organisation_and_of_nobody_are_not_listed(
    client: Client, repository: Repository, other_tenant: Tenant
) -> None:
    ConnectorCallFactory(repository=RepositoryFactory(tenant=other_tenant))
    ConnectorCallFactory(repository=None, tenant=None)
    assert "No calls yet" in log(client)


def test_one_call_is_explained_with_cause_and_repair(
    client: Client, repository: Repository
) -> None:
    one = call(repository, "requests.open", "account_not_linked", user_name="it.agent")
    text = client.get(reverse("support:call", args=[one.pk])).content.decode()
    assert "Agents whose account is not known" in text
    assert "it.agent. Only Microsoft 365 admins" in text
    assert "why it is account_not_linked" in text
    assert "is not a valid Microsoft 365 admin account" in text
    assert "203.0.113.7" in text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("integration_incomplete", "were not entered for this set-up"),
        ("not_json", "in a way the portal does not understand"),
        ("invalid_request", "Something that was sent is not valid"),
        ("not_found", "This does not exist, or not for this ServiceNow instance."),
        ("unheard_of", "The other side refused it."),
    ],
)
def test_every_refusal_has_an_explanation(
    code: str, words: str, client: Client, repository: Repository
) -> None:
    one = call(repository, "requests.read", code)
    assert words in client.get(reverse("support:call", args=[one.pk])).content.decode()


def test_a_call_of_the_portal_is_explained_by_its_code(
    client: Client, repository: Repository
) -> None:
    one = write(repository, None, code="unknown_host", words="Name not known")
    text = client.get(reverse("support:call", args=[one.pk])).content.decode()
    assert "Name not known" in text
    assert "What to do" in text


def test_a_call_that_succeeded_says_so(client: Client, repository: Repository) -> None:
    one = call(repository, "solutions.search")
    text = client.get(reverse("support:call", args=[one.pk])).content.decode()
    assert "This call succeeded" in text


def test_the_export_is_narrowed_and_harmless(
    client: Client, repository: Repository
) -> None:
    call(repository, "solutions.search", "token_expired", user_name="=HYPERLINK(1)")
    call(repository, "requests.open")
    url = reverse("support:calls_export")
    text = client.get(url, {"code": "token_expired"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["purpose"] for row in rows] == ["solutions.search"]
    assert rows[0]["user_name"] == "'=HYPERLINK(1)"
    assert rows[0]["repository_id"] == "contoso"


def test_a_removed_repository_leaves_its_calls(
    client: Client, repository: Repository
) -> None:
    one = call(repository, "solutions.search", "token_expired")
    repository.delete()
    assert ConnectorCall.objects.get(pk=one.pk).repository is None
    text = client.get(reverse("support:call", args=[one.pk])).content.decode()
    assert "removed" in text


def test_an_incident_is_looked_up_by_its_number_or_sys_id(
    client: Client, repository: Repository, other_tenant: Tenant
) -> None:
    assert "Nothing is recorded for it" in page(client, incident="INC7")
    case = ServiceRequestFactory(
        tenant=repository.tenant,
        repository=repository,
        incident_sys_id="a" * 32,
        incident_number="INC7",
    )
    foreign = ServiceRequestFactory(tenant=other_tenant, incident_number="INC7")
    for asked in ("inc7", "a" * 32):
        text = page(client, incident=asked)
        assert "It is recorded here" in text
        assert case.reference in text
        assert foreign.reference not in text
    other = RepositoryFactory(tenant=repository.tenant, repository_id="clone")
    text = page(client, incident="INC7", repository=other.pk)
    assert "through another repository" in text


def test_what_stops_everybody_comes_before_what_stops_some(
    client: Client, repository: Repository
) -> None:
    look(repository, views={"rows": [{"view": "ess", "visibility": "exclude"}]})
    call(repository, "requests.open", "save_failed")
    text = page(client)
    assert text.index('id="cause-save_failed"') < text.index('id="cause-view_excluded"')


def test_more_calls_need_no_more_queries(
    client: Client,
    repository: Repository,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for n in range(50):
        call(repository, "solutions.search", "token_expired", ago=n)
        call(repository, "requests.open", "account_not_linked", user_name=f"agent.{n}")
    with django_assert_max_num_queries(45):
        page(client)


def test_what_was_refused_and_is_over_is_told_all_the_same(
    client: Client, repository: Repository
) -> None:
    call(repository, "solutions.search", "token_expired")
    call(repository, "solutions.search")
    page = client.get(reverse("support:diagnosis")).content.decode()
    assert "1 call of the last 24 hours was refused." in page
    log = client.get(
        reverse("support:calls"),
        {"direction": "inbound", "outcome": "refused", "since": "day"},
    )
    assert "token" in log.content.decode()
