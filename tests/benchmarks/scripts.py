"""What the benchmarks do inside the product, in its own process.

Run as: python -m tests.benchmarks.scripts NAME [NUMBER]; NAME is a function below.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

# The first of the product's imports: it sets Django up.
from tests.stack.scripts import new_ticket, prepare, run, share, wait  # isort: skip

from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector.models import Connection
from tickets import mapping, sync, tasks
from tickets.models import Delivery, SyncCursor, Ticket

__all__ = ["prepare", "share", "wait"]

CLIENTS = 8
PAGES = ("/", "/tickets/")


def hold(count: int) -> None:
    """Share tickets whose deliveries nobody takes up yet."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    later = timezone.now() + timedelta(hours=1)
    connection = Connection.objects.get()
    tickets = Ticket.objects.bulk_create(
        new_ticket(connection, index) for index in range(count)
    )
    Delivery.objects.bulk_create(
        Delivery(ticket=ticket, due_at=later, payload=mapping.payload(ticket))
        for ticket in tickets
    )
    assert Delivery.objects.exclude(pk__in=before).count() == count


def release_and_wait(seconds: float) -> dict[str, Any]:
    """Queue all held deliveries at once and wait until the last is in ServiceNow."""
    Delivery.objects.filter(status="queued").update(due_at=timezone.now())
    pks = list(Delivery.objects.filter(status="queued").values_list("pk", flat=True))
    started = time.perf_counter()
    for pk in pks:
        tasks.deliver.delay(pk)
    wait(seconds)
    return {"seconds": time.perf_counter() - started}


def plain(count: int) -> dict[str, Any]:
    """Post as many tickets one after the other, as a script without a queue would."""
    connection = Connection.objects.get()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {connection.access_token}"
    bodies = [
        (ticket.kind, {**mapping.payload(ticket), "correlation_id": ""})
        for ticket in Ticket.objects.all()[:count]
    ]
    started = time.perf_counter()
    for table, body in bodies:
        url = f"{connection.base_url}/api/now/table/{table}"
        session.post(url, json=body, timeout=20).raise_for_status()
    return {"seconds": time.perf_counter() - started}


def fill(count: int) -> None:
    """Make a portal as it looks after years: many tickets, all in ServiceNow."""
    connection = Connection.objects.get()
    tickets = [new_ticket(connection, index) for index in range(count)]
    for index, ticket in enumerate(tickets):
        ticket.sys_id = f"{index:032x}"
        ticket.number = f"CHG{index:07}"
        ticket.remote_state = ("-5", "-4", "3")[index % 3]
    Ticket.objects.bulk_create(tickets, batch_size=1000)
    Delivery.objects.bulk_create(
        (Delivery(ticket=ticket, status="delivered") for ticket in tickets),
        batch_size=1000,
    )
    user = User.objects.create_user("security.admin")
    user.groups.set(Group.objects.filter(name="Security Administrator"))
    connection.tenant.members.add(user)


def pages(rounds: int) -> list[dict[str, Any]]:
    """Time the pages a security admin has open all day."""
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="security.admin"))
    return [time_page(client, url, rounds) for url in PAGES]


def time_page(client: Client, url: str, rounds: int) -> dict[str, Any]:
    """Return how long a page takes, its queries and its size."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    with CaptureQueriesContext(database) as captured:
        client.get(url)
    # Now: the next request begins with an empty log.
    queries = len(captured)
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        client.get(url)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    return {
        "page": url,
        "p50": times[rounds // 2],
        "p95": times[int(rounds * 0.95) - 1],
        "queries": queries,
        "kilobytes": len(answer.content) / 1000,
    }


def create(count: int) -> dict[str, Any]:
    """Create records with eight clients, straight at the sandbox; keep them as tickets."""
    connection = Connection.objects.get()
    tickets = [new_ticket(connection, index) for index in range(count)]
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        shares = [tickets[number::CLIENTS] for number in range(CLIENTS)]
        list(clients.map(lambda share: _create(connection, share), shares))
    seconds = time.perf_counter() - started
    Ticket.objects.bulk_create(tickets, batch_size=1000)
    Delivery.objects.bulk_create(
        (Delivery(ticket=ticket, status="delivered") for ticket in tickets),
        batch_size=1000,
    )
    return {"seconds": seconds}


def _create(connection: Connection, tickets: list[Ticket]) -> None:
    ask = _client(connection)
    for ticket in tickets:
        path = f"/api/now/table/{ticket.kind}?sysparm_fields=sys_id,number"
        created = ask("POST", path, mapping.payload(ticket))
        ticket.sys_id, ticket.number = created["sys_id"], created["number"]


def _client(connection: Connection) -> Any:
    """Return a function that asks the sandbox over one kept connection."""
    wire = http.client.HTTPConnection(urlsplit(connection.base_url).netloc, timeout=60)
    headers = {
        "Authorization": f"Bearer {connection.access_token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }

    def ask(method: str, path: str, values: Any = None) -> Any:
        wire.request(method, path, json.dumps(values) if values else None, headers)
        answer = wire.getresponse()
        body = json.load(answer)
        assert answer.status in {200, 201}, body
        return body["result"]

    return ask


def page(rounds: int) -> dict[str, Any]:
    """Time a page of 1,000 rows as a poll asks for it."""
    ask = _client(Connection.objects.get())
    query = {
        "sysparm_query": f"correlation_display={mapping.CORRELATION_DISPLAY}",
        "sysparm_fields": ",".join(mapping.FIELDS),
        "sysparm_display_value": "all",
        "sysparm_exclude_reference_link": "true",
        "sysparm_limit": "1000",
    }
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        rows = ask("GET", f"/api/now/table/task?{urlencode(query)}")
        times.append(1000 * (time.perf_counter() - started))
    return {"rows": len(rows), "milliseconds": statistics.median(times)}


def follow(changes: int) -> dict[str, Any]:
    """Time a poll that takes over all tickets, one that only compares, and a delta."""
    connection = Connection.objects.get()
    first = _poll(connection)
    assert not Ticket.objects.filter(remote_updated_at=None).exists()
    SyncCursor.objects.update(updated_at=None, sys_id="")
    again = _poll(connection)
    # As if the overlap had passed since: else all of them are read once more.
    SyncCursor.objects.update(updated_at=F("updated_at") + sync.OVERLAP)
    _change(connection, changes)
    changed = Ticket.objects.filter(remote_mod_count__gt=0)
    before = changed.count()
    delta = _poll(connection, forced=False)
    assert changed.count() == before + changes
    return {"first": first, "again": again, "delta": delta}


def _change(connection: Connection, count: int) -> None:
    ask = _client(connection)
    for ticket in Ticket.objects.order_by("pk")[:count]:
        path = f"/api/now/table/{ticket.kind}/{ticket.sys_id}?sysparm_fields=sys_id"
        ask("PATCH", path, {"short_description": f"{ticket.name}, changed"})


def _poll(connection: Connection, *, forced: bool = True) -> float:
    SyncCursor.objects.update(due_at=timezone.now())
    started = time.perf_counter()
    sync.pull(connection, forced=forced)
    seconds = time.perf_counter() - started
    assert not SyncCursor.objects.get().error_code
    return seconds


if __name__ == "__main__":
    run(globals())
