"""The signing keys of directories: kept in the database, fetched by workers alone."""

from __future__ import annotations

import enum
import logging
import math
from datetime import timedelta
from typing import TYPE_CHECKING

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connector.entra import keys, metadata
from connector.entra_models import SigningKeys
from connector.exceptions import ConnectorError, Evidence, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.entra.metadata import Metadata

logger = logging.getLogger(__name__)

# A stranger can name keys nobody knows; Microsoft is asked this often at most.
PAUSE = timedelta(minutes=1)


class Search(enum.Enum):
    """How the search for a key that is not known stands."""

    # The keys were fetched just now: there is no such key.
    OVER = enum.auto()
    RUNNING = enum.auto()
    FAILED = enum.auto()


def of(directory: str) -> SigningKeys:
    """Return what is known of a directory; the first call makes an empty row."""
    row, _is_new = SigningKeys.objects.get_or_create(
        directory=directory.strip().lower(), authority=settings.ENTRA_AUTHORITY
    )
    return row


def ask(known: SigningKeys) -> bool:
    """Have a worker fetch the keys; returns False if that was asked a minute ago."""
    now = timezone.now()
    # Later than now was before somebody set the clock back.
    lately = Q(requested_at__range=(now - PAUSE, now + PAUSE))
    rows = SigningKeys.objects.filter(pk=known.pk).exclude(lately)
    if rows.update(requested_at=now) != 1:
        return False
    transaction.on_commit(lambda: _wake(known.pk), robust=True)
    return True


def search(known: SigningKeys) -> Search:
    """Look for a key that is not among the known ones, or say what came of it."""
    now = timezone.now()
    if known.keys and known.fetched_at and abs(now - known.fetched_at) < PAUSE:
        return Search.OVER
    if ask(known) or not known.requested_at:
        return Search.RUNNING
    has_ended = known.tried_at is not None and known.tried_at >= known.requested_at
    return Search.FAILED if has_ended and known.error_code else Search.RUNNING


def pause_left(known: SigningKeys) -> int:
    """Return for how many seconds, at least one, no new fetch is made."""
    since = timezone.now() - (known.requested_at or timezone.now())
    left = min(PAUSE - since, PAUSE)
    return max(1, math.ceil(left.total_seconds()))


def _wake(pk: int) -> None:
    # By name: tasks know this module, not the other way round. Without a broker the
    # error is logged, and the next call that needs the keys asks again.
    current_app.send_task("connector.tasks.fetch_signing_keys", [pk])


def fetch(known: SigningKeys) -> None:
    """Fetch the keys; when that fails the old ones stay and the reason is kept."""
    values = {"tried_at": timezone.now(), "error_code": "", "error_words": ""}
    try:
        documents = [_document(known, version) for version in metadata.PATHS]
        values |= _published(known.directory, documents)
    except ConnectorError as error:
        logger.warning("signing keys %s not fetched: %s", known.pk, error)
        values |= {"error_code": error.code, "error_words": error.evidence.words}
    SigningKeys.objects.filter(pk=known.pk).update(**values)


def _document(known: SigningKeys, version: int) -> Metadata:
    timeout = (settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT)
    url = metadata.address(known.authority, known.directory, version)
    return metadata.fetch(url, timeout=timeout)


def _published(directory: str, documents: Sequence[Metadata]) -> dict[str, object]:
    tenants = {metadata.directory_of(one.issuer) for one in documents}
    tenant_id = tenants.pop() if len(tenants) == 1 else ""
    is_named_by_id = metadata.directory_of(directory) == directory
    if not tenant_id or (is_named_by_id and tenant_id != directory):
        words = f"issuers: {', '.join(one.issuer for one in documents)}"
        raise Misconfigured("metadata_incomplete", Evidence(words))
    issuers = [one.issuer for one in documents]
    found = keys.of_directory([one.jwks for one in documents], tenant_id, issuers)
    if not found:
        raise Misconfigured("metadata_incomplete", Evidence("no keys"))
    return {
        "tenant_id": tenant_id,
        "issuers": issuers,
        "keys": found,
        "fetched_at": timezone.now(),
    }
