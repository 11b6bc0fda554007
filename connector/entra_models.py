"""What Microsoft Entra ID publishes, kept so that no request has to wait for it."""

from __future__ import annotations

from django.db import models


class SigningKeys(models.Model):
    """The keys a directory of Microsoft Entra ID signs its tokens with.

    They are public and belong to the directory: organisations share them.
    """

    # The directory (tenant) ID or a domain of it, in lower case, as it was entered.
    directory = models.CharField(max_length=253)
    authority = models.CharField(max_length=255)
    # Its directory (tenant) ID as its metadata names it; "" before the first fetch.
    tenant_id = models.CharField(max_length=36, blank=True)
    issuers = models.JSONField(default=list, blank=True)
    # As JSON Web Keys, the usable ones alone.
    keys = models.JSONField(default=list, blank=True)
    # When they came; what came stays when a later fetch fails.
    fetched_at = models.DateTimeField(null=True, blank=True)
    # When a fetch was last asked for, and when the last one ended, well or not.
    requested_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_words = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["directory", "authority"], name="signing_keys_once"
            ),
        ]

    def __str__(self) -> str:
        return f"keys of {self.directory}"
