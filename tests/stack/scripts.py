"""What the crash test does inside the product, in its own process.

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
from django.db import transaction  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.utils import timezone  # noqa: E402

from connector.models import Connection, Tenant  # noqa: E402
from tickets import outbox  # noqa: E402
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
            ticket = new_ticket(connection, index)
            ticket.save()
            outbox.enqueue(ticket)


def new_ticket(connection: Connection, index: int) -> Ticket:
    """Return a ticket as a person would fill it in; not saved."""
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


def run(functions: dict[str, Any]) -> None:
    """Call the function the command line names and print what it returns as JSON."""
    name, *words = sys.argv[1:]
    result = functions[name](*map(int, words))
    if result is not None:
        sys.stdout.write(json.dumps(result, default=str) + "\n")


if __name__ == "__main__":
    run(globals())
