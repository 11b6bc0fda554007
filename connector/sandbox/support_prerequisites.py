"""What must be on the instance before the app is set up, made in one go for trying out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from connector.sandbox import seed, support_app
from connector.sandbox.controls import TENANT_ID

if TYPE_CHECKING:
    from connector.sandbox.entra_directory import Application, Directory
    from connector.sandbox.store import Store

_NAME = "m365supportintegration"
_INBOUND = f"{_NAME}_inbound_rest"
_USER = f"{_NAME}_integration_user"
_NOTE = f"password:{_USER}"


class Missing(ValueError):
    """Which application there is none of."""


def prepare(store: Store, directory: Directory, authority: str) -> None:
    """Make the registries and users of both set-ups; raises Missing."""
    outbound, inbound, person = (
        _named(directory, name) for name in ("outbound", "inbound", "rest-user")
    )
    base = f"{authority}/{TENANT_ID}"
    if not store.note(_NOTE):
        store.keep_note(_NOTE, seed.new_password())
    wishes = {
        "outbound": {
            "client_id": outbound.client_id,
            "client_secret": outbound.secret,
            "token_url": f"{base}/oauth2/token",
        },
        "inbound": _inbound(store),
        "oidc": {
            "client_id": inbound.client_id,
            "oidc_config_url": f"{base}/.well-known/openid-configuration",
        },
        "roles": {"it.agent": ["administrator"], "lee.gu": ["insights_user"]},
    }
    support_app.apply(store, wishes)
    for user_name, password in (
        (_USER, store.note(_NOTE)),
        (person.client_id, ""),
    ):
        user = {"user_name": user_name, "password": password, "roles": _roles()}
        support_app.apply(store, {"user": user})


def told(store: Store) -> list[tuple[str, str]]:
    """Return what of it has to be entered in the portal; nothing before it was made."""
    row = store.first("oauth_entity", name=_INBOUND)
    if row is None or not store.note(_NOTE):
        return []
    return [
        ("Inbound client ID", row["client_id"]),
        ("Inbound client secret", row["client_secret"]),
        ("Rest username", _USER),
        ("Rest user password", store.note(_NOTE)),
    ]


def _roles() -> list[str]:
    # Basic authentication is for web service users and for who has this role.
    return [*seed.INTEGRATION_ROLES, "snc_basic_auth_api_access"]


def _inbound(store: Store) -> dict[str, str]:
    row = store.first("oauth_entity", name=_INBOUND)
    if row:
        return {"client_id": row["client_id"]}
    return {
        "name": _INBOUND,
        "client_id": secrets.token_hex(16),
        "client_secret": secrets.token_urlsafe(24),
    }


def _named(directory: Directory, name: str) -> Application:
    for one in directory.applications().values():
        if one.name == name:
            return one
    raise Missing(f"Register an application named {name} first.")
