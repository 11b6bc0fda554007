"""How one instance was customised: what is sent there, and what is known of its columns."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connector.models import Connection
from tickets.choices import Kind


class InstanceProfile(models.Model):
    """What is sent for one kind of ticket; what is empty here is sent as usual."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="profiles"
    )
    kind = models.CharField(max_length=20)
    # Portal field → table column, "" for not sent; only what differs from the usual.
    columns = models.JSONField(default=dict, blank=True)
    # Table column → constant, for what the instance demands and the portal has not.
    defaults = models.JSONField(default=dict, blank=True)
    # Our priority → {"priority": code, "impact": code, "urgency": code}.
    weights_out = models.JSONField(default=dict, blank=True)
    # ServiceNow's code → our priority.
    priorities_in = models.JSONField(default=dict, blank=True)
    # Rows of the instance that were typed by name; see tickets.references.
    group = models.JSONField(default=dict, blank=True)
    change_model = models.JSONField(default=dict, blank=True)
    template = models.JSONField(default=dict, blank=True)
    category = models.CharField(max_length=100, blank=True)
    change_type = models.CharField(max_length=20, blank=True)
    close_code = models.CharField(max_length=100, blank=True)
    close_notes = models.TextField(max_length=1000, blank=True)
    # Whether the column of the due date is one of days, without a time.
    due_is_day = models.BooleanField(default=False)

    # The last check with ServiceNow: asked for, answered, and what kept it from that.
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)
    # Whether sys_dictionary and sys_choice can be read; None before the first check.
    knows_columns = models.BooleanField(null=True, blank=True)
    knows_choices = models.BooleanField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind"], name="instance_profile_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values),
                name="instance_profile_kind_known",
            ),
        ]
        verbose_name = _("field mapping")

    def __str__(self) -> str:
        return f"{self.kind} {self.connection_id}"


class TableColumn(models.Model):
    """A column of an instance's table, as its dictionary or one of its rows shows it."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="table_columns"
    )
    # The table the dictionary names: `task` for what both kinds inherit.
    table = models.CharField(max_length=80)
    element = models.CharField(max_length=80)
    label = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=80, blank=True)
    mandatory = models.BooleanField(default=False)
    has_default = models.BooleanField(default=False)
    max_length = models.PositiveIntegerField(null=True, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    # [[value, label], ...]; None where sys_choice says nothing.
    choices = models.JSONField(null=True, blank=True)
    # Whether the dictionary lists it, and whether a row that was read has it.
    is_listed = models.BooleanField(default=False)
    is_there = models.BooleanField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "table", "element"], name="table_column_once"
            ),
        ]
        verbose_name = _("table column")

    def __str__(self) -> str:
        return f"{self.table}.{self.element}"
