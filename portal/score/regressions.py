"""Actions that regress after their ticket was closed: told to that ticket, once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Min

from portal.score import evidence
from portal.score.effect_models import EffectRule, TicketEffect, ToldRegression
from portal.score.models import ScoreEvent, Snapshot
from tickets import amendments
from tickets.choices import UNFINISHED, StateCategory
from tickets.models import Ticket

if TYPE_CHECKING:
    from datetime import date

    from connector.models import Tenant

logger = logging.getLogger(__name__)

# Older ones are history, not news: a first sync brings 90 days of them.
NEWS = timedelta(days=7)
Outcome = ToldRegression.Outcome
OnRegression = EffectRule.OnRegression


def tell(tenant: Tenant) -> None:
    """Tell the tickets of what regressed of late; each regression once, whoever runs."""
    effects = TicketEffect.objects.closed(tenant).order_by().values("control_id")
    first = effects.annotate(first=Min("closed_at"))
    closed = dict(first.values_list("control_id", "first"))
    latest = Snapshot.objects.latest_for(tenant) if closed else None
    if latest is None:
        return
    wish = EffectRule.objects.current(tenant).on_regression
    for event in _untold(tenant, latest.date - NEWS):
        if event.control_id in closed and closed[event.control_id] <= event.at:
            _tell(tenant, event, wish)


def _untold(tenant: Tenant, since: date) -> list[ScoreEvent]:
    """Return what regressed after that day and no ticket was told of, oldest first."""
    events = ScoreEvent.objects.for_tenant(tenant).with_titles()
    recent = events.filter(kind=ScoreEvent.Kind.REGRESSED, date__gt=since)
    rows = ToldRegression.objects.for_tenant(tenant).filter(date__gt=since)
    told = set(rows.values_list("control_id", "date"))
    return [
        event
        for event in recent.order_by("date", "pk")
        if (event.control_id, event.date) not in told
    ]


def _tell(tenant: Tenant, event: ScoreEvent, wish: str) -> None:
    ticket = _newest(tenant, event.control_id)
    if ticket is None:
        return
    try:
        with transaction.atomic():
            row = ToldRegression.objects.create(
                tenant=tenant,
                ticket=ticket,
                control_id=event.control_id,
                date=event.date,
                before=event.before or 0.0,
                after=event.after or 0.0,
                outcome=Outcome.NOTHING,
            )
            row.outcome = _send(ticket, event, wish)
            row.save(update_fields=["outcome"])
    except IntegrityError:
        # Another worker was first.
        return
    logger.info("regression of %s: ticket %s %s", event, ticket.pk, row.outcome)


def _newest(tenant: Tenant, control_id: str) -> Ticket | None:
    """Return the newest ticket of the action that can be told, cancelled ones left out."""
    mine = Ticket.objects.for_tenant(tenant).of_control(control_id).followed()
    reachable = mine.exclude(sys_id="").filter(missing_since__isnull=True)
    reachable = reachable.in_category(*UNFINISHED, StateCategory.DONE)
    newest: Ticket | None = (
        reachable.select_related("connection").order_by("-created_at", "-pk").first()
    )
    return newest


def _send(ticket: Ticket, event: ScoreEvent, wish: str) -> Outcome:
    if wish == OnRegression.NOTHING:
        return Outcome.NOTHING
    text = evidence.of_regression(event)
    once = f"regressed:{event.control_id}:{event.date}"
    author = evidence.AUTHOR
    if wish == OnRegression.ANNOTATE:
        amendments.note(ticket, text, author=author, once=once)
        return Outcome.NOTED
    told = amendments.reopen(ticket, text, author=author, once=once)
    is_open_again = told == amendments.Told.REOPENED
    return Outcome.REOPENED if is_open_again else Outcome.NOTED
