"""How many calls a minute are answered, and from when on refused ones are not logged.

Counted in the database: web processes share no memory, each call writes a row of the
log there anyway, and the counter cannot be away while the log is there. A minute is a
fixed one, so across its end a burst of twice the limit passes.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from tickets.support.api.limit_models import CallCount

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.support.models import Repository

MINUTE = timedelta(minutes=1)
# A minute that ends later was begun before somebody set the clock back.
_LATEST = 2 * MINUTE
# All strangers together fill no more of the log than so many addresses could.
ADDRESSES = 10


@dataclass(frozen=True)
class Usage:
    """How much of a limit is used in the minute that runs."""

    calls: int
    limit: int
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        return self.calls > self.limit

    @property
    def is_just_over(self) -> bool:
        """Whether this is the first call beyond the limit."""
        return self.calls == self.limit + 1

    @property
    def retry_after(self) -> int:
        """How many seconds the minute lasts, at least one."""
        left = (self.ends_at - timezone.now()).total_seconds()
        return max(1, math.ceil(left))


def call_of(repository: Repository) -> Usage:
    """Count one call that was let in."""
    return _count(f"repository:{repository.pk}", settings.CONNECTOR_CALLS_PER_MINUTE)


def refusal_of(address: str) -> Usage:
    """Count one call that was not let in, by the address it came from."""
    limit = settings.CONNECTOR_REFUSALS_PER_MINUTE
    return _count(f"address:{_network(address)}", limit)


def refusal_of_anybody() -> Usage:
    """Count one call that was not let in, whoever made it."""
    return _count("everybody", ADDRESSES * settings.CONNECTOR_REFUSALS_PER_MINUTE)


def tidy() -> None:
    """Forget minutes that are over."""
    CallCount.objects.filter(ends_at__lt=timezone.now() - MINUTE).delete()


def _network(address: str) -> str:
    """Return what belongs to one caller: of IPv6 that is a whole network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        return str(ip.ipv4_mapped)
    return str(ip)


def _count(subject: str, limit: int) -> Usage:
    """Add one to the subject's minute; a minute that is over begins anew."""
    now = timezone.now()
    rows = CallCount.objects.filter(subject=subject)
    # Whoever writes the row holds it until it was read.
    with transaction.atomic():
        running = rows.exclude(_is_over(now))
        if not running.update(calls=F("calls") + 1):
            _begin(subject, now)
        row = rows.get()
    return Usage(row.calls, limit, row.ends_at)


def _is_over(now: datetime) -> Q:
    return Q(ends_at__lte=now) | Q(ends_at__gt=now + _LATEST)


def _begin(subject: str, now: datetime) -> None:
    over = CallCount.objects.filter(_is_over(now), subject=subject)
    if over.update(calls=1, ends_at=now + MINUTE):
        return
    fresh = {"calls": 1, "ends_at": now + MINUTE}
    _, is_new = CallCount.objects.get_or_create(subject=subject, defaults=fresh)
    if not is_new:
        # Another process began the minute in between.
        CallCount.objects.filter(subject=subject).update(calls=F("calls") + 1)
