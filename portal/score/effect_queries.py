"""Named reads of what came of closed tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from connector.queries import TenantQuerySet
from portal.score.status import FINISHED, TOLERANCE
from tickets.choices import StateCategory
from tickets.models import Ticket

if TYPE_CHECKING:
    from connector.models import Tenant
    from portal.score.effect_models import EffectRule


def closed_tickets(tenant: Tenant) -> QuerySet[Any]:
    """Return the tickets of improvement actions that are done, cancelled ones left out."""
    mine = Ticket.objects.for_tenant(tenant).exclude(sys_id="").of_actions()
    done: QuerySet[Any] = mine.in_category(StateCategory.DONE)
    return done


class TicketEffectQuerySet(TenantQuerySet):
    """Reads of effects."""

    def with_now(self) -> Self:
        """Add `title`, `category`, today's points as `now` of `maximum`, and `words`.

        The words are Microsoft's, on how far the action is implemented.
        """
        from portal.score.models import ControlProfile

        profile = ControlProfile.objects.filter(
            tenant=OuterRef("tenant"), control_id=OuterRef("control_id")
        ).order_by()
        return self.annotate(
            title=Coalesce(Subquery(profile.values("title")), F("control_id")),
            category=Coalesce(Subquery(profile.values("category")), F("control_id")),
            maximum=Subquery(profile.values("max_score")),
            now=Subquery(profile.values("score")),
            words=Subquery(profile.values("implementation_status")),
        )

    def closed(self, tenant: Tenant) -> Self:
        """Return those whose ticket is closed still."""
        still = closed_tickets(tenant).order_by().values("pk")
        return self.for_tenant(tenant).filter(ticket__in=still)

    def not_effective(self, tenant: Tenant) -> Self:
        """Return what brought nothing: not within 48 hours of the close, nor since.

        Left out is what needs nothing any more, such as an accepted risk.
        """
        from portal.score.models import ControlProfile

        actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
        wanted = actions.exclude(status__in=FINISHED).order_by().values("control_id")
        most = F("shared_points") + TOLERANCE
        return (
            self.closed(tenant)
            .with_now()
            .filter(settled_points__lte=most, now__lte=most, control_id__in=wanted)
        )


class ToldRegressionQuerySet(TenantQuerySet):
    """Reads of what was told."""

    def with_titles(self) -> Self:
        """Add `title`: the action's name, or its id once Microsoft dropped it."""
        from portal.score.models import ControlProfile

        profile = ControlProfile.objects.filter(
            tenant=OuterRef("tenant"), control_id=OuterRef("control_id")
        ).order_by()
        known = Subquery(profile.values("title"))
        return self.annotate(title=Coalesce(known, F("control_id")))


class EffectRuleQuerySet(TenantQuerySet):
    """Reads of the rule."""

    def current(self, tenant: Tenant) -> EffectRule:
        """Return the organisation's rule; the usual one, not saved, if it set none."""
        mine: EffectRule | None = self.for_tenant(tenant).first()
        return mine or self.model(tenant=tenant)
