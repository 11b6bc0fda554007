"""Following the tickets: fetch what changed in one instance since the last poll."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connector import budget, connections, tokens
from connector.exceptions import ConnectorError, Refused, Unavailable
from connector.models import Connection
from connector.servicenow.client import PAGE_SIZE
from connector.servicenow.query import MOST_VALUES, Query
from tickets import arrivals, changes, journals, mapping, outbox, profiles, states
from tickets.models import Kind, SyncCursor, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Page, Record
    from tickets.profiles import Profile

logger = logging.getLogger(__name__)
_Item = TypeVar("_Item")

# One request sees both kinds: rate rules count requests, not rows.
_TABLE = "task"
# A long transaction may commit a row with an older time than one already seen.
OVERLAP = timedelta(seconds=120)
# A poll that has not moved on for so long belongs to a dead worker.
POLL_LEASE = timedelta(seconds=180)
# Every so many polls, look whether what is known is still there ...
RECONCILE_EVERY = 10
# ... of so many tickets, those first that were not looked at for longest.
RECONCILE_LIMIT = 5 * MOST_VALUES


class PollLost(Exception):
    """Another worker took the poll over."""


def due() -> list[int]:
    """Return the connections whose turn it is."""
    turn = Q(cursor__isnull=True) | Q(cursor__due_at__lte=timezone.now())
    return list(Connection.objects.usable().filter(turn).values_list("pk", flat=True))


def start_over(connection: Connection) -> None:
    """Have the next poll fetch everything, and look for all that is known."""
    SyncCursor.objects.filter(connection=connection).update(
        updated_at=None,
        sys_id="",
        # The next one is a turn to reconcile.
        polls=RECONCILE_EVERY - 1,
        claimed_at=None,
        due_at=timezone.now(),
    )


def hold(connection: Connection) -> None:
    """Take the poll of the connection away from whoever is at it."""
    now = timezone.now()
    SyncCursor.objects.filter(connection=connection).update(
        claimed_at=now, due_at=now + POLL_LEASE
    )


def pull(connection: Connection, *, forced: bool = False) -> None:
    """Bring the connection's tickets up to date, unless somebody is at it already."""
    cursor = _claim(connection, forced=forced)
    if cursor is None:
        return
    try:
        changed = _follow(cursor, forced=forced)
    except PollLost:
        logger.warning("poll of connection %s was taken over", connection.pk)
    except ConnectorError as error:
        _note_failure(cursor, error)
    else:
        _note_success(cursor, changed=changed)


def _claim(connection: Connection, *, forced: bool) -> SyncCursor | None:
    SyncCursor.objects.get_or_create(connection=connection)
    now = timezone.now()
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - POLL_LEASE)
    row = SyncCursor.objects.filter(free, connection=connection)
    if not forced:
        row = row.filter(due_at__lte=now)
    if row.update(claimed_at=now, polls=F("polls") + 1) != 1:
        return None
    cursor = SyncCursor.objects.get(connection=connection)
    cursor.connection = connection
    return cursor


def _follow(cursor: SyncCursor, *, forced: bool) -> bool:
    client = tokens.servicenow(cursor.connection)
    changed = False
    for page in _pages(client, cursor):
        changed |= _take_page(client, cursor, page.records)
    is_turn = forced or cursor.polls % RECONCILE_EVERY == 0
    return _reconcile(client, cursor, all_of_them=is_turn) or changed


def _pages(client: ServiceNow, cursor: SyncCursor) -> Iterator[Page]:
    """Yield the pages since the cursor.

    Rows are hidden after the limit was applied, so a short or empty page is not the
    end; the total, which counts hidden rows too, is.
    """
    query, offset = _since(cursor.updated_at), 0
    fields = mapping.fields_read(cursor.connection)
    while True:
        page = client.list(_TABLE, query, fields=fields, limit=PAGE_SIZE, offset=offset)
        yield page
        if _is_last(page, offset):
            return
        last = page.records[-1] if page.records else None
        at = last.datetime("sys_updated_on") if last else None
        if last and at:
            query, offset = _after(at, last.sys_id), 0
        else:
            offset += PAGE_SIZE


def _is_last(page: Page, offset: int) -> bool:
    if page.total is None:
        return not page.records
    return page.total <= offset + PAGE_SIZE


