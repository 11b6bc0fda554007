"""Which organisation a person works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import (
    Count,
    OuterRef,
    Prefetch,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce

from connector.models import Tenant
from portal.score.alert_models import Alert

if TYPE_CHECKING:
    from django.db.models import Expression

SESSION_KEY = "tenant"


def choose_tenant(user: Any, wanted: int | None = None) -> Tenant | None:
    """Return the wanted organisation if the user is a member, else the first, else None."""
    if not user.is_authenticated:
        return None
    # Kept on the user: the page's frame lists them again, with what the bell counts.
    tenants_with_alerts = Tenant.objects.annotate(open_alerts=_open_alerts())
    prefetch_related_objects([user], Prefetch("tenants", tenants_with_alerts))
    tenants: list[Tenant] = list(user.tenants.all())
    chosen = [tenant for tenant in tenants if tenant.pk == wanted]
    return next(iter(chosen or tenants), None)


def _open_alerts() -> Expression:
    mine = Alert.objects.open().filter(tenant=OuterRef("pk")).order_by()
    counted = mine.values("tenant").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)
