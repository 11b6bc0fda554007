"""What a token says about itself, read without trusting it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Claims:
    """The claims an instance decides by; "" where the token has none."""

    issuer: str
    audiences: tuple[str, ...]
    appid: str
    # Version 2 tokens name the application here instead.
    azp: str


def read(token: str) -> Claims | None:
    """Return the claims of a token, or None when it is not to be read."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        body = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError):
        return None
    return _claims(body) if isinstance(body, dict) else None


def _claims(body: dict[str, Any]) -> Claims:
    given = body.get("aud")
    audiences = given if isinstance(given, list) else [given]
    return Claims(
        issuer=str(body.get("iss") or ""),
        audiences=tuple(str(one) for one in audiences if one),
        appid=str(body.get("appid") or ""),
        azp=str(body.get("azp") or ""),
    )
