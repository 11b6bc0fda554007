"""Sign-in with Microsoft Entra ID, as allauth's OpenID Connect provider wants it told."""

from __future__ import annotations

from typing import Any

PROVIDER_ID = "entra"


def provider(
    authority: str, tenant_id: str, client_id: str, secret: str
) -> dict[str, Any]:
    """Return allauth's settings for one directory; people are known by their `oid`.

    https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
    """
    app = {
        "provider_id": PROVIDER_ID,
        "name": "Microsoft Entra ID",
        "client_id": client_id,
        "secret": secret,
        "settings": {
            "server_url": f"{authority}/{tenant_id}/v2.0",
            "uid_field": "oid",
            # Only the ID token carries oid, tid and the app roles.
            "fetch_userinfo": False,
        },
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
