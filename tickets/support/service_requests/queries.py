"""Named reads of service requests and of what is to be told about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.utils import timezone

from connector.queries import TenantQuerySet
from tickets import queries as ticket_queries

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.models import Ticket
    from tickets.support.models import Repository

# On their way, or in want of a person: what is behind them waits.
ON_THE_WAY = ("queued", "sending", "waiting")
# Each answer of a mail server may take EMAIL_TIMEOUT, and a mail needs half a dozen.
MAIL_LEASE = timedelta(minutes=5)
TROUBLED = ("stopped", "waiting")


class ServiceRequestQuerySet(TenantQuerySet):
    """Reads of service requests."""

    def for_incident(self, repository: Repository, sys_id: str) -> Self:
        return self.filter(repository=repository, incident_sys_id=sys_id)

    def named(self, reference: str) -> Self:
        """Return the one an address names; PostgreSQL refuses to look for NUL."""
        return self.none() if "\0" in reference else self.filter(reference=reference)

    def of_ticket(self, ticket: Ticket) -> Self:
        """Return those opened from the ticket, or for its incident on its instance."""
        mine = models.Q(ticket=ticket)
        if ticket.sys_id:
            mine |= models.Q(
                incident_sys_id=ticket.sys_id,
                repository__endpoint=ticket.connection.base_url,
            )
        return self.filter(mine, tenant_id=ticket.tenant_id)

    def unfinished(self) -> Self:
        return self.exclude(state__in=["closed", "cancelled"])

    def for_list(self) -> Self:
        """With all a row shows, as `is_troubled`: something could not be told."""
        deliveries = apps.get_model("tickets", "RequestDelivery").objects.filter(
            request=models.OuterRef("pk"), status__in=TROUBLED
        )
        return (
            self.select_related("repository")
            .defer("description", "diagnostics", *_SECRETS)
            .annotate(is_troubled=models.Exists(deliveries))
        )

    def with_words(self, text: str) -> Self:
        """Return those that have the text in a name or number of theirs."""
        names = ("reference", "title", "case_number", "incident_number")
        wanted = models.Q()
        for name in names:
            wanted |= models.Q(**{f"{name}__icontains": text})
        return self.filter(wanted)


# Never shown in a list, and costly to decrypt row by row.
_SECRETS = ("repository__client_secret", "repository__rest_password")


class RequestDeliveryQuerySet(models.QuerySet[Any]):
    """Reads of the outbox of service requests."""

    def due(self) -> Self:
        now = timezone.now()
        return self.filter(is_due(now) | has_lapsed(now))

    def idle(self) -> Self:
        """Return what nobody is at: it may be sent now, or given up."""
        return self.filter(status__in=["queued", "waiting", "stopped"])

    def unfinished(self) -> Self:
        return self.filter(status__in=[*ON_THE_WAY, "stopped"]).order_by("pk")

    def unnoted(self) -> Self:
        """Return the mails that opened a case whose request does not say so."""
        sent = self.filter(is_opening=True, status__in=["delivered", "skipped"])
        mine = sent.filter(request__state="new")
        return mine.select_related("request__tenant", "request__repository")

    def of_repository(self, repository: Repository) -> Self:
        return self.filter(request__repository=repository, channel="note")


def has_lapsed(now: datetime) -> models.Q:
    """Return what a dead worker holds; a slow mail server may hold up a living one."""
    is_old = models.Q(claimed_at__lt=now - MAIL_LEASE)
    is_odd = models.Q(claimed_at__gt=now + MAIL_LEASE)
    mails = models.Q(channel="mail", status="sending") & (is_old | is_odd)
    return mails | models.Q(channel="note") & ticket_queries.has_lapsed(now)


def is_due(now: datetime) -> models.Q:
    """Return what waits only for a worker, and follows nothing unfinished."""
    is_time = models.Q(due_at__lte=now) | models.Q(attempts=0)
    return models.Q(status="queued") & is_time & ~models.Q(_is_held_up())


def _is_held_up() -> models.Exists:
    """Say what comes first: earlier ones on their way, and the mail that opens a case."""
    earlier = apps.get_model("tickets", "RequestDelivery").objects.filter(
        request=models.OuterRef("request"),
        channel=models.OuterRef("channel"),
        pk__lt=models.OuterRef("pk"),
    )
    on_the_way = models.Q(status__in=ON_THE_WAY)
    is_missing = models.Q(status="stopped", channel="mail", is_opening=True)
    return models.Exists(earlier.filter(on_the_way | is_missing))


class InboundReceiptQuerySet(TenantQuerySet):
    """Reads of what came in."""

    def unsorted(self) -> Self:
        return self.filter(status="received")

    def waiting(self) -> Self:
        """Return what a person is to assign or drop."""
        return self.filter(status="unmatched").defer("raw")
