"""The five roles, by Microsoft's names, as Django groups with permissions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

SECURITY_ADMINISTRATOR = "Security Administrator"
SECURITY_OPERATOR = "Security Operator"
SECURITY_READER = "Security Reader"
HELPDESK_ADMINISTRATOR = "Helpdesk Administrator"
SERVICE_SUPPORT_ADMINISTRATOR = "Service Support Administrator"

_SEE = ["portal.view_score", "tickets.view_ticket", "tickets.view_support"]
ROLES: dict[str, list[str]] = {
    SECURITY_ADMINISTRATOR: [
        *_SEE,
        "tickets.share_ticket",
        "tickets.rename_ticketstate",
        "tickets.manage_support",
        "tickets.manage_servicerequest",
        "portal.edit_actionplan",
        "connector.manage_connection",
        "connector.view_connection",
        "connector.view_auditevent",
        "connector.manage_graph",
        "portal.manage_score",
        "portal.acknowledge_alert",
    ],
    SECURITY_OPERATOR: [
        *_SEE,
        "tickets.share_ticket",
        "connector.view_connection",
        "portal.acknowledge_alert",
    ],
    SECURITY_READER: [*_SEE, "connector.view_connection"],
    HELPDESK_ADMINISTRATOR: [
        *_SEE,
        "tickets.rename_ticketstate",
        "tickets.manage_support",
        "tickets.manage_servicerequest",
    ],
    SERVICE_SUPPORT_ADMINISTRATOR: [
        *_SEE,
        "tickets.manage_support",
        "tickets.manage_servicerequest",
    ],
}


def create_roles(**_: Any) -> None:
    """Bring the groups and their permissions to what ROLES says, after migrate."""
    for name, permissions in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(_find(permissions))


def _find(names: list[str]) -> list[Permission]:
    wanted = Q()
    for name in names:
        app_label, codename = name.split(".")
        wanted |= Q(content_type__app_label=app_label, codename=codename)
    return list(Permission.objects.filter(wanted))
