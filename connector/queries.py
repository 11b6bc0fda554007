"""Named reads of the connector's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from datetime import datetime

    from connector.models import Connection, GraphAccess, Tenant


_SECRETS = (
    *("client_secret", "password", "access_token", "refresh_token"),
    *("pending_code", "probes"),
)


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

    def for_sharing(self, tenant: Tenant) -> list[Connection]:
        """Return where tickets of the tenant can be sent, the default first."""
        return [one for one in self.of_servicenow(tenant) if one.is_usable]

    def best(self, tenant: Tenant) -> Connection | None:
        """Return the first connection that takes tickets, else the default, or None."""
        mine = list(self.of_servicenow(tenant).for_show())
        return next((one for one in mine if one.is_usable), mine[0] if mine else None)

    def settled(self) -> Self:
        """Return what was authorized and stands on its own."""
        states = ("connected", "broken", "authorizing")
        return self.active().filter(
            status__in=states, authorized_at__isnull=False, replaces__isnull=True
        )

    def for_show(self) -> Self:
        """Leave out what no page shows and what is costly to decrypt."""
        return self.defer(*_SECRETS)


class ProbeRunQuerySet(models.QuerySet[Any]):
    """Reads of the rounds of questions."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(connection__tenant=tenant)

    def active(self) -> Self:
        return self.filter(connection__removed_at__isnull=True)

    def unfinished(self) -> Self:
        return self.filter(finished_at__isnull=True)

    def untouched_since(self, moment: datetime) -> Self:
        """Return rounds that no worker has taken up since then."""
        taken = Coalesce("claimed_at", "started_at")
        return self.alias(touched_at=taken).filter(touched_at__lt=moment)

    def touched_since(self, moment: datetime) -> Self:
        """Return rounds that were asked for or taken up since then."""
        taken = Coalesce("claimed_at", "started_at")
        return self.alias(touched_at=taken).filter(touched_at__gte=moment)


class GraphAccessQuerySet(TenantQuerySet):
    """Reads of the accesses to Microsoft Graph."""

    def current(self, tenant: Tenant) -> GraphAccess:
        """Return the tenant's row; the first call makes it."""
        access: GraphAccess
        access, _created = self.get_or_create(tenant=tenant)
        access.tenant = tenant
        return access
