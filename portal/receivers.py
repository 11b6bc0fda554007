"""Sign-in, sign-out and failed sign-in go to the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import receiver

from connector import audit
from portal.tenancy import choose_tenant


@receiver(user_logged_in)
def signed_in(user: Any, **_: Any) -> None:
    """Record who came in."""
    audit.record("session.signed_in", tenant=choose_tenant(user), actor=user)


@receiver(user_logged_out)
def signed_out(user: Any, **_: Any) -> None:
    """Record who left; an expired session has no user."""
    if user is not None:
        audit.record("session.signed_out", tenant=choose_tenant(user), actor=user)


@receiver(user_login_failed)
def sign_in_failed(credentials: dict[str, Any], **_: Any) -> None:
    """Record the name that was tried, never the password.

    The organisation of a person sees attempts at their account.
    """
    name = str(credentials.get("username", ""))[:150]
    user = User.objects.filter(username__iexact=name).first()
    tenant = choose_tenant(user) if user else None
    audit.record("session.sign_in_failed", tenant=tenant, target=name)
