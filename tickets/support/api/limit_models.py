"""How many calls came within the minute that runs."""

from __future__ import annotations

from django.db import models


class CallCount(models.Model):
    """The calls of one subject within a minute: of a repository, or refused of an address.

    One small row that is written over, so that a flood leaves no traces behind.
    """

    subject = models.CharField(max_length=60, primary_key=True)
    calls = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.subject}: {self.calls} until {self.ends_at:%H:%M:%S}"
