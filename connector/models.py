"""The organisation, its connections to other systems, and the audit trail."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.entra_models import SigningKeys as SigningKeys
from connector.fields import EncryptedJSONField, EncryptedTextField
from connector.graph_models import GraphAccess as GraphAccess
from connector.queries import ConnectionQuerySet, ProbeRunQuerySet, TenantQuerySet
from connector.servicenow.basic import Basic
from connector.setup_models import HandOver as HandOver
from connector.setup_models import SetupTick as SetupTick

if TYPE_CHECKING:
    from datetime import datetime


class Tenant(models.Model):
    """A Microsoft 365 organisation; every customer row belongs to one."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(unique=True)
    # The directory (tenant) ID Microsoft Entra shows; empty until Graph names it.
    microsoft_tenant_id = models.CharField(max_length=36, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="tenants", blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")

    def __str__(self) -> str:
        return self.name

    def lock(self) -> None:
        """Let others wait who change the same organisation; within a transaction.

        Two submits at once must not both find nothing and both write.
        """
        Tenant.objects.select_for_update().only("pk").get(pk=self.pk)


class Connection(models.Model):
    """One instance of another system a tenant is connected to, with its secrets."""

    class Kind(models.TextChoices):
        SERVICENOW = "servicenow", "ServiceNow"

    class Status(models.TextChoices):
        DRAFT = "draft", _("Not authorized yet")
        AUTHORIZING = "authorizing", _("Finishing the authorization")
        CONNECTED = "connected", _("Connected")
        BROKEN = "broken", _("Needs attention")
        REMOVED = "removed", _("Removed")

    class AuthType(models.TextChoices):
        AUTHORIZATION_CODE = "authorization_code", _("Authorization code")
        CLIENT_CREDENTIALS = "client_credentials", _("Client credentials")
        BASIC = "basic", _("Basic")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="connections"
    )
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.SERVICENOW)
    base_url = models.URLField(_("instance"), max_length=255)
    # What people call it beside its address, such as "Production".
    name = models.CharField(_("name"), max_length=60, blank=True)
    # Where tickets go unless somebody chooses another one.
    is_default = models.BooleanField(default=False)
    # Whether its tickets are marked as tests, here and in ServiceNow.
    is_test = models.BooleanField(_("test instance"), default=False)
    auth_type = models.CharField(
        max_length=20, choices=AuthType, default=AuthType.AUTHORIZATION_CODE
    )
    # Empty with Basic, as the secret is; the password is empty without.
    client_id = models.CharField(_("client ID"), max_length=255, blank=True)
    client_secret = EncryptedTextField(_("client secret"), blank=True)
    integration_user = models.CharField(_("integration user"), max_length=100)
    password = EncryptedTextField(_("password"), blank=True)

    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    # Whether the home page shows the ticket cards and sharing is offered.
    cards_enabled = models.BooleanField(default=False)
    access_token = EncryptedTextField(blank=True)
    access_token_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token = EncryptedTextField(blank=True)
    refresh_token_expires_at = models.DateTimeField(null=True, blank=True)
    # The code and PKCE verifier between the way back and the exchange (60 s).
    pending_code = EncryptedJSONField(blank=True, null=True, default=None)
    # Who holds the right to renew the token now; see connector.tokens.
    renewal_claimed_at = models.DateTimeField(null=True, blank=True)

    # Who the token belongs to on the instance, as the instance says.
    remote_user_name = models.CharField(max_length=100, blank=True)
    remote_user_display = models.CharField(max_length=200, blank=True)
    remote_user_sys_id = models.CharField(max_length=32, blank=True)
    release = models.CharField(max_length=100, blank=True)
    # The latest finding of each probe: list of Finding.as_dict().
    probes = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    checked_at = models.DateTimeField(null=True, blank=True)
    authorized_at = models.DateTimeField(null=True, blank=True)
    # Set while it waits to take the place of another one, with that one's tickets.
    replaces = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    authorized_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    last_error_code = models.CharField(max_length=50, blank=True)
    last_error_words = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "base_url"],
                condition=models.Q(removed_at__isnull=True),
                name="connection_instance_once_per_tenant",
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                condition=models.Q(removed_at__isnull=True, is_default=True),
                name="connection_one_default_per_tenant",
            ),
            models.CheckConstraint(
                condition=models.Q(removed_at__isnull=True)
                | models.Q(status="removed"),
                name="connection_removed_has_status",
            ),
        ]
        permissions = [
            ("manage_connection", "Can connect, provision and remove ServiceNow"),
        ]
        verbose_name = _("ServiceNow connection")

    def __str__(self) -> str:
        return self.name or self.host

    @property
    def host(self) -> str:
        """The instance's host name, with the port if it has one."""
        return self.base_url.partition("://")[2]

    @property
    def is_connected(self) -> bool:
        return self.status == self.Status.CONNECTED

    @property
    def needs_consent(self) -> bool:
        """Whether a person signs in to the instance to authorize it."""
        return self.auth_type == self.AuthType.AUTHORIZATION_CODE

    @property
    def has_password(self) -> bool:
        """Whether the portal signs in with user name and password."""
        return self.auth_type == self.AuthType.BASIC

    @property
    def is_settled(self) -> bool:
        """Whether it was authorized, not removed, and stands on its own."""
        return self.replaces_id is None and self.status in {
            self.Status.CONNECTED,
            self.Status.BROKEN,
            self.Status.AUTHORIZING,
        }

    @property
    def is_usable(self) -> bool:
        """Whether tickets may be shared: settled, and the cards are on."""
        return self.cards_enabled and self.is_settled

    @property
    def is_removed(self) -> bool:
        """Whether only its history is left, to be read."""
        return self.status == self.Status.REMOVED

    @property
    def is_someone_else(self) -> bool:
        """Whether the token belongs to another user than the one that was named."""
        named = self.integration_user.casefold()
        return bool(self.remote_user_name) and self.remote_user_name.casefold() != named

    @property
    def secrets(self) -> tuple[str, ...]:
        """What it holds and nobody may read, in every spelling it travels in."""
        held = (self.client_secret, self.access_token, self.refresh_token)
        if not self.password:
            return held
        return (*held, *Basic(self.integration_user, self.password).secrets)

    def ends_within(self, span: timedelta) -> bool:
        """Whether the authorization ends in so short a time, or has ended."""
        ends_at: datetime | None = self.refresh_token_expires_at
        return ends_at is not None and ends_at - timezone.now() <= span

    def has_fresh_token(self, margin: timedelta = timedelta(seconds=60)) -> bool:
        expires_at: datetime | None = self.access_token_expires_at
        if not self.access_token or expires_at is None:
            return False
        return timezone.now() + margin < expires_at

    def record_url(self, table: str, sys_id: str) -> str:
        """Return the address of one record in the instance's own pages."""
        return f"{self.base_url}/nav_to.do?uri={table}.do%3Fsys_id%3D{sys_id}"


