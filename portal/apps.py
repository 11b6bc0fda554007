"""App configuration of the portal."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from portal import checks, receivers, roles  # noqa: F401
        from portal.score import receivers as score_receivers  # noqa: F401

        post_migrate.connect(roles.create_roles, dispatch_uid="portal.roles")
