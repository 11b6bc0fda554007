"""System checks of the connector's settings."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connections


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


@register(Tags.database)
def stored_secrets_are_readable(**given: Any) -> list[Error]:
    """See that the database was encrypted with keys that are still here."""
    from connector.models import Connection, GraphAccess

    databases = given.get("databases") or []
    for model, secrets in ((Connection, _SECRETS), (GraphAccess, _GRAPH_SECRETS)):
        if not databases or not _has_table(databases, model._meta.db_table):
            continue
        try:
            list(model.objects.values_list(*secrets))
        except InvalidToken:
            return [_unreadable()]
    return []


_SECRETS = ("client_secret", "access_token", "refresh_token", "pending_code")
_GRAPH_SECRETS = ("client_secret", "private_key", "certificate")


def _has_table(databases: list[str], name: str) -> bool:
    return all(name in connections[db].introspection.table_names() for db in databases)


def _unreadable() -> Error:
    hint = (
        "Set ENCRYPTION_KEYS to the keys in use before, separated by commas; "
        "a new key goes in front of them."
    )
    message = "The stored secrets were encrypted with other keys: they cannot be read."
    return Error(message, hint=hint, id="connector.E003")


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
