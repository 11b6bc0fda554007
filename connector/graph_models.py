"""How the portal signs in to Microsoft Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.fields import EncryptedTextField
from connector.queries import GraphAccessQuerySet

if TYPE_CHECKING:
    from datetime import date, timedelta


class GraphAccess(models.Model):
    """How the portal signs in to Microsoft Graph for one organisation.

    Without a client ID nothing was entered: what the environment says is used, and only
    the answers of the last check are kept here.
    """

    class Credential(models.TextChoices):
        SECRET = "secret", _("Client secret")
        CERTIFICATE = "certificate", _("Certificate")

    class Status(models.TextChoices):
        UNCHECKED = "unchecked", _("Not checked yet")
        CHECKING = "checking", _("Being checked")
        WORKING = "working", _("Working")
        FAILING = "failing", _("Needs attention")

    tenant = models.OneToOneField(
        "connector.Tenant", on_delete=models.CASCADE, related_name="graph_access"
    )
    directory_id = models.CharField(
        _("directory (tenant) ID"), max_length=36, blank=True
    )
    client_id = models.CharField(
        _("application (client) ID"), max_length=36, blank=True
    )
    credential = models.CharField(
        max_length=12, choices=Credential, default=Credential.SECRET
    )
    client_secret = EncryptedTextField(_("client secret"), blank=True)
    private_key = EncryptedTextField(_("private key"), blank=True)
    certificate = EncryptedTextField(_("certificate"), blank=True)
    # SHA-1, as the Entra admin center lists it beside the certificate.
    thumbprint = models.CharField(max_length=40, blank=True)
    # Of the certificate; of a secret, if somebody entered it.
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.UNCHECKED)
    last_error_code = models.CharField(max_length=50, blank=True)
    last_error_words = models.TextField(blank=True)
    # The last answers of the check: list of Finding.as_dict().
    findings = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    # Application permissions the token named; null where it does not say.
    permissions_found = models.JSONField(null=True, blank=True, default=None)
    asked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GraphAccessQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = [("manage_graph", "Can set up the access to Microsoft Graph")]
        verbose_name = _("Microsoft Graph access")

    def __str__(self) -> str:
        return self.client_id

    @property
    def is_entered(self) -> bool:
        return bool(self.client_id)

    def expires_within(self, span: timedelta) -> bool:
        """Whether secret or certificate end in so short a time, or have ended."""
        ends_on: date | None = self.expires_on
        return ends_on is not None and ends_on - timezone.localdate() <= span
