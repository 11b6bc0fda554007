"""What the crash test and the benchmarks do inside the product, in its own process.

Run as: python -m tests.stack.scripts NAME [NUMBER]; NAME is a function below.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from typing import Any

import django
import requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.db import connection as database  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from connector.models import Connection, Tenant  # noqa: E402
from tickets import mapping, outbox, tasks  # noqa: E402
from tickets.models import Category, Delivery, Kind, Priority, Ticket  # noqa: E402


def prepare() -> None:
    """Make an organisation connected to the sandbox with a token of its user."""
    tenant = Tenant.objects.create(name="Contoso Electronics", slug="contoso")
    answer = requests.post(
        f"{settings.SERVICENOW_SANDBOX_URL}/oauth_token.do",
        data={
            "grant_type": "password",
            "username": "m365.integration",
            "password": os.environ["SANDBOX_INTEGRATION_PASSWORD"],
            "client_id": os.environ["SANDBOX_CLIENT_ID"],
            "client_secret": os.environ["SANDBOX_CLIENT_SECRET"],
        },
        timeout=10,
    )
    answer.raise_for_status()
    tokens = answer.json()
    Connection.objects.create(
        tenant=tenant,
        base_url=settings.SERVICENOW_SANDBOX_URL,
        client_id=os.environ["SANDBOX_CLIENT_ID"],
        client_secret=os.environ["SANDBOX_CLIENT_SECRET"],
        integration_user="m365.integration",
        remote_user_name="m365.integration",
        status=Connection.Status.CONNECTED,
        cards_enabled=True,
        access_token=tokens["access_token"],
        access_token_expires_at=timezone.now() + timedelta(seconds=1799),
        refresh_token=tokens["refresh_token"],
        refresh_token_expires_at=timezone.now() + timedelta(days=100),
    )


def share(count: int) -> None:
    """Share tickets as the form does: row and delivery in one transaction."""
    connection = Connection.objects.get()
    first = Ticket.objects.count()
    for index in range(first, first + count):
        with transaction.atomic():
            ticket = _ticket(connection, index)
            ticket.save()
            outbox.enqueue(ticket)


def _ticket(connection: Connection, index: int) -> Ticket:
    return Ticket(
        tenant=connection.tenant,
        connection=connection,
        kind=Kind.values[index % 2],
        name=f"Turn on setting {index}",
        description="A description of some length. " * 10,
        priority=Priority.values[index % 3],
        due_date=timezone.localdate() + timedelta(days=14),
        category=Category.IDENTITY,
        created_by_name="security.admin",
    )


def report() -> dict[str, Any]:
    """Return how many deliveries are in which state, and how the links stand."""
    counts = Delivery.objects.values_list("status").annotate(Count("pk"))
    linked = Ticket.objects.exclude(sys_id="")
    return {
        "deliveries": dict(counts),
        "linked": linked.count(),
        "distinct": linked.values("sys_id").distinct().count(),
        "correlation_ids": [str(t.correlation_id) for t in Ticket.objects.all()],
        "errors": list(
            Delivery.objects.exclude(status="delivered").values_list(
                "status", "attempts", "error_code", "due_at", "unanswered_at"
            )[:5]
        ),
    }


def wait(seconds: float) -> dict[str, Any]:
    """Wait until all is delivered, polling the outbox; return the time it took."""
    started = time.perf_counter()
    while Delivery.objects.exclude(status="delivered").exists():
        if time.perf_counter() - started > seconds:
            break
        time.sleep(0.02)
    return {"seconds": time.perf_counter() - started}


def hold(count: int) -> None:
    """Share tickets whose deliveries nobody takes up yet."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    later = timezone.now() + timedelta(hours=1)
    connection = Connection.objects.get()
    tickets = Ticket.objects.bulk_create(
        _ticket(connection, index) for index in range(count)
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
    tickets = [_ticket(connection, index) for index in range(count)]
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
    return [_time_page(client, url, rounds) for url in ("/", "/tickets/")]


def _time_page(client: Client, url: str, rounds: int) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    with CaptureQueriesContext(database) as queries:
        client.get(url)
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
        "queries": len(queries),
        "kilobytes": len(answer.content) / 1000,
    }


if __name__ == "__main__":
    name, *words = sys.argv[1:]
    result = globals()[name](*map(int, words))
    if result is not None:
        sys.stdout.write(json.dumps(result, default=str) + "\n")
