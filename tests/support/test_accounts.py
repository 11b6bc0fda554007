"""Roles read from the instance, and the accounts linked to their holders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from allauth.socialaccount.models import SocialAccount
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import (
    RepositoryFactory,
    SupportIntegrationFactory,
    SupportUserFactory,
)
from tickets.support import accounts, checks
from tickets.support.accounts import Person
from tickets.support.models import Repository, SupportIntegration, SupportUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.support.entra import Directory

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
ACCOUNT = reverse("support:account")
ROLES = SupportUser.Role


def test_roles_of_the_instance_become_roles_here(
    repository: Repository, prepare: Callable[..., None], directory: Directory
) -> None:
    both = ["insights_user", "administrator"]
    prepare(roles={"it.agent": both, "lee.gu": ["insights_user"]})
    checks.run(repository, ["roles"])
    found = {user.user_name: user for user in repository.users.all()}
    assert {name: user.role for name, user in found.items()} == {
        "it.agent": ROLES.ADMINISTRATOR,
        "lee.gu": ROLES.INSIGHTS_USER,
    }
    assert found["it.agent"].name == "Robin Fields"
    assert found["it.agent"].email == "it.agent@example.com"


def test_a_role_that_was_taken_away_is_gone_at_the_next_check(
    repository: Repository, prepare: Callable[..., None], directory: Directory
) -> None:
    prepare(roles={"it.agent": ["administrator"], "lee.gu": ["insights_user"]})
    checks.run(repository, ["roles"])
    SupportUser.objects.filter(user_name="it.agent").update(linked_email="a@b.example")
    prepare(roles={"it.agent": [], "lee.gu": []})
    checks.run(repository, ["roles"])
    [left] = repository.users.all()
    assert (left.user_name, left.role) == ("it.agent", ""), "the link is kept"


@pytest.fixture
def known(tenant: Tenant) -> Repository:
    SupportIntegrationFactory(tenant=tenant)
    found: Repository = RepositoryFactory(tenant=tenant, repository_id="contoso")
    SupportUserFactory(repository=found, user_name="it.agent")
    SupportUserFactory(repository=found, user_name="lee.gu", role=ROLES.INSIGHTS_USER)
    return found


def form(known: Repository, /, **changed: str) -> dict[str, str]:
    return {
        "repository": str(known.pk),
        "user_name": "it.agent",
        "email": "Admin@contoso.example",
        **changed,
    }


def test_an_administrator_is_linked_and_unlinked(
    known: Repository, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)
    assert client.post(ACCOUNT, form(known)).url == ACCOUNT
    page = client.get(ACCOUNT).content.decode()
    assert "Admin@contoso.example" in page
    assert "Not verified" in page
    assert "Linked by helpdesk.admin" in page
    person = SupportUser.objects.get(user_name="it.agent")
    client.post(reverse("support:unlink", args=[person.pk]))
    person.refresh_from_db()
    assert (person.linked_email, person.role) == ("", ROLES.ADMINISTRATOR)
    actions = AuditEvent.objects.values_list("action", flat=True)
    assert {"support.account_linked", "support.account_unlinked"} <= set(actions)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"user_name": "lee.gu"}, "does not have the role"),
        ({"user_name": "stranger"}, "does not have the role"),
        ({"user_name": ""}, "Enter the User ID."),
        ({"email": "nobody"}, "valid email"),
        ({"email": f"kim@{'a' * 63}.{'b.' * 99}example"}, "254 characters"),
        ({"repository": "999999"}, "valid choice"),
    ],
)
def test_only_administrators_of_the_app_are_linked(
    changed: dict[str, str],
    words: str,
    known: Repository,
    helpdesk: User,
    client_for: SignIn,
) -> None:
    response = client_for(helpdesk).post(ACCOUNT, form(known, **changed))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not SupportUser.objects.linked().exists()


def test_where_roles_cannot_be_read_a_name_is_taken_as_typed(
    known: Repository, helpdesk: User, client_for: SignIn
) -> None:
    SupportUser.objects.all().delete()
    client = client_for(helpdesk)
    client.post(ACCOUNT, form(known, user_name="somebody"))
    assert "No role seen" in client.get(ACCOUNT).content.decode()
    person = SupportUser.objects.get()
    client.post(reverse("support:unlink", args=[person.pk]))
    assert not SupportUser.objects.exists()


def entra_account(user: User, email: str) -> None:
    claims = {"id_token": {"preferred_username": email}}
    SocialAccount.objects.create(
        user=user, provider="entra", uid=user.username, extra_data=claims
    )


def test_an_account_that_signed_in_as_an_admin_is_verified(
    known: Repository,
    helpdesk: User,
    reader: User,
    outsider: User,
    client_for: SignIn,
) -> None:
    """By Entra and with a role that counts, in this organisation; nothing less."""
    client = client_for(helpdesk)
    client.post(ACCOUNT, form(known))
    entra_account(reader, "admin@contoso.example")
    entra_account(outsider, "admin@contoso.example")
    assert "Not verified" in client.get(ACCOUNT).content.decode()
    entra_account(helpdesk, "admin@contoso.example")
    page = client.get(ACCOUNT).content.decode()
    assert "Not verified" not in page
    assert "Signed in here as an admin" in page


def test_with_insights_only_there_is_nothing_to_link(
    known: Repository, helpdesk: User, client_for: SignIn
) -> None:
    SupportIntegration.objects.update(basic_auth_allowed=False, single_tenant=False)
    page = client_for(helpdesk).get(ACCOUNT).content.decode()
    assert "Nothing to link in this set-up" in page
    assert "Link an account" not in page


def test_a_reader_sees_links_and_changes_none(
    known: Repository, reader: User, client_for: SignIn
) -> None:
    page = client_for(reader).get(ACCOUNT).content.decode()
    assert "it.agent" in page
    assert 'name="user_name"' not in page


def test_a_user_of_another_organisation_does_not_exist(
    known: Repository, outsider: User, client_for: SignIn
) -> None:
    accounts.link(known, "it.agent", "a@b.example", actor=outsider)
    person = SupportUser.objects.get(user_name="it.agent")
    client = client_for(outsider)
    assert "it.agent" not in client.get(ACCOUNT).content.decode()
    url = reverse("support:unlink", args=[person.pk])
    assert client.post(url).status_code == 404
    assert client.post(ACCOUNT, form(known)).status_code == 422


def test_somebody_without_a_name_is_left_out(known: Repository) -> None:
    accounts.learn(known, [Person("", "", "", ROLES.ADMINISTRATOR)])
    assert not known.users.exists()
