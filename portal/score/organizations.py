"""All organisations a person belongs to, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from portal.score.models import ScoreSync, Snapshot
from portal.score.overview import is_stale
from portal.score.queries import RECENT
from tickets.models import Ticket

if TYPE_CHECKING:
    from connector.models import Tenant


@dataclass(frozen=True)
class Organization:
    """One row: the score, its course, what is open, and whether it is fresh."""

    tenant: Tenant
    snapshot: Snapshot | None
    before: Snapshot | None
    open_tickets: int
    sync: ScoreSync | None

    @property
    def change(self) -> float | None:
        """In percentage points within 30 days; None where that long is not known."""
        if self.snapshot is None or self.before is None:
            return None
        return self.snapshot.percent - self.before.percent

    @property
    def status(self) -> str:
        """One of "failed", "stale", "synced" and "waiting"."""
        if self.sync and self.sync.error_code:
            return "failed"
        if self.sync and is_stale(self.sync):
            return "stale"
        return "synced" if self.snapshot else "waiting"


def organizations(tenants: list[Tenant]) -> list[Organization]:
    """Return a row for each, by name; however many there are, the queries stay few."""
    until = timezone.localdate() - RECENT
    newest = {s.tenant_id: s for s in Snapshot.objects.newest_of_each(tenants)}
    older = {s.tenant_id: s for s in Snapshot.objects.newest_of_each(tenants, until)}
    tickets = Ticket.objects.count_open(tenants)
    syncs = {s.tenant_id: s for s in ScoreSync.objects.filter(tenant__in=tenants)}
    return [
        Organization(
            tenant=tenant,
            snapshot=newest.get(tenant.pk),
            before=older.get(tenant.pk),
            open_tickets=tickets.get(tenant.pk, 0),
            sync=syncs.get(tenant.pk),
        )
        for tenant in sorted(tenants, key=lambda tenant: tenant.name.lower())
    ]
