"""Model fields whose content is encrypted in the database."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        message = "ENCRYPTION_KEYS is empty: secrets cannot be stored or read."
        raise ImproperlyConfigured(message)
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """Return the cipher of the configured keys: the first encrypts, all decrypt."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


class EncryptedTextField(_TextField):
    """Text that only this installation's keys can read; "" stays "".

    Cannot be looked up. Raises cryptography.fernet.InvalidToken on a wrong key,
    rather than handing out ciphertext.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return cipher().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return cipher().decrypt(value.encode()).decode() if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        message = f"{self.name} is encrypted and cannot be looked up."
        raise FieldError(message)


class EncryptedJSONField(EncryptedTextField):
    """A JSON value (dict, list, string, number or None) stored encrypted."""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value("" if value is None else json.dumps(value))

    def from_db_value(self, value: str | None, *args: Any) -> Any:
        text = super().from_db_value(value, *args)
        return json.loads(text) if text else None
