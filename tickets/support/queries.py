"""Named reads of the support integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.models import SupportIntegration


class SupportIntegrationQuerySet(TenantQuerySet):
    """Reads of an organisation's settings."""

    def of(self, tenant: Tenant) -> SupportIntegration:
        """Return the settings of an organisation; those nobody entered are unsaved."""
        found: SupportIntegration | None = self.for_tenant(tenant).first()
        integration: SupportIntegration = found or self.model(tenant=tenant)
        integration.tenant = tenant
        return integration


class RepositoryQuerySet(TenantQuerySet):
    """Reads of repositories."""

    def with_progress(self) -> Self:
        """Add what the guide and the lists show: steps, checks."""
        return self.prefetch_related("steps", "checks")


class SupportUserQuerySet(models.QuerySet[Any]):
    """Reads of the instances' users."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(repository__tenant=tenant).select_related("repository")

    def linked(self) -> Self:
        return self.exclude(linked_email="")

    def administrators(self) -> Self:
        return self.filter(role="administrator")
