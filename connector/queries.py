"""Named reads of the connector's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from connector.models import Connection, GraphAccess, Tenant


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to one organisation."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(tenant=tenant)


class ConnectionQuerySet(TenantQuerySet):
    """Reads of connections."""

    def active(self) -> Self:
        return self.filter(removed_at__isnull=True)

    def usable(self) -> Self:
        """Return what polls and deliveries may use: authorized, not broken or removed."""
        return self.active().filter(status="connected")

    def removed(self) -> Self:
        return self.filter(status="removed")

    def in_need_of_care(self) -> Self:
        """Return all but drafts, and of the removed only those not yet wiped."""
        wiped = models.Q(
            status="removed",
            access_token_expires_at=None,
            refresh_token_expires_at=None,
        )
        return self.exclude(status="draft").exclude(wiped)

    def current(self, tenant: Tenant) -> Connection | None:
        """Return the tenant's ServiceNow connection, the default of several, or None."""
        connection: Connection | None = self.of_servicenow(tenant).first()
        if connection:
            connection.tenant = tenant
        return connection

    def of_servicenow(self, tenant: Tenant) -> Self:
        """Return the tenant's active ServiceNow connections, the default first."""
        mine = self.active().for_tenant(tenant).filter(kind="servicenow")
        return mine.order_by("-is_default", "pk")


class GraphAccessQuerySet(TenantQuerySet):
    """Reads of the accesses to Microsoft Graph."""

    def current(self, tenant: Tenant) -> GraphAccess:
        """Return the tenant's row; the first call makes it."""
        access: GraphAccess
        access, _created = self.get_or_create(tenant=tenant)
        access.tenant = tenant
        return access
