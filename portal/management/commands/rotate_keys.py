"""Make a new encryption key, or encrypt everything stored again with the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from connector.fields import EncryptedTextField, cipher

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from django.db import models

# Where allauth keeps what the MFA adapter encrypted.
_MFA_ENTRIES = ("secret", "seed")


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret again with the first of ENCRYPTION_KEYS. "
        "Put the new key first, keep the old one behind it, restart, run this, "
        "then take the old key out."
    )

    # A new key must be had before there is one.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new", action="store_true", help="only print a new key, change nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["new"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        with transaction.atomic():
            rows = sum(_rotate_model(model) for model in apps.get_models())
            rows += sum(map(_rotate_authenticator, Authenticator.objects.all()))
        self.stdout.write(f"{rows} rows encrypted with the first key.")


def _rotate_model(model: type[models.Model]) -> int:
    names = [f.name for f in model._meta.fields if isinstance(f, EncryptedTextField)]
    if not names:
        return 0
    rows = list(model._default_manager.only("pk", *names))
    for row in rows:
        row.save(update_fields=names)
    return len(rows)


def _rotate_authenticator(authenticator: Authenticator) -> int:
    data = authenticator.data
    for entry in _MFA_ENTRIES:
        if data.get(entry):
            data[entry] = cipher().rotate(data[entry].encode()).decode()
    authenticator.save(update_fields=["data"])
    return 1
