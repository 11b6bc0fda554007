"""The directory behind Microsoft Graph: which one it is, and what it lets pass.

Tests and people change it through /graph/_control.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.controls import TENANT_ID

Json = dict[str, Any]

# The host the sandbox plays; its addresses are told as the real service tells them.
LOGIN = "https://login.microsoftonline.com"
SECRETS = ("", "expired", "wrong")
SETTINGS = ("secret", "roles", "certificate", "profiles", "scored")
READ = ("SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All")
WRITE = ("SecurityEvents.ReadWrite.All",)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Directory:
    """What an administrator of the directory has set."""

    # How the application's secret is judged: "", "expired" or "wrong".
    secret: str = ""
    # Granted permissions, named in the tokens; None gives opaque ones that may all.
    roles: list[str] | None = None
    # The thumbprint (x5t#S256) of the one certificate that is registered.
    certificate: str = ""
    # So many profiles are listed, most of them never scored; 0 for the usual ones.
    profiles: int = 0
    # So many of those further profiles are scored every day.
    scored: int = 0
    issued: dict[str, list[str]] = field(default_factory=dict)


here = Directory()


def reset() -> None:
    """Forget every change."""
    here.__dict__.update(vars(Directory()))


def change(wish: Json) -> None:
    """Set what is named; raises ValueError with the reason for what cannot be."""
    if wish.get("secret", "") not in SECRETS:
        raise ValueError(f"secret must be one of {', '.join(SECRETS)}.")
    roles = wish.get("roles", here.roles)
    if roles is not None and not isinstance(roles, list):
        raise ValueError("roles must be a list of permissions.")
    for name in ("profiles", "scored"):
        if not isinstance(wish.get(name, 0), int):
            raise ValueError(f"{name} must be a number.")
    for name in SETTINGS:
        if name in wish:
            setattr(here, name, wish[name])


def is_known(tenant: str) -> bool:
    """Say whether the path names this directory: by its ID, or by any domain."""
    return not _GUID.fullmatch(tenant) or tenant.lower() == TENANT_ID


def discovery(tenant: str) -> Json:
    """Return the OpenID configuration of the directory."""
    base = f"{LOGIN}/{tenant}"
    return {
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "issuer": f"{LOGIN}/{TENANT_ID}/v2.0",
    }


def issue(client_id: str) -> str:
    """Return a token that names the permissions granted now."""
    roles = list(here.roles or [])
    claims: Json = {"tid": TENANT_ID, "appid": client_id, "roles": roles}
    if not roles:
        # A token of an application without any permission has no such claim.
        del claims["roles"]
    parts: list[Json] = [{"typ": "JWT", "alg": "none"}, claims]
    text = ".".join(map(_encoded, parts))
    token = f"{text}.{secrets.token_urlsafe(24)}"
    here.issued[token] = roles
    return token


def lacks(token: str, allowed: tuple[str, ...]) -> bool:
    """Say whether a token of this directory has none of the permissions."""
    roles = here.issued.get(token)
    return roles is not None and not set(roles) & set(allowed)


def _encoded(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
