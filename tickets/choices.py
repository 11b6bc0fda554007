"""The kinds of ticket, and what a state may be counted and coloured as."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """ServiceNow's table names, which are also the kinds of ticket."""

    CHANGE_REQUEST = "change_request", _("Change request")
    INCIDENT = "incident", _("Incident")


class StateCategory(models.TextChoices):
    """What a state counts as; a state without one is not mapped yet and counts as open."""

    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class Colour(models.TextChoices):
    """The badges a state may have; static/css holds a class for each name."""

    NEUTRAL = "neutral", _("Neutral")
    BLUE = "blue", _("Blue")
    TEAL = "teal", _("Teal")
    GREEN = "green", _("Green")
    YELLOW = "yellow", _("Yellow")
    ORANGE = "orange", _("Orange")
    RED = "red", _("Red")
    PURPLE = "purple", _("Purple")


# In these nothing is due any more.
FINISHED = (StateCategory.DONE, StateCategory.CANCELLED)
UNFINISHED = ("", StateCategory.OPEN, StateCategory.IN_PROGRESS)
# Beside the colour, for who does not see it.
CATEGORY_ICONS = {
    StateCategory.OPEN: "circle",
    StateCategory.IN_PROGRESS: "play",
    StateCategory.DONE: "check",
    StateCategory.CANCELLED: "close",
}
UNMAPPED_ICON = "tag"
