"""What the app Microsoft 365 support integration keeps in system properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Store

SCOPE = "x_mioms_m365_assis"
AGREED, COMPLETE = "agreed", "complete"
# Property without the scope, to what it says.
PROPERTIES = {
    "connector_url": "Address of the connector API, up to the key of the repository",
    "oauth_profile": "Name of the OAuth entity profile of the outbound provider",
    "repository_id": "Repository ID, as entered in the portal",
    "setup_state": "Empty, agreed or complete",
    "has_sso": "SSO with Microsoft 365: true or false",
    "admin_email": "Microsoft 365 admin email, the contact for support cases",
    "is_test": "Test environment: true or false",
    "inbound_skipped": "Inbound provider: whether the step was skipped",
    "inbound_external": "Inbound provider: External OIDC Auth Token",
    "inbound_client": "Inbound provider: client ID of the chosen registry",
    "user_skipped": "Integration user: whether the step was skipped",
    "integration_user": "Integration user: its User ID",
}
_STATES = ("", AGREED, COMPLETE)
_LINKED = f"{SCOPE}.linked_account"


@dataclass(frozen=True)
class Settings:
    """The properties as they stand; all of them text, "" where nothing was said."""

    connector_url: str = ""
    oauth_profile: str = ""
    repository_id: str = ""
    setup_state: str = ""
    has_sso: str = ""
    admin_email: str = ""
    is_test: str = ""
    inbound_skipped: str = ""
    inbound_external: str = ""
    inbound_client: str = ""
    user_skipped: str = ""
    integration_user: str = ""

    @property
    def is_set_up(self) -> bool:
        """Say whether somebody agreed and named the address and the OAuth profile."""
        return bool(self.setup_state and self.connector_url and self.oauth_profile)

    @property
    def is_complete(self) -> bool:
        return self.is_set_up and self.setup_state == COMPLETE


def read(store: Store) -> Settings:
    """Return the settings of the app."""
    return Settings(**{name: store.setting(f"{SCOPE}.{name}") for name in PROPERTIES})


def write(store: Store, values: Mapping[str, Any]) -> None:
    """Set what is named; raises ValueError for what the app does not know."""
    unknown = set(values) - set(PROPERTIES)
    if unknown or values.get("setup_state", "") not in _STATES:
        message = f"not a property of the app: {sorted(unknown) or 'setup_state'}"
        raise ValueError(message)
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        row = {"name": f"{SCOPE}.{name}", "value": text, **_words(store, name)}
        records.put(store, "sys_properties", "name", row)


def _words(store: Store, name: str) -> dict[str, str]:
    scope = store.first("sys_scope", scope=SCOPE)
    return {
        "description": PROPERTIES[name],
        "sys_scope": scope["sys_id"] if scope else "global",
    }


def linked_account(store: Store, user_id: str) -> str:
    """Return the Microsoft 365 admin account somebody linked, or ""."""
    row = store.first("sys_user_preference", name=_LINKED, user=user_id)
    return row["value"] if row else ""


def link_account(store: Store, user_id: str, email: str) -> None:
    """Note somebody's Microsoft 365 admin account; "" forgets it."""
    records.remove(store, "sys_user_preference", name=_LINKED, user=user_id)
    if email:
        values = {"name": _LINKED, "user": user_id, "value": email}
        records.insert(store, "sys_user_preference", **values)
