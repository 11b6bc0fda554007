"""Settings and repositories: the fields of each set-up, secrets, and two people at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import (
    RepositoryFactory,
    ServiceRequestFactory,
    SupportIntegrationFactory,
)
from tests.support import entra
from tickets.support.models import Repository, SupportIntegration

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
SETTINGS = reverse("support:settings")
ADD = reverse("support:repository_add")
SECRET = "a-secret-that-must-not-show"
ANSWERS = {"basic": (True, True), "aad": (False, True), "insights": (False, False)}
FIELDS = {
    "basic": [
        *("repository_id", "endpoint", "auth_type", "client_id", "client_secret"),
        *("refresh_token_expiry", "rest_username", "rest_password", "is_test"),
    ],
    "aad": [
        *("repository_id", "endpoint", "auth_type", "client_id", "client_secret"),
        *("rest_username", "rest_password", "is_test"),
    ],
    "insights": [
        *("repository_id", "endpoint", "auth_type", "client_id"),
        *("rest_username", "rest_password", "is_test"),
    ],
}
FORMS = {
    "basic": {
        "repository_id": "contoso",
        "endpoint": "https://contoso.service-now.com/",
        "auth_type": "basic",
        "client_id": "inbound-client",
        "client_secret": SECRET,
        "refresh_token_expiry": "864000",
        "rest_username": "integration.user",
        "rest_password": f" {SECRET} ",
    },
    "aad": {
        "repository_id": "contoso",
        "endpoint": "contoso",
        "auth_type": "aad",
        "client_id": entra.REST,
        "rest_username": entra.REST_USER,
        "rest_password": SECRET,
    },
    "insights": {
        "repository_id": "contoso",
        "endpoint": "contoso.service-now.com",
        "auth_type": "aad",
        "client_id": "ignored",
        "rest_username": "ignored",
        "rest_password": "",
    },
}


def decided(tenant: Tenant, setup: str) -> SupportIntegration:
    basic, single = ANSWERS[setup]
    found: SupportIntegration = SupportIntegrationFactory(
        tenant=tenant, basic_auth_allowed=basic, single_tenant=single
    )
    return found


def edit(repository: Repository) -> str:
    return reverse("support:repository_edit", args=[repository.pk])


@pytest.mark.parametrize("setup", FIELDS)
def test_each_set_up_has_its_fields_in_this_order(
    setup: str, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, setup)
    form = client_for(helpdesk).get(ADD).context["form"]
    assert list(form.fields) == FIELDS[setup]


@pytest.mark.parametrize(
    "label",
    [
        *("Repository ID", "Endpoint", "Authentication type", "Client ID"),
        *("Client secret", "Refresh token expiry", "Rest username"),
        "Rest user password",
    ],
)
def test_fields_are_called_as_in_the_guide(
    label: str, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    page = client_for(helpdesk).get(ADD).content.decode()
    assert re.search(rf"<label[^>]*>{label}<", page)
    assert "8,640,000" in page
    assert 'value="864000"' in page


@pytest.mark.parametrize("setup", FORMS)
def test_what_is_entered_is_stored_and_secrets_never_show(
    setup: str, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, setup)
    client = client_for(helpdesk)
    response = client.post(ADD, FORMS[setup])
    assert response.status_code == 302, response.content.decode()
    found = Repository.objects.get(tenant=tenant)
    assert found.endpoint == "https://contoso.service-now.com"
    assert found.entered_for == setup
    assert found.refresh_token_expiry == (864_000 if setup == "basic" else None)
    wanted = FORMS[setup]["rest_password"] or "ignored"
    assert found.rest_password == wanted, "a password keeps its spaces"
    pages = [SETTINGS, edit(found), response.url, reverse("support:setup")]
    for url in [*pages, reverse("support:print")]:
        assert SECRET not in client.get(url).content.decode(), url
    assert SECRET not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("setup", "name", "value", "words"),
    [
        ("basic", "repository_id", "", "Enter a Repository ID."),
        ("basic", "repository_id", "a\tb", "Write one line"),
        ("basic", "endpoint", "", "Enter the address of the instance."),
        ("basic", "endpoint", "https://10.0.0.1", "not an IP address"),
        ("basic", "endpoint", "https://evil.example", "not a ServiceNow host"),
        ("basic", "auth_type", "aad", "has another authentication type"),
        ("basic", "client_id", "a^b", "Remove ^"),
        ("basic", "client_secret", "", "Enter the client secret."),
        ("basic", "refresh_token_expiry", "", "Enter the refresh token expiry."),
        ("basic", "refresh_token_expiry", "8640001", "less than or equal to 8640000"),
        ("basic", "refresh_token_expiry", "0", "greater than or equal to 1"),
        ("basic", "rest_username", "a:b", "cannot name a user with a colon"),
        ("basic", "rest_password", "", "Enter the Rest user password."),
        ("aad", "auth_type", "basic", "has another authentication type"),
        ("aad", "rest_username", "integration.user", "application (client) ID"),
        ("aad", "rest_password", "", "Enter the Rest user password."),
        ("insights", "client_id", "", "Enter the client ID."),
    ],
)
def test_bad_input_is_named_and_nothing_typed_is_lost(
    setup: str,
    name: str,
    value: str,
    words: str,
    tenant: Tenant,
    helpdesk: User,
    client_for: SignIn,
) -> None:
    decided(tenant, setup)
    response = client_for(helpdesk).post(ADD, {**FORMS[setup], name: value})
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page.replace("&#x27;", "'")
    assert SECRET not in page
    if name != "repository_id":
        assert 'value="contoso"' in page
    assert not Repository.objects.exists()


def test_there_is_one_repository_per_tenant_and_instance(
    tenant: Tenant, other_tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    RepositoryFactory(
        tenant=other_tenant,
        repository_id="contoso",
        endpoint="https://contoso.service-now.com",
    )
    client = client_for(helpdesk)
    assert client.post(ADD, FORMS["basic"]).status_code == 302
    again = client.post(ADD, {**FORMS["basic"], "repository_id": "another"})
    assert "for this instance already" in again.content.decode()
    again = client.post(ADD, {**FORMS["basic"], "endpoint": "fabrikam"})
    assert "with this ID already" in again.content.decode()
    both = {**FORMS["basic"], "endpoint": "fabrikam", "repository_id": "second"}
    assert client.post(ADD, both).status_code == 302
    assert Repository.objects.for_tenant(tenant).count() == 2


def test_an_untouched_secret_stays_and_a_touched_one_goes(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    repository = RepositoryFactory(
        tenant=tenant, endpoint="https://contoso.service-now.com"
    )
    form = {**FORMS["basic"], "client_secret": "", "rest_password": "new-word"}
    client_for(helpdesk).post(edit(repository), form)
    repository.refresh_from_db()
    assert repository.client_secret == "inbound-client-secret"
    assert repository.rest_password == "new-word"


def test_a_stored_secret_never_goes_to_another_instance(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    repository = RepositoryFactory(
        tenant=tenant, endpoint="https://contoso.service-now.com"
    )
    form = {**FORMS["basic"], "client_secret": "", "rest_password": ""}
    response = client_for(helpdesk).post(
        edit(repository), {**form, "endpoint": "fabrikam"}
    )
    assert response.status_code == 422
    repository.refresh_from_db()
    assert repository.host == "contoso.service-now.com"


def test_an_instance_with_open_service_requests_is_not_exchanged(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    repository = RepositoryFactory(
        tenant=tenant, endpoint="https://contoso.service-now.com"
    )
    case = ServiceRequestFactory(
        tenant=tenant, repository=repository, incident_number="INC0010001"
    )
    client, moved = client_for(helpdesk), {**FORMS["basic"], "endpoint": "fabrikam"}
    response = client.post(edit(repository), moved)
    assert response.status_code == 422
    assert "belong to incidents of this instance" in response.content.decode()
    case.state = "closed"
    case.save()
    assert client.post(edit(repository), moved).status_code == 302


def test_secrets_of_another_set_up_are_forgotten(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "aad")
    repository = RepositoryFactory(
        tenant=tenant, endpoint="https://contoso.service-now.com"
    )
    client = client_for(helpdesk)
    page = client.get(edit(repository)).content.decode()
    assert "integration.user" not in page, "the name of the other set-up is no default"
    assert client.post(edit(repository), FORMS["aad"]).status_code == 302
    repository.refresh_from_db()
    assert repository.client_secret == ""
    assert repository.refresh_token_expiry is None
    assert repository.rest_password == SECRET


def test_before_the_decision_there_are_no_fields(
    helpdesk: User, client_for: SignIn
) -> None:
    response = client_for(helpdesk).get(ADD)
    assert response.url == reverse("support:decision")


def test_a_repository_goes_with_all_it_has(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    decided(tenant, "basic")
    repository = RepositoryFactory(tenant=tenant, repository_id="contoso")
    url = reverse("support:repository_remove", args=[repository.pk])
    client = client_for(helpdesk)
    page = client.get(url).content.decode()
    assert "What goes" in page
    assert Repository.objects.exists(), "only asked"
    assert client.post(url).url == SETTINGS
    assert not Repository.objects.exists()
    event = AuditEvent.objects.get(action="support.repository_removed")
    assert event.target == "contoso"


def shown(client: Client) -> dict[str, str]:
    """Return the settings form as a browser would send it."""
    form = client.get(SETTINGS).context["form"]
    page = client.get(SETTINGS).content.decode()
    fields = re.findall(r'name="([\w-]+)" (?:value="([^"]*)")?', page)
    known = {*form.fields, *(f"initial-{name}" for name in form.fields)}
    given = {name: value for name, value in fields if name in known}
    given["internal_support_tool"] = "servicenow"
    if not re.search(r'name="is_test"[^>]*checked', page):
        given.pop("is_test", None)
    if not re.search(r'name="has_sso"[^>]*checked', page):
        given.pop("has_sso", None)
    return given


def test_settings_are_stored_and_the_secret_never_shows(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    values = {
        "internal_support_tool": "servicenow",
        "outbound_app_id": entra.OUTBOUND.upper(),
        "outbound_secret": SECRET,
        "directory_id": "contoso.com",
        "admin_email": "admin@contoso.example",
        "has_sso": "on",
        "is_test": "on",
    }
    assert client.post(SETTINGS, {**shown(client), **values}).status_code == 302
    found = SupportIntegration.objects.of(tenant)
    assert found.outbound_app_id == entra.OUTBOUND
    assert (found.outbound_secret, found.directory) == (SECRET, "contoso.com")
    assert (found.has_sso, found.is_test) == (True, True)
    page = client.get(SETTINGS).content.decode()
    assert SECRET not in page
    assert "Internal support tool" in page
    assert "Outbound App ID" in page
    event = AuditEvent.objects.get(action="support.settings_changed")
    assert SECRET not in str(event.facts)
    # Saved again without touching the secret, it stays; until it is to be forgotten.
    client.post(SETTINGS, shown(client))
    assert SupportIntegration.objects.of(tenant).outbound_secret == SECRET
    client.post(SETTINGS, {**shown(client), "forget_secret": "on"})
    assert SupportIntegration.objects.of(tenant).outbound_secret == ""


def test_two_people_who_change_different_settings_do_not_undo_each_other(
    tenant: Tenant, helpdesk: User, admin: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant, outbound_app_id="")
    one, two = client_for(helpdesk), client_for(admin)
    first, second = shown(one), shown(two)
    one.post(SETTINGS, {**first, "outbound_app_id": entra.OUTBOUND, "is_test": "on"})
    two.post(SETTINGS, {**second, "admin_email": "other@contoso.example"})
    found = SupportIntegration.objects.of(tenant)
    assert found.outbound_app_id == entra.OUTBOUND
    assert found.is_test
    assert found.admin_email == "other@contoso.example"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("outbound_app_id", "not-an-id", "application (client) ID"),
        ("directory_id", "https://contoso.com/", "directory (tenant) ID"),
        ("directory_id", "../x", "directory (tenant) ID"),
        ("admin_email", "nobody", "valid email"),
    ],
)
def test_bad_settings_are_named(
    name: str, value: str, words: str, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    response = client.post(SETTINGS, {**shown(client), name: value})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert f'value="{value}"' in response.content.decode()
    assert not SupportIntegration.objects.exists()


def test_the_directory_graph_named_is_the_default(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    tenant.microsoft_tenant_id = entra.DIRECTORY
    tenant.save()
    client = client_for(helpdesk)
    assert f'value="{entra.DIRECTORY}"' in client.get(SETTINGS).content.decode()
    assert SupportIntegration.objects.of(tenant).directory == entra.DIRECTORY
