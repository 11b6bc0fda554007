"""Named reads of Secure Score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from connector.models import Tenant
    from portal.score.models import Snapshot


class SnapshotQuerySet(TenantQuerySet):
    """Reads of daily scores."""

    def latest_for(self, tenant: Tenant) -> Snapshot | None:
        """Return the newest snapshot, or None before the first sync."""
        snapshot: Snapshot | None = self.for_tenant(tenant).order_by("-date").first()
        return snapshot


class ControlProfileQuerySet(TenantQuerySet):
    """Reads of improvement actions."""
