"""Whether somebody's account is known as one of a Microsoft 365 administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount

from tickets.support import accounts
from tickets.support.api.error_texts import NO_ADMIN_ACCOUNT
from tickets.support.models import LinkedPerson, SupportUser

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tickets.support.models import Repository


@dataclass(frozen=True)
class Account:
    """The account that counts for somebody, and whether it is known as an admin's."""

    email: str
    is_admin: bool

    @property
    def refusal(self) -> str:
        """Say why no request can be opened, in the words the original used; or ""."""
        return "" if self.is_admin else not_an_admin(self.email)


def not_an_admin(email: str) -> str:
    """Return the message for an account that is not known as an admin's."""
    return str(NO_ADMIN_ACCOUNT) % {"email": email}


def of_person(tenant: Tenant, user: User) -> Account:
    """Return the account of somebody in the portal: linked, else of their sign-in.

    What they entered as their e-mail is only shown: anybody may enter another's.
    """
    linked = LinkedPerson.objects.for_tenant(tenant).filter(user=user).first()
    if linked:
        return Account(linked.email, is_admin=True)
    signed_in = SocialAccount.objects.filter(user=user)
    own = [email for one in signed_in for email in sorted(accounts.emails_of(one))]
    known = _known(tenant)
    for email in own:
        if email in known:
            return Account(email, is_admin=True)
    shown = own[0] if own else user.email
    return Account(shown or user.get_username(), is_admin=False)


def of_agent(repository: Repository, user_name: str, email: str) -> Account:
    """Return the account of an agent of an instance: the linked one, else their own.

    Their own counts once its owner signed in here as an admin, but never one that was
    linked to somebody else: on many instances people enter their e-mail themselves.
    """
    people = SupportUser.objects.filter(repository=repository, user_name=user_name)
    linked = people.linked().first() if user_name else None
    if linked:
        return Account(linked.linked_email, is_admin=True)
    is_admin = email.lower() in accounts.seen_as_admin(repository.tenant)
    is_own = email.lower() not in _linked(repository.tenant, but=user_name)
    return Account(email or user_name, is_admin=is_admin and is_own)


def _known(tenant: Tenant) -> set[str]:
    """Return the accounts managers linked, and those that signed in here as admins."""
    return _linked(tenant) | set(accounts.seen_as_admin(tenant))


def _linked(tenant: Tenant, but: str | None = None) -> set[str]:
    """Return the accounts managers linked, but those of one user of the instances."""
    users = SupportUser.objects.for_tenant(tenant).linked()
    people = LinkedPerson.objects.for_tenant(tenant)
    linked = {*users.exclude(user_name=but).values_list("linked_email", flat=True)}
    linked |= {*people.values_list("email", flat=True)}
    return {email.lower() for email in linked}
