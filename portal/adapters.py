"""How people sign in: closed sign-up, encrypted second factors, Entra app roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib.auth.models import Group

from connector.fields import cipher
from portal.roles import ROLES

if TYPE_CHECKING:
    from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator, never by sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    """Keep the secrets of second factors encrypted."""

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text.encode()).decode()


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """People of the pinned Entra directory; their app roles are their roles here."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(_app_roles(sociallogin))

    def save_user(
        self, request: HttpRequest, sociallogin: Any, form: Any = None
    ) -> Any:
        user = super().save_user(request, sociallogin, form)
        user.groups.set(Group.objects.filter(name__in=_app_roles(sociallogin)))
        return user


def _app_roles(sociallogin: Any) -> list[str]:
    claims = sociallogin.account.extra_data
    claimed = claims.get("id_token", claims).get("roles", [])
    return [
        role for role in ROLES if role in claimed or role.replace(" ", "") in claimed
    ]
