"""The states of an instance, what was decided about them, and their last import."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Connection, Tenant
from tickets.choices import CATEGORY_ICONS, UNMAPPED_ICON, Colour, Kind, StateCategory
from tickets.queries import StateRevisionQuerySet, TicketStateQuerySet


class TicketState(models.Model):
    """A state the instance uses for one kind of ticket, and how it is shown here."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="states"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    # ServiceNow's code ("-5", "1", ...): never sent or compared as a label.
    value = models.CharField(max_length=40)
    default_label = models.CharField(_("default name"), max_length=100)
    label = models.CharField(_("own name"), max_length=100, blank=True)
    # Empty until somebody mapped it; it counts as open so long.
    category = models.CharField(
        _("category"), max_length=20, choices=StateCategory, blank=True
    )
    colour = models.CharField(
        _("colour"), max_length=20, choices=Colour, default=Colour.NEUTRAL
    )
    # The own order; without it, the instance's.
    position = models.PositiveSmallIntegerField(null=True, blank=True)
    sequence = models.IntegerField(default=0)
    # The instance no longer offers it; tickets may still be in it.
    is_gone = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    objects = TicketStateQuerySet.as_manager()

    class Meta:
        ordering = [
            "kind",
            models.F("position").asc(nulls_last=True),
            "sequence",
            "pk",
        ]
        default_permissions = ()
        permissions = [("rename_ticketstate", "Can rename ticket states")]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "value"], name="ticket_state_once"
            ),
            models.CheckConstraint(
                condition=models.Q(category__in=["", *StateCategory.values]),
                name="ticket_state_category_known",
            ),
            models.CheckConstraint(
                condition=models.Q(colour__in=Colour.values),
                name="ticket_state_colour_known",
            ),
        ]
        verbose_name = _("ticket state")

    def __str__(self) -> str:
        return self.label or self.default_label

    @property
    def is_new(self) -> bool:
        """Whether it waits for somebody to map it."""
        return not self.category and not self.is_gone


def icon_of(category: str) -> str:
    """Return the icon that stands for a category, also for none."""
    return CATEGORY_ICONS[StateCategory(category)] if category else UNMAPPED_ICON


class StateRevision(models.Model):
    """One change of the states of a kind: all of them before and after it."""

    class Source(models.TextChoices):
        EDIT = "edit", _("Changed here")
        IMPORT = "import", _("Imported from ServiceNow")
        UNDO = "undo", _("Undone")
        JSON = "json", _("Imported from a file")

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="state_revisions"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # Kept beside the key: the name must outlive the account.
    actor_name = models.CharField(max_length=150, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    # Lists of {value, label, colour, category, position}; see tickets.state_settings.
    before = models.JSONField()
    after = models.JSONField()

    objects = StateRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["connection", "kind", "-id"], name="state_newest_first"
            )
        ]
        verbose_name = _("change of ticket states")
        verbose_name_plural = _("changes of ticket states")

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.pk}"


class StateImport(models.Model):
    """When the states of one instance were last asked for, and what came of it."""

    class Via(models.TextChoices):
        CHOICES = "choices", _("ServiceNow's list of choices")
        RECORDS = "records", _("the records of the instance")

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="state_import"
    )
    requested_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Where the states came from; empty if from nowhere.
    via = models.CharField(max_length=10, choices=Via, blank=True)
    # How many states nobody knew before.
    found = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    # ServiceNow's own words; beside `via` they say why not the list of choices.
    error_words = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.finished_at}"
