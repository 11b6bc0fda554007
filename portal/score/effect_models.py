"""What came of tickets that were closed, and what is told to those that regress."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from portal.score.effect_queries import (
    EffectRuleQuerySet,
    TicketEffectQuerySet,
    ToldRegressionQuerySet,
)
from tickets.models import Ticket


class TicketEffect(models.Model):
    """A closed ticket and one of its actions: the points along its life.

    Kept by portal.score.effects; the points of today are read when they are shown.
    """

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="ticket_effects"
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="effects")
    control_id = models.CharField(max_length=200)
    closed_at = models.DateTimeField()
    # When the ticket was made, and when it was closed; null without a score of then.
    shared_points = models.FloatField(null=True, blank=True)
    closed_points = models.FloatField(null=True, blank=True)
    # Of the first score calculated 48 hours after the close; null until there is one.
    settled_on = models.DateField(null=True, blank=True)
    settled_points = models.FloatField(null=True, blank=True)

    objects = TicketEffectQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-closed_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "control_id"], name="ticket_effect_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-closed_at"])]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.control_id}"


class EffectRule(models.Model):
    """What happens to the ticket of an action that regresses after it was closed."""

    class OnRegression(models.TextChoices):
        ANNOTATE = "annotate", _("Add a work note to its ticket")
        REOPEN = "reopen", _("Reopen its ticket; add a note where that is impossible")
        NOTHING = "nothing", _("Tell ServiceNow nothing")

    tenant = models.OneToOneField(
        Tenant, on_delete=models.CASCADE, related_name="effect_rule"
    )
    on_regression = models.CharField(
        _("when an action regresses after its ticket was closed"),
        max_length=10,
        choices=OnRegression,
        default=OnRegression.ANNOTATE,
    )

    objects = EffectRuleQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(on_regression__in=["annotate", "reopen", "nothing"]),
                name="effect_rule_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.on_regression)


class ToldRegression(models.Model):
    """A regression whose ticket was seen to; its row is what keeps it from a repeat."""

    class Outcome(models.TextChoices):
        REOPENED = "reopened", _("Ticket reopened")
        NOTED = "noted", _("Note added to the ticket")
        NOTHING = "nothing", _("Nothing sent, as set")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="told_regressions"
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    control_id = models.CharField(max_length=200)
    date = models.DateField()
    before = models.FloatField()
    after = models.FloatField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    told_at = models.DateTimeField(auto_now_add=True)

    objects = ToldRegressionQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        ordering = ["-date", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "control_id", "date"], name="regression_told_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.control_id} {self.outcome}"
