"""The client of a repository's instance, made in this one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from connector import addresses
from connector.exceptions import Misconfigured
from connector.graph import auth
from connector.servicenow.basic import Basic
from connector.servicenow.client import ServiceNow
from tickets.support.models import SupportIntegration
from tickets.support.setups import BASIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickets.support.models import Repository
    from tickets.support.setups import Setup


def servicenow(
    repository: Repository,
    setup: Setup | None,
    token: Callable[[], str] | None = None,
) -> ServiceNow:
    """Return the instance, spoken to as the Rest user; nothing is sent yet.

    By user name and password in the set-up with basic authentication, else by a token
    of Entra: of `token`, or one asked for when it is needed.
    """
    by_password = Basic(repository.rest_username, repository.rest_password)
    ask = token or (lambda: entra_token(repository))
    return ServiceNow(
        repository.endpoint,
        by_password if setup is BASIC else lambda _renew: ask(),
        timeout=timeout(),
        private_ok=addresses.is_sandbox(repository.endpoint),
    )


def entra_token(repository: Repository) -> str:
    """Ask Entra for a token of the REST user's application for the inbound audience."""
    directory = SupportIntegration.objects.of(repository.tenant).directory
    if not directory:
        raise Misconfigured("repository_incomplete")
    return application_token(
        directory,
        repository.rest_username,
        repository.rest_password,
        audience=repository.client_id,
    )


def application_token(
    directory: str, client_id: str, secret: str, *, audience: str = ""
) -> str:
    """Ask Entra for a token of an application, for an audience or for itself."""
    authority = settings.ENTRA_AUTHORITY
    who = auth.Credentials(directory, client_id, secret, authority=authority)
    return auth.application_token(who, f"{audience or client_id}/.default")


def timeout() -> tuple[float, float]:
    """Return how long to wait for an instance: to connect, to answer."""
    return settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT
