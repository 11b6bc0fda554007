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
    """Return the account of somebody in the portal: linked, of Entra, or their e-mail."""
    linked = LinkedPerson.objects.for_tenant(tenant).filter(user=user)
    candidates = [one.email for one in linked]
    for account in SocialAccount.objects.filter(user=user):
        candidates += sorted(accounts.emails_of(account))
    return _best(tenant, [*candidates, user.email], user.get_username())


def of_agent(repository: Repository, user_name: str, email: str) -> Account:
    """Return the account of an agent of an instance: the linked one, else their own."""
    people = SupportUser.objects.filter(repository=repository, user_name=user_name)
    linked = people.linked().first() if user_name else None
    if linked:
        return Account(linked.linked_email, is_admin=True)
    return _best(repository.tenant, [email], user_name)


def _best(tenant: Tenant, candidates: list[str], name: str) -> Account:
    """Return the first account known as an admin's, else the first there is."""
    own = [email for email in candidates if email]
    known = _known(tenant)
    for email in own:
        if email.lower() in known:
            return Account(email, is_admin=True)
    return Account(own[0] if own else name, is_admin=False)


def _known(tenant: Tenant) -> set[str]:
    """Return the accounts managers linked, and those that signed in here as admins."""
    users = SupportUser.objects.for_tenant(tenant).linked()
    linked = {*users.values_list("linked_email", flat=True)}
    linked |= {*LinkedPerson.objects.for_tenant(tenant).values_list("email", flat=True)}
    return {email.lower() for email in linked} | set(accounts.seen_as_admin(tenant))