def _ours() -> Query:
    kinds = Query().is_in("sys_class_name", Kind.values)
    return kinds.equals("correlation_display", mapping.CORRELATION_DISPLAY)


def _since(moment: datetime | None) -> Query:
    query = _ours()
    if moment is not None:
        query = query.at_least("sys_updated_on", moment - OVERLAP)
    return _ordered(query)


def _after(moment: datetime, sys_id: str) -> Query:
    """Ask for what follows one row in the order of (sys_updated_on, sys_id)."""
    ties = _ours().equals("sys_updated_on", moment).greater("sys_id", sys_id)
    return _ordered(_ours().greater("sys_updated_on", moment).or_new(ties))


def _ordered(query: Query) -> Query:
    return query.order_by("sys_updated_on").order_by("sys_id")


def _take_page(
    client: ServiceNow, cursor: SyncCursor, records: Sequence[Record]
) -> bool:
    changed = _apply_all(client, cursor.connection, records)
    _advance(cursor, records)
    return changed


def _apply_all(
    client: ServiceNow, connection: Connection, records: Sequence[Record]
) -> bool:
    by_sys_id = {
        ticket.sys_id: ticket
        for ticket in Ticket.objects.filter(
            connection=connection, sys_id__in=[record.sys_id for record in records]
        )
    }
    pairs = [(by_sys_id.get(record.sys_id), record) for record in records]
    known = [(ticket, record) for ticket, record in pairs if ticket is not None]
    fresh = [pair for pair in known if not changes.is_same(*pair)]
    states.see(connection, [(ticket.kind, record) for ticket, record in fresh])
    in_force = profiles.of_connection(connection) if fresh else {}
    changed = [_apply(connection, in_force[pair[0].kind], *pair) for pair in fresh]
    changed.append(_fetch_journals(client, fresh))
    for ticket, record in pairs:
        if ticket is None:
            _meet(connection, record)
    return any(changed)


def _apply(
    connection: Connection, profile: Profile, ticket: Ticket, record: Record
) -> bool:
    with transaction.atomic():
        return changes.apply(ticket, record, connection=connection, profile=profile)


def _meet(connection: Connection, record: Record) -> None:
    """Take up a record that carries our reference but is not linked to its ticket."""
    try:
        reference = UUID(record.value("correlation_id"))
    except ValueError:
        return
    ticket = Ticket.objects.filter(
        connection=connection, correlation_id=reference
    ).first()
    if ticket is None:
        return
    if ticket.is_delivered:
        arrivals.report_copy(ticket, record)
    else:
        arrivals.adopt(ticket, record)


def _fetch_journals(client: ServiceNow, fresh: Iterable[tuple[Ticket, Record]]) -> bool:
    """Read the journals as rows where the records came without them."""
    wanted = {t.sys_id: t for t, record in fresh if not journals.is_readable(record)}
    changed = False
    try:
        for sys_ids in _batches(list(wanted)):
            rows = _journal_rows(client, sys_ids)
            for sys_id in sys_ids:
                entries = journals.rows(
                    row for row in rows if row.value("element_id") == sys_id
                )
                changed |= changes.add_entries(wanted[sys_id], entries)
    except Refused as error:
        # Many users may not read that table; states and dates are followed anyhow.
        logger.info("journals of %s: %s", client.base_url, error)
    return changed


def _journal_rows(client: ServiceNow, sys_ids: Sequence[str]) -> Sequence[Record]:
    query = Query().is_in("element_id", sys_ids).is_in("element", journals.ELEMENTS)
    page = client.list("sys_journal_field", query, fields=journals.ROW_FIELDS)
    return page.records


