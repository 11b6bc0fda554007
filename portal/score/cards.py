"""The card of the home page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.score.models import ScoreSync, Snapshot
from portal.score.overview import category_points, is_under_way

if TYPE_CHECKING:
    from connector.models import Tenant
    from portal.score.board import Category


@dataclass(frozen=True)
class ScoreCard:
    """The newest score in brief; without a snapshot nothing was synced yet."""

    snapshot: Snapshot | None
    categories: list[Category]
    sync: ScoreSync | None
    is_under_way: bool

    @property
    def is_awaited(self) -> bool:
        """Whether the first score should be here soon."""
        if self.snapshot:
            return False
        was_tried = self.sync is not None and self.sync.tried_at is not None
        return self.is_under_way or not was_tried


def score_card(tenant: Tenant) -> ScoreCard:
    """Return the card of the tenant's newest score."""
    snapshot = Snapshot.objects.latest_for(tenant)
    sync = ScoreSync.objects.for_tenant(tenant).first()
    return ScoreCard(
        snapshot=snapshot,
        categories=category_points(tenant) if snapshot else [],
        sync=sync,
        is_under_way=sync is not None and is_under_way(sync),
    )
