"""The support integration of an organisation: answers, repositories, steps, accounts."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.fields import EncryptedTextField
from connector.models import Tenant
from connector.queries import TenantQuerySet
from tickets.support.queries import (
    RepositoryQuerySet,
    SupportIntegrationQuerySet,
    SupportUserQuerySet,
)
from tickets.support.setups import Setup, setup_for

if TYPE_CHECKING:
    from tickets.support.setups import Feature

# ServiceNow's own lifespan of a refresh token, and ten times what a repository has.
LONGEST_EXPIRY = 8_640_000
DEFAULT_EXPIRY = 864_000


class RequestTransport(models.TextChoices):
    """How a service request reaches Microsoft's support."""

    EMAIL = "email", _("E-mail")
    MANUAL = "manual", _("By hand, in the Microsoft 365 admin center")


class SupportIntegration(models.Model):
    """The settings of one organisation, as Settings > Support integration shows them."""

    class Tool(models.TextChoices):
        SERVICENOW = "servicenow", "ServiceNow"

    tenant = models.OneToOneField(
        Tenant, on_delete=models.CASCADE, related_name="support_integration"
    )
    # The two answers; the set-up follows from them and is stored nowhere.
    basic_auth_allowed = models.BooleanField(null=True, blank=True)
    single_tenant = models.BooleanField(null=True, blank=True)
    internal_support_tool = models.CharField(
        _("Internal support tool"), max_length=20, choices=Tool, default=Tool.SERVICENOW
    )
    outbound_app_id = models.CharField(
        _("Application ID to issue OAuth token (Outbound App ID)"),
        max_length=36,
        blank=True,
    )
    # Only for the check whether Entra gives this application tokens.
    outbound_secret = EncryptedTextField(blank=True)
    # The directory (tenant) ID or a domain of it: Entra takes both in addresses.
    directory_id = models.CharField(
        _("Directory (tenant) ID"), max_length=253, blank=True
    )
    is_test = models.BooleanField(_("Test environment"), default=False)
    has_sso = models.BooleanField(_("SSO with Microsoft 365"), default=False)
    admin_email = models.EmailField(_("Microsoft 365 admin email"), blank=True)
    # Whether tickets that only seem to match an issue get its updates as well.
    note_automatically = models.BooleanField(_("Note automatically"), default=False)
    # How service requests reach Microsoft's support; see service_requests.transport.
    request_transport = models.CharField(
        _("How requests reach Microsoft"),
        max_length=10,
        choices=RequestTransport,
        default=RequestTransport.MANUAL,
    )
    support_address = models.EmailField(_("Support address"), blank=True)
    reply_address = models.EmailField(_("Reply address"), blank=True)
    # Where replies are handed in, and what they are signed with; made together.
    inbound_key = models.UUIDField(unique=True, null=True, editable=False)
    inbound_secret = EncryptedTextField(blank=True)
    inbound_secret_at = models.DateTimeField(null=True, blank=True)
    # How a case number is recognised; "" for the usual pattern.
    case_pattern = models.CharField(
        _("Case number pattern"), max_length=200, blank=True
    )

    objects = SupportIntegrationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_support", "Can see the support integration"),
            ("manage_support", "Can set up the support integration"),
        ]
        verbose_name = _("support integration")

    def __str__(self) -> str:
        return f"support integration of {self.tenant_id}"

    @property
    def setup(self) -> Setup | None:
        """The set-up the answers lead to, or None while one is open."""
        return setup_for(self.basic_auth_allowed, self.single_tenant)

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.setup.features if self.setup else ()

    @property
    def directory(self) -> str:
        """The directory as entered, or as Graph named it, or ""."""
        return str(self.directory_id or self.tenant.microsoft_tenant_id)


