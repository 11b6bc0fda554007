"""Writing the log of connector calls."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.utils import timezone

from connector import exchanges
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.exchanges import Exchange
    from tickets.support.models import Repository

logger = logging.getLogger(__name__)

# Of the other side's words; the whole of them is in what the call was for.
LONGEST_WORDS = 1000
KEPT = timedelta(days=30)


@contextmanager
def outbound(repository: Repository, purpose: str) -> Iterator[None]:
    """Log every request sent inside as the portal's own, on behalf of a repository."""

    def keep(exchange: Exchange) -> None:
        try:
            _create(repository, purpose, exchange)
        except DatabaseError:
            # What was asked of the other side is done: it must not count as failed.
            logger.exception("call for %s not logged", purpose)

    with exchanges.observed(keep):
        yield


def _create(repository: Repository, purpose: str, exchange: Exchange) -> None:
    ConnectorCall.objects.create(
        tenant_id=repository.tenant_id,
        repository=repository,
        direction=ConnectorCall.Direction.OUTBOUND,
        purpose=purpose,
        method=exchange.method,
        address=storable(_without_user(exchange.url), 500),
        status=exchange.status,
        code=exchange.code[:50],
        words=storable(exchange.words, LONGEST_WORDS),
        request_id=storable(exchange.request_id, 100),
        milliseconds=exchange.milliseconds,
    )


def storable(text: str, longest: int) -> str:
    """Return what every database takes of somebody else's text."""
    plain = text.replace("\0", "").encode("utf-8", "replace").decode()
    return plain[:longest]


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def tidy() -> None:
    """Forget what is older than 30 days."""
    ConnectorCall.objects.filter(at__lt=timezone.now() - KEPT).delete()
