"""Bring an installation up to date; make its first organisation and administrator."""

from __future__ import annotations

import getpass
import hashlib
import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import Tags
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils.text import slugify

from connector import audit
from connector.models import Tenant
from portal.demonstration import new_password
from portal.roles import SECURITY_ADMINISTRATOR

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = (
        "Migrate the database and collect changed static files. With --tenant and "
        "--admin, also make an organisation and its first Security Administrator."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also run: demo")
        parser.add_argument("--tenant", help="name of the organisation to make")
        parser.add_argument("--admin", help="user name of its administrator")

    def handle(self, *_args: Any, **options: Any) -> None:
        if bool(options["tenant"]) != bool(options["admin"]):
            message = "Give --tenant and --admin together."
            raise CommandError(message)
        call_command("migrate", interactive=False, verbosity=0)
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        self._collect_static()
        if options["demo"]:
            call_command("demo", stdout=self.stdout)
        if options["tenant"]:
            self._make_first(options["tenant"], options["admin"])
        if not Tenant.objects.exists():
            self.stdout.write("Nobody can sign in yet. Make an organisation and its")
            self.stdout.write(
                "administrator: manage.py start --tenant NAME --admin USER"
            )

    def _collect_static(self) -> None:
        mark = settings.STATIC_ROOT / ".collected"
        wanted = _fingerprint()
        if mark.exists() and mark.read_text() == wanted:
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        mark.write_text(wanted)

    def _make_first(self, tenant_name: str, username: str) -> None:
        if User.objects.filter(username=username).exists():
            message = f"There is a user {username} already."
            raise CommandError(message)
        password = _typed_password() if sys.stdin.isatty() else ""
        given = password or new_password()
        with transaction.atomic():
            tenant, _created = Tenant.objects.get_or_create(
                slug=slugify(tenant_name), defaults={"name": tenant_name}
            )
            user = User.objects.create_user(username, password=given)
            user.groups.add(Group.objects.get(name=SECURITY_ADMINISTRATOR))
            tenant.members.add(user)
            audit.record("user.created", tenant=tenant, target=user)
        self.stdout.write(f"{username} administers {tenant.name}.")
        if not password:
            self.stdout.write(f"Password, shown only now: {given}")


def _typed_password() -> str:
    """Ask until the password is acceptable; "" to have one made."""
    while password := getpass.getpass("Password (empty: make one): "):
        try:
            validate_password(password)
        except ValidationError as error:
            sys.stderr.write("\n".join([*error.messages, ""]))
            continue
        if getpass.getpass("Again: ") == password:
            break
        sys.stderr.write("They differ.\n")
    return password


def _fingerprint() -> str:
    """Return what changes when any static file does."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            changed_at = storage.get_modified_time(path).timestamp()
            digest.update(f"{path} {storage.size(path)} {changed_at}\n".encode())
    return digest.hexdigest()
