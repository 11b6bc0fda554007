"""App configuration of the connector."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectorConfig(AppConfig):
    name = "connector"
    verbose_name = _("Connections")

    def ready(self) -> None:
        from connector import checks  # noqa: F401
