"""Make the demonstration's organisation and its five people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.db import transaction

from connector.models import Tenant
from portal.demonstration import (
    ADMINS,
    PEOPLE,
    TENANT_NAME,
    TENANT_SLUG,
    new_password,
)
from tickets.support.models import LinkedPerson

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from portal.demonstration import Person


class Command(BaseCommand):
    help = (
        f"Make the organisation {TENANT_NAME} with one person per role. What is "
        "there already, changed passwords included, stays as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--even-without-sandbox",
            action="store_true",
            help="make the demonstration's people on an installation for real",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        is_real = os.environ.get("SERVICENOW_SANDBOX", "on").lower() == "off"
        if is_real and not options["even_without_sandbox"]:
            message = (
                "This installation is for real (SERVICENOW_SANDBOX=off). Use "
                "'manage.py start --tenant NAME --admin USER', or insist with "
                "--even-without-sandbox."
            )
            raise CommandError(message)
        with transaction.atomic():
            tenant, _created = Tenant.objects.get_or_create(
                slug=TENANT_SLUG, defaults={"name": TENANT_NAME}
            )
            for person in PEOPLE:
                self._make(person, tenant)

    def _make(self, person: Person, tenant: Tenant) -> None:
        user, is_new = User.objects.get_or_create(username=person.username)
        if not is_new:
            return
        known = os.environ.get(person.password_name, "")
        password = known or new_password()
        user.set_password(password)
        user.email = person.email
        user.save(update_fields=["password", "email"])
        user.groups.add(Group.objects.get(name=person.part))
        tenant.members.add(user)
        if person.username in ADMINS:
            LinkedPerson.objects.create(
                tenant=tenant,
                user=user,
                email=person.email,
                linked_by_name="manage.py demo",
            )
        if not known:
            self.stdout.write(f"{person.username}: {password}")