def _advance(cursor: SyncCursor, records: Sequence[Record]) -> None:
    """Keep how far the poll has come, and that somebody is at it."""
    for record in records:
        at = record.datetime("sys_updated_on")
        if at and (cursor.updated_at is None or at >= cursor.updated_at):
            cursor.updated_at, cursor.sys_id = at, record.sys_id
    now = timezone.now()
    mine = SyncCursor.objects.filter(pk=cursor.pk, claimed_at=cursor.claimed_at)
    if not mine.update(
        claimed_at=now, updated_at=cursor.updated_at, sys_id=cursor.sys_id
    ):
        raise PollLost
    cursor.claimed_at = now


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield as many at a time as one query may name."""
    for start in range(0, len(items), MOST_VALUES):
        yield items[start : start + MOST_VALUES]


def _reconcile(client: ServiceNow, cursor: SyncCursor, *, all_of_them: bool) -> bool:
    """Look for what the cursor cannot see: rows that were deleted or hidden."""
    changed = False
    tickets = _to_check(cursor.connection, all_of_them=all_of_them)
    for some in _batches(tickets):
        changed |= _look_for(client, cursor, some)
        _advance(cursor, [])
    return changed


def _to_check(connection: Connection, *, all_of_them: bool) -> list[Ticket]:
    known = Ticket.objects.filter(connection=connection).exclude(sys_id="")
    if not all_of_them:
        # What was missed once is looked for again at once.
        known = known.filter(misses__gt=0, missing_since__isnull=True)
    ordered = known.order_by(F("synced_at").asc(nulls_first=True), "pk")
    return list(ordered[:RECONCILE_LIMIT])


def _look_for(
    client: ServiceNow, cursor: SyncCursor, tickets: Sequence[Ticket]
) -> bool:
    query = Query().is_in("sys_id", [ticket.sys_id for ticket in tickets])
    fields = mapping.fields_read(cursor.connection)
    page = client.list(_TABLE, query, fields=fields, limit=MOST_VALUES)
    changed = _apply_all(client, cursor.connection, page.records)
    found = {record.sys_id for record in page.records}
    seen = [ticket.pk for ticket in tickets if ticket.sys_id in found]
    Ticket.objects.filter(pk__in=seen).update(synced_at=timezone.now(), misses=0)
    gone = [ticket for ticket in tickets if ticket.sys_id not in found]
    is_hidden = (page.total or 0) > len(page.records)
    missed = [_miss(ticket, is_hidden=is_hidden) for ticket in gone]
    return any(missed) or changed


def _miss(ticket: Ticket, *, is_hidden: bool) -> bool:
    """Count the ticket as not seen; the second time in a row it is missing."""
    now = timezone.now()
    is_news = ticket.misses >= 1 and ticket.missing_since is None
    ticket.misses = min(ticket.misses + 1, 2)
    ticket.synced_at = now
    if is_news:
        ticket.missing_since = now
    with transaction.atomic():
        ticket.save(update_fields=["misses", "missing_since", "synced_at"])
        if is_news:
            TicketEvent.objects.create(
                ticket=ticket,
                action=TicketEvent.Action.MISSING,
                facts={"hidden": is_hidden},
            )
    return is_news


def _note_success(cursor: SyncCursor, *, changed: bool) -> None:
    connection, now = cursor.connection, timezone.now()
    was_failing = bool(cursor.error_code)
    interval = settings.SYNC_INTERVAL if changed else _slower(cursor)
    SyncCursor.objects.filter(pk=cursor.pk, claimed_at=cursor.claimed_at).update(
        claimed_at=None,
        polled_at=now,
        interval=interval,
        due_at=now + max(timedelta(seconds=interval), budget.pause(connection)),
        error_code="",
        error_words="",
    )
    if was_failing or connection.last_error_code:
        connections.report_success(connection)
        outbox.hasten(connection)


def _note_failure(cursor: SyncCursor, error: ConnectorError) -> None:
    logger.warning("poll of connection %s: %s", cursor.connection_id, error)
    interval = _slower(cursor)
    wish = error.retry_after if isinstance(error, Unavailable) else None
    wait = timedelta(seconds=max(interval, wish or 0))
    wait = max(wait, budget.pause(cursor.connection))
    SyncCursor.objects.filter(pk=cursor.pk, claimed_at=cursor.claimed_at).update(
        claimed_at=None,
        interval=interval,
        due_at=timezone.now() + wait,
        error_code=error.code,
        error_words=error.evidence.words,
    )
    connections.report_failure(cursor.connection, error)


def _slower(cursor: SyncCursor) -> int:
    slower = max(settings.SYNC_INTERVAL, int(cursor.interval * 1.5))
    interval: int = min(slower, settings.SYNC_MAX_INTERVAL)
    return interval
