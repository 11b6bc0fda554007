"""A set of improvement actions somebody is about to share, or shared, as one."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connector.models import Tenant
from connector.queries import TenantQuerySet
from tickets.models import Ticket


class SharePlan(models.Model):
    """The chosen actions; its key also names its tickets before they exist."""

    class How(models.TextChoices):
        ONE = "one", _("Share as one")
        EACH = "each", _("Share each")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="share_plans"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # In the order they were proposed; once shared, those that were.
    control_ids = models.JSONField(default=list)
    # Empty until it was shared, which happens once.
    shared_as = models.CharField(max_length=4, choices=How, blank=True)
    shared_at = models.DateTimeField(null=True, blank=True)
    tickets = models.ManyToManyField(Ticket, related_name="share_plans", blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        app_label = "portal"
        default_permissions = ()
        indexes = [models.Index(fields=["tenant", "created_at"])]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("score:plan_review", args=[self.pk])
