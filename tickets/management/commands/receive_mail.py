"""Take one mail from a mail server's pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from tickets.support.service_requests import inbound
from tickets.support.service_requests.inbound import Rejected

if TYPE_CHECKING:
    from argparse import ArgumentParser

# What mail servers understand (sysexits.h): bad data, nobody here, try again later.
_DATA_ERROR, _NO_USER, _TEMPORARY = 65, 67, 75
_CODES = {"unknown_address": _NO_USER, "too_large": _DATA_ERROR}


class Command(BaseCommand):
    help = (
        "Read a mail on standard input and hand it to the service requests of an "
        "organisation. Its key is the last part of the address on the page Settings of "
        "service requests. Exit codes are those of sysexits.h."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", type=UUID, help="key of the organisation's inbox")

    def handle(self, *_args: Any, **options: Any) -> None:
        # One byte more tells a large mail from one that just fits.
        raw = sys.stdin.buffer.read(inbound.LARGEST + 1)
        try:
            if len(raw) > inbound.LARGEST:
                raise Rejected("too_large", 413)
            receipt = inbound.take(inbound.find(options["key"]).tenant, raw)
        except Rejected as error:
            self.stderr.write(f"not taken: {error.code}")
            sys.exit(_CODES[error.code])
        except DatabaseError as error:
            self.stderr.write(f"not now: {type(error).__name__}")
            sys.exit(_TEMPORARY)
        self.stdout.write(str(receipt.pk))
