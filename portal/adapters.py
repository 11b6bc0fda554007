"""How people sign in: closed sign-up, encrypted second factors, Entra app roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib.auth.models import Group
from django.shortcuts import render

from connector.fields import cipher
from connector.models import Tenant
from portal.roles import ROLES

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator, never by sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, *_: Any, **__: Any) -> None:
        """Send nothing: mail is for alerts, and passwords are set by people."""


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

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let nobody in without a role, and take over roles that changed meanwhile."""
        if not _app_roles(sociallogin):
            page = render(request, "portal/no_role.html", status=403)
            raise ImmediateHttpResponse(page)
        if sociallogin.is_existing:
            _take_over(sociallogin.user, sociallogin)

    def save_user(
        self, request: HttpRequest, sociallogin: Any, form: Any = None
    ) -> Any:
        user = super().save_user(request, sociallogin, form)
        _take_over(user, sociallogin)
        return user


def _take_over(user: User, sociallogin: Any) -> None:
    """Give the person the roles of the claims, and the organisation of the directory."""
    user.groups.set(Group.objects.filter(name__in=_app_roles(sociallogin)))
    directory = _claims(sociallogin).get("tid", "")
    if directory:
        user.tenants.add(*Tenant.objects.filter(microsoft_tenant_id=directory))


def _app_roles(sociallogin: Any) -> list[str]:
    claimed = _claims(sociallogin).get("roles", [])
    return [
        role for role in ROLES if role in claimed or role.replace(" ", "") in claimed
    ]


def _claims(sociallogin: Any) -> dict[str, Any]:
    claims: dict[str, Any] = sociallogin.account.extra_data.get("id_token", {})
    return claims
