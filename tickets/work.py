"""A delivery in a worker's hands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from tickets.models import Delivery, TicketEvent

if TYPE_CHECKING:
    from connector.models import Connection
    from tickets.models import Ticket

NO_ERROR = {
    "error_code": "",
    "error_words": "",
    "error_status": None,
    "error_request_id": "",
}


@dataclass
class Work:
    """A claimed delivery and when work on it began."""

    delivery: Delivery
    started: float = field(default_factory=time.monotonic)

    @property
    def ticket(self) -> Ticket:
        ticket: Ticket = self.delivery.ticket
        return ticket

    @property
    def connection(self) -> Connection:
        connection: Connection = self.ticket.connection
        return connection

    @property
    def is_create(self) -> bool:
        return self.delivery.operation == Delivery.Operation.CREATE

    def facts(self, **more: Any) -> dict[str, Any]:
        took = round(1000 * (time.monotonic() - self.started))
        facts = {"attempt": self.delivery.attempts, "duration_ms": took, **more}
        return (
            facts if self.is_create else {"operation": self.delivery.operation} | facts
        )

    def leave(self, status: str, **values: Any) -> bool:
        """Give the delivery out of hand; False if it is no longer ours to give."""
        mine = Delivery.objects.filter(
            pk=self.delivery.pk,
            status=Delivery.Status.SENDING,
            claimed_at=self.delivery.claimed_at,
        )
        return mine.update(status=status, claimed_at=None, **values) == 1

    def close(self) -> bool:
        """Mark the delivery as done, whoever holds the claim now; False if it was."""
        delivered = Delivery.Status.DELIVERED
        rows = Delivery.objects.filter(pk=self.delivery.pk).exclude(status=delivered)
        done = {"status": delivered, "claimed_at": None, "unanswered_at": None}
        return rows.update(**done, finished_at=timezone.now(), **NO_ERROR) == 1

    def log(
        self, action: TicketEvent.Action, words: str, facts: dict[str, Any]
    ) -> None:
        """Write a line of the ticket's history."""
        TicketEvent.objects.create(
            ticket=self.ticket, action=action, text=words, facts=facts
        )