class RequestBudget(models.Model):
    """The requests of one connection in the hour that runs, and what the instance allows.

    A row of its own: it is written while the connection is read everywhere.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="budget"
    )
    requests = models.PositiveIntegerField(default=0)
    # The end of the hour: the instance's, or the clock's when it names none.
    ends_at = models.DateTimeField()
    limit = models.PositiveIntegerField(null=True, blank=True)
    rule = models.CharField(max_length=100, blank=True)
    # When an answer last named the rule.
    named_at = models.DateTimeField(null=True, blank=True)
    # Set when the instance refused a request because the rule was used up.
    blocked_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.requests} requests until {self.ends_at:%H:%M}"


class ProbeRun(models.Model):
    """One round of questions about a connection; its answers arrive one by one."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="probe_runs"
    )
    started_at = models.DateTimeField(default=timezone.now)
    # Since when a worker is at it; see connector.runs.
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Nobody: the portal itself, or somebody at the terminal.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # The one probe that was asked; empty for all of them.
    only = models.CharField(max_length=60, blank=True)
    # List of Finding.as_dict(), each as it arrives.
    answers = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)

    objects = ProbeRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["connection", "-started_at"])]

    def __str__(self) -> str:
        return f"{self.connection} {self.started_at:%Y-%m-%d %H:%M}"


class AuditEvent(models.Model):
    """One act that matters: who did what to what, when. Never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Kept beside the key: the name must outlive the account.
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    request_id = models.CharField(max_length=36, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["tenant", "-at"])]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            message = "An audit event is never changed."
            raise TypeError(message)
        super().save(*args, **kwargs)