class Repository(models.Model):
    """A ServiceNow instance of the integration, with what the portal signs in by.

    A draft knows its instance only: the guide needs it long before the secrets exist.
    """

    class AuthType(models.TextChoices):
        BASIC = "basic", _("Basic Auth")
        AAD = "aad", _("AAD Auth")

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="repositories"
    )
    repository_id = models.CharField(_("Repository ID"), max_length=100)
    # Its name in the connector API's addresses: no other organisation can enter it.
    connector_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # As an origin, without a path: https://contoso.service-now.com
    endpoint = models.URLField(_("Endpoint"), max_length=255)
    auth_type = models.CharField(
        _("Authentication type"), max_length=10, choices=AuthType, blank=True
    )
    client_id = models.CharField(_("Client ID"), max_length=255, blank=True)
    client_secret = EncryptedTextField(_("Client secret"), blank=True)
    # In seconds; None where no refresh token is asked for.
    refresh_token_expiry = models.PositiveIntegerField(
        _("Refresh token expiry"), null=True, blank=True
    )
    rest_username = models.CharField(_("Rest username"), max_length=100, blank=True)
    rest_password = EncryptedTextField(_("Rest user password"), blank=True)
    # The set-up the values above were entered for; "" for a draft.
    entered_for = models.CharField(max_length=10, blank=True)
    is_test = models.BooleanField(_("Test instance"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RepositoryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "repository_id"], name="repository_id_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=["tenant", "endpoint"],
                name="repository_instance_once_per_tenant",
            ),
            models.CheckConstraint(
                condition=models.Q(refresh_token_expiry__isnull=True)
                | models.Q(
                    refresh_token_expiry__gt=0, refresh_token_expiry__lte=LONGEST_EXPIRY
                ),
                name="repository_expiry_possible",
            ),
        ]
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")

    def __str__(self) -> str:
        return self.repository_id

    @property
    def host(self) -> str:
        """The instance's host name, with the port if it has one."""
        return self.endpoint.partition("://")[2]

    def is_complete_for(self, setup: Setup | None) -> bool:
        """Say whether its values were entered, and for this set-up."""
        return setup is not None and self.entered_for == setup.id


class SetupStep(models.Model):
    """How far one step of a repository's guide has come, and who says so."""

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="steps"
    )
    step_id = models.CharField(max_length=40)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Kept beside the key: the name must outlive the account.
    done_by_name = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=500, blank=True)
    note_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "step_id"], name="setup_step_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} of {self.repository_id}"


class RepositoryCheck(models.Model):
    """One live check of a repository: asked for, under way, or with its last answer.

    A row each, so that two examinations at once do not undo each other's answers.
    """

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="checks"
    )
    check_id = models.CharField(max_length=40)
    requested_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=10, blank=True)
    code = models.CharField(max_length=50, blank=True)
    facts = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    # The other system's own words, secrets redacted.
    evidence = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "check_id"], name="repository_check_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.verdict}"


class SupportUser(models.Model):
    """Somebody of the instance with a role of the app, and their Microsoft 365 account."""

    class Role(models.TextChoices):
        INSIGHTS_USER = "insights_user", "insights_user"
        ADMINISTRATOR = "administrator", "administrator"

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="users"
    )
    user_name = models.CharField(_("ServiceNow user"), max_length=100)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    # "" while the instance did not say, or no longer says, that there is one.
    role = models.CharField(max_length=20, choices=Role, blank=True)
    linked_email = models.EmailField(_("Microsoft 365 admin email"), blank=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    linked_by_name = models.CharField(max_length=150, blank=True)

    objects = SupportUserQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["user_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "user_name"], name="support_user_once"
            ),
        ]
        verbose_name = _("ServiceNow user")

    def __str__(self) -> str:
        return self.user_name


class LinkedPerson(models.Model):
    """Somebody of the portal, and their Microsoft 365 admin account."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="linked_people"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    email = models.EmailField(_("Microsoft 365 admin email"))
    linked_at = models.DateTimeField(default=timezone.now)
    linked_by_name = models.CharField(max_length=150, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"], name="person_linked_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.email}"
