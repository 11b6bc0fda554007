"""What a guided set-up is made of, and the values it computes for one repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connector.entra import metadata
from tickets.support.api import addresses

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from tickets.support.models import Repository, SupportIntegration

# The application on the instance, and the scope its own records lie in.
APP_SCOPE = "x_mioms_m365_assis"
_NAME = "m365supportintegration"
# Both spellings are printed in the documents; the first is the one ServiceNow answers.
REDIRECT_PATHS = ("oauth_redirect.do", "auth_redirect.do")
APP_REGISTRATIONS = "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
# Where Microsoft's own connector called from and was called at, as documented.
DOCUMENTED_ADDRESSES = (
    *("52.149.152.32", "40.83.232.243", "40.83.114.39"),
    *("13.76.138.31", "13.79.229.170", "20.105.151.142"),
)


class Owner(models.TextChoices):
    """Who carries out a step, as the guide calls them."""

    AAD_ADMIN = "aad", _("AAD admin")
    SERVICENOW_ADMIN = "servicenow", _("ServiceNow admin")
    HELPDESK_ADMIN = "helpdesk", _("Helpdesk or Service request admin")
    APP_ADMINISTRATOR = "administrator", _("User with the administrator role")


@dataclass(frozen=True)
class Facts:
    """What the values of a guide are computed from; "" where nobody entered it yet."""

    directory: str
    endpoint: str
    repository_pk: int
    repository_id: str
    outbound_app_id: str
    client_id: str
    rest_username: str
    admin_email: str
    connector_url: str
    is_test: bool

    @classmethod
    def of(cls, integration: SupportIntegration, repository: Repository) -> Facts:
        """Gather them for one repository; values of another set-up do not count."""
        is_current = repository.is_complete_for(integration.setup)
        return cls(
            directory=integration.directory,
            endpoint=repository.endpoint,
            repository_pk=repository.pk,
            repository_id=repository.repository_id,
            outbound_app_id=integration.outbound_app_id,
            client_id=repository.client_id if is_current else "",
            rest_username=repository.rest_username if is_current else "",
            admin_email=integration.admin_email,
            connector_url=addresses.connector_url(repository),
            is_test=integration.is_test or repository.is_test,
        )

    def name(self, part: str) -> str:
        """Return the recommended name of an entity; a test instance's begins with dev_."""
        return f"{'dev_' if self.is_test else ''}{_NAME}_{part}"

    def at_instance(self, path: str) -> str:
        return f"{self.endpoint}/{path}"

    @property
    def token_url(self) -> str:
        if not self.directory:
            return ""
        return f"{settings.ENTRA_AUTHORITY}/{self.directory}/oauth2/token"

    @property
    def metadata_url(self) -> str:
        if not self.directory:
            return ""
        return metadata.address(settings.ENTRA_AUTHORITY, self.directory)


Computed = Callable[[Facts], str]


@dataclass(frozen=True)
class Value:
    """Something to copy; `note` says what is special about it."""

    label: str | _StrPromise
    of: Computed
    note: str | _StrPromise = ""


@dataclass(frozen=True)
class Link:
    """A page where the step is carried out."""

    label: str | _StrPromise
    of: Computed


@dataclass(frozen=True)
class Step:
    """One thing to do, by whom, with what; its text is HTML of this package alone."""

    id: str
    owner: Owner
    title: str | _StrPromise
    lines: tuple[str | _StrPromise, ...]
    values: tuple[Value, ...] = ()
    links: tuple[Link, ...] = ()
    # Of the live checks those that can tell whether it was done.
    checks: tuple[str, ...] = ()
    is_optional: bool = False


def named(part: str) -> Value:
    """Return the value of a recommended name."""
    return Value(_("Name"), lambda facts: facts.name(part), _("recommended"))


def fixed(label: str | _StrPromise, text: str, note: str | _StrPromise = "") -> Value:
    """Return a value that is the same everywhere."""
    return Value(label, lambda _facts: text, note)


def redirects() -> tuple[Value, ...]:
    """Return both spellings of the redirect address, the recommended one first."""
    first, second = REDIRECT_PATHS
    return (
        Value(
            _("Redirect URL"), lambda facts: facts.at_instance(first), _("recommended")
        ),
        Value(
            _("Redirect URL, other spelling"),
            lambda facts: facts.at_instance(second),
            _("accepted as well"),
        ),
    )


def instance_page(label: str | _StrPromise, path: str) -> Link:
    """Return a link to a page of the instance."""
    return Link(label, lambda facts: facts.at_instance(path))


def own_page(label: str | _StrPromise, name: str) -> Link:
    """Return a link to a page of the portal."""
    return Link(label, lambda _facts: reverse(name))


# Where the app on the instance calls the portal.
CONNECTOR = Value(
    _("Connector address"),
    lambda facts: facts.connector_url,
    _("property x_mioms_m365_assis.connector_url"),
)
CONNECTOR_PAGE = own_page(
    _("Connector API: scripts, errors, last calls"), "support:api"
)
APPLICATIONS = Link(
    _("App registrations (Microsoft Entra admin center)"),
    lambda _facts: APP_REGISTRATIONS,
)
REGISTRY = instance_page(
    _("System OAuth > Application Registry"), "oauth_entity_list.do"
)
USERS = instance_page(_("User Administration > Users"), "sys_user_list.do")
