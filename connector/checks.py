"""System checks of the connector's settings."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Error, register


@register()
def encryption_keys_are_valid(**_: Any) -> list[Error]:
    """Every key must be a Fernet key, and one is needed."""
    hint = "Set ENCRYPTION_KEYS to keys made by: manage.py rotate_keys --new"
    if not settings.ENCRYPTION_KEYS:
        return [Error("ENCRYPTION_KEYS is empty.", hint=hint, id="connector.E001")]
    return [
        Error(
            f"ENCRYPTION_KEYS[{i}] is not a valid key.", hint=hint, id="connector.E002"
        )
        for i, key in enumerate(settings.ENCRYPTION_KEYS)
        if not _is_key(key)
    ]


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
