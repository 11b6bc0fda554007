"""The three guides as data: their steps in order, owners, values, and what differs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from tests.factories import RepositoryFactory, SupportIntegrationFactory
from tests.support import entra
from tickets.support.guide_parts import DOCUMENTED_ADDRESSES, Facts
from tickets.support.guides import GUIDES
from tickets.support.models import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

AAD, SNOW = "AAD admin", "ServiceNow admin"
HELP, ROLE = "Helpdesk or Service request admin", "User with the administrator role"
PREREQUISITES = {
    "basic": [
        ("outbound-app", AAD),
        ("outbound-provider", SNOW),
        ("inbound-endpoint", SNOW),
        ("integration-user", SNOW),
    ],
    "aad": [
        ("outbound-app", AAD),
        ("rest-app", AAD),
        ("rest-user-app", AAD),
        ("outbound-provider", SNOW),
        ("oidc-provider", SNOW),
        ("integration-user-aad", SNOW),
    ],
    "insights": [("outbound-app", AAD), ("outbound-provider", SNOW)],
}
# The places at which the set-ups differ have one name per set-up.
DIFFERENT = {
    "basic": ["inbound-basic", "user-basic", "complete-basic", "roles", "link-account"],
    "aad": ["inbound-aad", "user-aad", "complete-aad", "roles", "link-account"],
    "insights": [
        *("inbound-skipped", "user-skipped", "complete-insights"),
        *("roles-insights", "link-account-insights"),
    ],
}


def steps_of(setup: str) -> list[tuple[str, str]]:
    inbound, user, complete, roles, link = DIFFERENT[setup]
    return [
        ("scope", SNOW),
        ("start", SNOW),
        ("consent", SNOW),
        ("oauth-profile", SNOW),
        (inbound, SNOW),
        (user, SNOW),
        ("repository-id", SNOW),
        ("application-settings", SNOW),
        (complete, HELP),
        (roles, SNOW),
        (link, ROLE),
        ("test", SNOW),
    ]


@pytest.mark.parametrize("setup", GUIDES)
def test_every_step_is_there_in_order_with_its_owner(setup: str) -> None:
    guide = GUIDES[setup]
    before = [(step.id, step.owner.label) for step in guide.prerequisites]
    assert before == PREREQUISITES[setup]
    assert [(step.id, step.owner.label) for step in guide.steps] == steps_of(setup)


@pytest.mark.parametrize(
    ("step_id", "words"),
    [
        ("inbound-basic", ["Leave <strong>Skip current step</strong> unticked"]),
        (
            "inbound-basic",
            ["Leave <strong>External OIDC Auth Token</strong> unticked"],
        ),
        ("inbound-aad", ["Tick <strong>External OIDC Auth Token</strong>"]),
        ("inbound-skipped", ["Tick <strong>Skip current step</strong>"]),
        ("user-skipped", ["Tick <strong>Skip current step</strong>"]),
        ("complete-basic", ["<strong>Basic Auth</strong>", "<strong>864000</strong>"]),
        (
            "complete-aad",
            ["<strong>AAD Auth</strong>", "There is no refresh token expiry"],
        ),
        (
            "complete-insights",
            ["<strong>AAD Auth</strong>", "<code>ignored</code>"],
        ),
        ("roles-insights", ["Nobody gets <code>x_mioms_m365_assis.administrator"]),
        ("start", ["All application scopes", "Can read"]),
    ],
)
def test_the_set_ups_differ_where_they_should(step_id: str, words: list[str]) -> None:
    steps = {step.id: step for guide in GUIDES.values() for step in guide.all_steps}
    text = " ".join(map(str, steps[step_id].lines))
    assert [word for word in words if word not in text] == []


@pytest.fixture
def facts(tenant: Tenant) -> Facts:
    repository = RepositoryFactory(
        tenant=tenant,
        repository_id="contoso",
        endpoint="https://contoso.service-now.com",
    )
    return Facts.of(SupportIntegrationFactory(tenant=tenant), repository)


def values(facts: Facts, setup: str, step_id: str) -> dict[str, str]:
    step = GUIDES[setup].step(step_id)
    assert step
    return {str(value.label): value.of(facts) for value in step.values}


@pytest.mark.django_db
def test_values_are_computed_from_tenant_instance_and_repository(facts: Facts) -> None:
    found = values(facts, "basic", "outbound-provider")
    assert found == {
        "Name": "m365supportintegration_outbound",
        "Client ID": entra.OUTBOUND,
        "Default grant type": "Client Credentials",
        "Token URL": f"{entra.LOGIN}/oauth2/token",
        "Redirect URL": "https://contoso.service-now.com/oauth_redirect.do",
        "Redirect URL, other spelling": "https://contoso.service-now.com/auth_redirect.do",
    }
    [key] = Repository.objects.values_list("connector_key", flat=True)
    connector = f"http://testserver/api/support/v1/repositories/{key}"
    assert values(facts, "basic", "repository-id") == {
        "Repository ID": "contoso",
        "Connector address": connector,
    }
    last = values(facts, "basic", "complete-basic")
    assert last["Endpoint"] == "https://contoso.service-now.com/"
    assert last["Connector address"] == connector


@pytest.mark.django_db
def test_the_oidc_provider_has_exactly_these_values(facts: Facts) -> None:
    found = values(facts, "aad", "oidc-provider")
    url = f"{entra.LOGIN}/.well-known/openid-configuration"
    assert found["OIDC Metadata URL"] == url
    assert (found["UserClaim"], found["User Field"]) == ("appId", "User ID")
    assert found["OIDC Provider"] == "m365supportintegration_oidc_provider"


@pytest.mark.django_db
def test_one_spelling_of_the_redirect_address_is_recommended() -> None:
    for name in ("outbound-app", "outbound-provider"):
        step = GUIDES["basic"].step(name)
        assert step
        notes = [
            str(value.note) for value in step.values if "Redirect" in str(value.label)
        ]
        assert notes == ["recommended", "accepted as well"]


@pytest.mark.django_db
def test_names_of_a_test_environment_begin_with_dev(tenant: Tenant) -> None:
    repository = RepositoryFactory(tenant=tenant, is_test=True)
    integration = SupportIntegrationFactory(tenant=tenant)
    facts = Facts.of(integration, repository)
    assert facts.name("outbound") == "dev_m365supportintegration_outbound"
    repository.is_test, integration.is_test = False, True
    assert Facts.of(integration, repository).name("outbound").startswith("dev_")


@pytest.mark.django_db
def test_values_of_another_set_up_are_no_values(tenant: Tenant) -> None:
    integration = SupportIntegrationFactory(tenant=tenant, basic_auth_allowed=False)
    facts = Facts.of(integration, RepositoryFactory(tenant=tenant))
    assert values(facts, "aad", "integration-user-aad")["User ID"] == ""


@pytest.mark.django_db
@pytest.mark.parametrize("setup", GUIDES)
def test_the_page_and_the_printed_page_show_the_whole_guide(
    setup: str,
    tenant: Tenant,
    helpdesk: User,
    client_for: SignIn,
    settings: SettingsWrapper,
) -> None:
    settings.PORTAL_EGRESS_ADDRESSES = ["203.0.113.7"]
    SupportIntegrationFactory(
        tenant=tenant,
        basic_auth_allowed=setup == "basic",
        single_tenant=setup != "insights",
    )
    RepositoryFactory(tenant=tenant)
    client = client_for(helpdesk)
    page = client.get(reverse("support:setup")).content.decode()
    shown = re.findall(r'<li id="step-([a-z-]+)"', page)
    assert shown == [step.id for step in GUIDES[setup].all_steps]
    printed = client.get(reverse("support:print")).content.decode()
    for text in (page, printed):
        assert all(str(step.title) in text for step in GUIDES[setup].all_steps)
        assert all(address in text for address in DOCUMENTED_ADDRESSES)
        assert "203.0.113.7" in text
        assert "nslookup connector.rave.microsoft.com" in text
    assert printed.count("☐") == len(GUIDES[setup].all_steps)


@pytest.mark.django_db
def test_without_known_addresses_the_page_says_how_to_find_them_out(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    RepositoryFactory(tenant=tenant)
    page = client_for(helpdesk).get(reverse("support:setup")).content.decode()
    assert "PORTAL_EGRESS_ADDRESSES" in page
    assert "System Logs &gt; Transactions" in page


@pytest.mark.django_db
def test_a_value_that_is_not_known_yet_says_where_it_comes_from(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant, outbound_app_id="", directory_id="")
    RepositoryFactory(tenant=tenant)
    page = client_for(helpdesk).get(reverse("support:setup")).content.decode()
    assert "not known yet" in page
    assert "The directory (tenant) ID is missing" in page
