"""The two questions: every row, switching later, and what the page explains first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import RepositoryFactory, SupportIntegrationFactory
from tickets.support import steps
from tickets.support.guides import GUIDES
from tickets.support.models import Repository, SetupStep, SupportIntegration
from tickets.support.setups import HEALTH, REQUESTS, ROWS, SOLUTIONS, setup_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
DECISION = reverse("support:decision")
ALL = (HEALTH, SOLUTIONS, REQUESTS)
TABLE = [
    ("yes", "yes", "basic", ALL),
    ("yes", "no", "basic", ALL),
    ("no", "yes", "aad", ALL),
    ("no", "no", "insights", (HEALTH, SOLUTIONS)),
]


def answers(basic_auth: str, single_tenant: str, **more: str) -> dict[str, str]:
    return {"basic_auth": basic_auth, "single_tenant": single_tenant, **more}


@pytest.mark.parametrize(("basic", "single", "setup", "features"), TABLE)
def test_both_answers_decide_on_set_up_and_features(
    basic: str,
    single: str,
    setup: str,
    features: tuple[Any, ...],
    tenant: Tenant,
    helpdesk: User,
    client_for: SignIn,
) -> None:
    response = client_for(helpdesk).post(DECISION, answers(basic, single))
    assert response.url == reverse("support:setup")
    integration = SupportIntegration.objects.of(tenant)
    assert integration.setup
    assert integration.setup.id == setup
    assert integration.features == features
    event = AuditEvent.objects.get(action="support.decided")
    assert (event.actor, event.tenant) == (helpdesk, tenant)
    page = client_for(helpdesk).get(reverse("support:overview")).content.decode()
    off = "Not in this set-up"
    assert (off in page) == (REQUESTS not in features)


def test_one_open_answer_is_no_set_up() -> None:
    assert len(ROWS) == 4
    assert setup_for(True, None) is None
    assert setup_for(None, False) is None


def test_the_page_shows_all_four_rows(helpdesk: User, client_for: SignIn) -> None:
    page = client_for(helpdesk).get(DECISION).content.decode()
    assert page.count("<tr>") == 5
    assert "one repository per tenant" in page


@pytest.mark.parametrize("missing", ["basic_auth", "single_tenant"])
def test_both_questions_must_be_answered(
    missing: str, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    given = answers("yes", "no")
    del given[missing]
    response = client_for(helpdesk).post(DECISION, given)
    assert response.status_code == 422
    assert "checked" in response.content.decode(), "the other answer is kept"
    assert not SupportIntegration.objects.exists()


@pytest.fixture
def chosen(tenant: Tenant, helpdesk: User) -> Repository:
    """A set-up under way: basic authentication, two steps done, values entered."""
    SupportIntegrationFactory(tenant=tenant)
    repository: Repository = RepositoryFactory(tenant=tenant)
    for name in ("consent", "inbound-basic"):
        step = GUIDES["basic"].step(name)
        assert step
        steps.complete(repository, step, actor=helpdesk)
    return repository


def test_a_switch_is_explained_before_it_is_made(
    chosen: Repository, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    response = client_for(helpdesk).post(DECISION, answers("no", "no"))
    page = response.content.decode()
    assert response.status_code == 200
    assert SupportIntegration.objects.of(tenant).setup.id == "basic"
    change = response.context["change"]
    assert [one.id for one in change.lost] == ["requests"]
    assert change.gained == []
    assert [step.id for step in change.kept] == ["consent"]
    assert "inbound-basic" in [step.id for step in change.dropped]
    assert "inbound-skipped" in [step.id for step in change.added]
    assert change.affected == [chosen]
    assert "Feature: Microsoft service requests" in page
    assert f"Enter the values of {chosen} again" in page


def test_a_confirmed_switch_keeps_what_is_the_same_and_asks_for_the_rest(
    chosen: Repository, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    client.post(DECISION, answers("no", "yes", confirmed="basic"))
    assert SupportIntegration.objects.of(tenant).setup.id == "aad"
    done = SetupStep.objects.filter(done_at__isnull=False)
    assert [row.step_id for row in done] == ["consent"]
    page = client.get(reverse("support:repository", args=[chosen.pk]))
    assert "Its values belong to another set-up" in page.content.decode()
    assert not page.context["is_complete"]


def test_a_switch_from_another_set_up_than_was_explained_is_explained_anew(
    chosen: Repository, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    """Somebody else switched in between."""
    SupportIntegration.objects.update(basic_auth_allowed=False)
    client = client_for(helpdesk)
    response = client.post(DECISION, answers("no", "no", confirmed="basic"))
    assert response.context["change"].old.id == "aad"
    assert SupportIntegration.objects.of(tenant).setup.id == "aad"


def test_other_answers_with_the_same_set_up_need_no_explanation(
    chosen: Repository, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    client_for(helpdesk).post(DECISION, answers("yes", "no"))
    integration = SupportIntegration.objects.of(tenant)
    assert integration.single_tenant is False
    assert SetupStep.objects.count() == 2


def test_organisations_decide_for_themselves(
    chosen: Repository,
    outsider: User,
    other_tenant: Tenant,
    tenant: Tenant,
    client_for: SignIn,
) -> None:
    client_for(outsider).post(DECISION, answers("no", "no"))
    assert SupportIntegration.objects.of(other_tenant).setup.id == "insights"
    assert SupportIntegration.objects.of(tenant).setup.id == "basic"
    assert SetupStep.objects.count() == 2
