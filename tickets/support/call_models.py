"""The log of connector calls: what ServiceNow asked the portal, and the other way round."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet
from tickets.support.models import Repository


class ConnectorCall(models.Model):
    """One call of the connector, without its contents and without any secret."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("From ServiceNow")
        OUTBOUND = "outbound", _("From the portal")

    # None where a call named no repository that is known: nobody's but the operator's.
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="connector_calls",
    )
    repository = models.ForeignKey(
        Repository,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="calls",
    )
    direction = models.CharField(max_length=10, choices=Direction)
    at = models.DateTimeField(default=timezone.now)
    # What it was for: an operation of the API, or what the portal wanted.
    purpose = models.CharField(max_length=60)
    method = models.CharField(max_length=10)
    # Outbound: the address without its query. Inbound: the path.
    address = models.CharField(max_length=500)
    # None where no answer came.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Why it failed, for machines; "" for a success.
    code = models.CharField(max_length=50, blank=True)
    # The other side's words, or what was wrong with its call; secrets redacted.
    words = models.TextField(blank=True)
    # Outbound: the other side's name of the request. Inbound: the portal's.
    request_id = models.CharField(max_length=100, blank=True)
    milliseconds = models.PositiveIntegerField(default=0)
    # Inbound: who it was for on the instance, and the application the token named.
    user_name = models.CharField(max_length=100, blank=True)
    app_id = models.CharField(max_length=100, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["tenant", "-at"], name="connector_call_newest"),
            models.Index(
                fields=["repository", "direction", "-at"], name="connector_call_of_repo"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.purpose} {self.status}"

    @property
    def is_good(self) -> bool:
        """Whether it was answered with what was asked for."""
        return not self.code and self.status is not None and self.status < 400
