"""Where the connector API of a repository is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from tickets.support.models import Repository


def connector_url(repository: Repository) -> str:
    """Return what all addresses of a repository begin with, without a slash at its end."""
    path = reverse("support_api:self_test", args=[repository.connector_key])
    return f"{settings.SITE_URL}{path}".rstrip("/")


def document_url() -> str:
    """Return the address of the OpenAPI document."""
    return f"{settings.SITE_URL}{reverse('support_api:document')}"
