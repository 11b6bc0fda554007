"""Rules that watch the score, and the alerts they raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from typing import Self


class AlertQuerySet(TenantQuerySet):
    """Reads of alerts."""

    def open(self) -> Self:
        """Return what nobody has acknowledged yet."""
        return self.filter(acknowledged_at__isnull=True)

    def to_mail(self) -> Self:
        """Return what still has to go out by e-mail."""
        wanted = self.filter(mailed_at__isnull=True, mail_due_at__lte=timezone.now())
        return wanted.exclude(recipients="")


class AlertRule(models.Model):
    """When the people of an organisation want to be told."""

    class Kind(models.TextChoices):
        DROP_POINTS = "drop_points", _("Score drops by points in a day")
        DROP_PERCENT = "drop_percent", _("Score drops by percentage points in a day")
        BELOW_POINTS = "below_points", _("Score falls below points")
        BELOW_PERCENT = "below_percent", _("Score falls below a percentage")
        REGRESSION = "regression", _("Improvement actions regress by points in a day")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="alert_rules"
    )
    kind = models.CharField(_("when"), max_length=20, choices=Kind)
    value = models.FloatField(_("value"))
    # Addresses, one a line; empty for alerts in the portal alone.
    recipients = models.TextField(_("e-mail to"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["kind", "value"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(value__gt=0), name="alert_rule_value_positive"
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind", "value"], name="alert_rule_once"
            ),
        ]
        verbose_name = _("alert rule")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value:g}"


class Alert(models.Model):
    """One rule that applied on one day."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(
        AlertRule, on_delete=models.SET_NULL, null=True, related_name="alerts"
    )
    # Kept beside the key: the alert outlives its rule.
    kind = models.CharField(max_length=20, choices=AlertRule.Kind)
    value = models.FloatField()
    day = models.DateField()
    # Numbers and names that tell what happened; sentences are made when shown.
    facts = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    raised_at = models.DateTimeField(default=timezone.now)
    recipients = models.TextField(blank=True)
    mail_due_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=150, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-day", "-pk"]
        default_permissions = ()
        permissions = [("acknowledge_alert", "Can acknowledge alerts")]
        constraints = [
            models.UniqueConstraint(fields=["rule", "day"], name="alert_once_a_day"),
        ]
        indexes = [
            models.Index(
                fields=["tenant"],
                condition=models.Q(acknowledged_at__isnull=True),
                name="alert_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"
