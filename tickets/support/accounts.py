"""Who has a role of the application, and which Microsoft 365 account is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils import timezone

from connector import audit
from tickets.support.models import LinkedPerson, Repository, SupportUser

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import User

    from connector.models import Tenant

Role = SupportUser.Role


@dataclass(frozen=True)
class Person:
    """A user of the instance with one role of the application."""

    user_name: str
    name: str
    email: str
    role: str


def learn(repository: Repository, people: Iterable[Person]) -> None:
    """Take over who has which role; who has both counts as administrator."""
    named = [person for person in people if person.user_name]
    # The administrators last: of two roles theirs stays.
    named.sort(key=lambda person: person.role == Role.ADMINISTRATOR)
    with transaction.atomic():
        for person in {person.user_name: person for person in named}.values():
            SupportUser.objects.update_or_create(
                repository=repository,
                user_name=person.user_name[:100],
                defaults={
                    "name": person.name[:200],
                    "email": person.email[:254],
                    "role": person.role,
                },
            )
        gone = SupportUser.objects.filter(repository=repository).exclude(
            user_name__in=[person.user_name for person in named]
        )
        gone.filter(linked_email="").delete()
        gone.update(role="")


def link(repository: Repository, user_name: str, email: str, *, actor: User) -> None:
    """Note which Microsoft 365 admin account a user of the instance has."""
    person, _created = SupportUser.objects.get_or_create(
        repository=repository, user_name=user_name
    )
    person.linked_email = email
    person.linked_at = timezone.now()
    person.linked_by_name = actor.get_username()
    person.save(update_fields=["linked_email", "linked_at", "linked_by_name"])
    _record("support.account_linked", person, actor, email=email)


def unlink(person: SupportUser, *, actor: User) -> None:
    """Forget the account of a user, and the user where no role was seen."""
    email = person.linked_email
    person.linked_email, person.linked_by_name, person.linked_at = "", "", None
    person.save(update_fields=["linked_email", "linked_by_name", "linked_at"])
    if not person.role:
        person.delete()
    _record("support.account_unlinked", person, actor, email=email)


def link_person(tenant: Tenant, user: User, email: str, *, actor: User) -> None:
    """Note which Microsoft 365 admin account somebody of the portal has."""
    values = {
        "email": email,
        "linked_at": timezone.now(),
        "linked_by_name": actor.get_username(),
    }
    LinkedPerson.objects.update_or_create(tenant=tenant, user=user, defaults=values)
    _record_person("support.account_linked", tenant, user, actor, email)


def unlink_person(person: LinkedPerson, *, actor: User) -> None:
    """Forget the account of somebody of the portal."""
    person.delete()
    _record_person(
        "support.account_unlinked", person.tenant, person.user, actor, person.email
    )


def seen_as_admin(tenant: Tenant) -> dict[str, datetime | None]:
    """Return accounts that are verified: e-mail in lower case → last sign-in here.

    They signed in to the portal with Microsoft Entra, and their roles there let them
    manage the integration. There is no better proof without further rights in Graph.
    """
    accounts = SocialAccount.objects.filter(
        user__tenants=tenant, user__is_active=True
    ).select_related("user")
    return {
        email: account.last_login
        for account in accounts
        if account.user.has_perm("tickets.manage_support")
        for email in emails_of(account)
    }


def emails_of(account: SocialAccount) -> set[str]:
    """Return the addresses the directory gave an account, in lower case."""
    claims = account.extra_data.get("id_token", {})
    given = (claims.get("preferred_username"), claims.get("email"))
    return {email.lower() for email in given if isinstance(email, str)}


def _record_person(
    action: str, tenant: Tenant, user: User, actor: User, email: str
) -> None:
    audit.record(
        action,
        tenant=tenant,
        actor=actor,
        target=user.get_username(),
        email=email,
        where="portal",
    )


def _record(action: str, person: SupportUser, actor: User, **facts: str) -> None:
    audit.record(
        action,
        tenant=person.repository.tenant,
        actor=actor,
        target=person.user_name,
        repository=person.repository.repository_id,
        **facts,
    )
