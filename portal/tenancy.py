"""Which organisation a person works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects

if TYPE_CHECKING:
    from connector.models import Tenant

SESSION_KEY = "tenant"


def choose_tenant(user: Any, wanted: int | None = None) -> Tenant | None:
    """Return the wanted organisation if the user is a member, else the first, else None."""
    if not user.is_authenticated:
        return None
    # Kept on the user: the page's frame lists them again.
    prefetch_related_objects([user], "tenants")
    tenants: list[Tenant] = list(user.tenants.all())
    chosen = [tenant for tenant in tenants if tenant.pk == wanted]
    return next(iter(chosen or tenants), None)
