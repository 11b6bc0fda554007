"""What the benchmark of Secure Score does inside the product, in its own process.

Run as: python -m tests.benchmarks.score_scripts NAME [NUMBER].
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import requests

# The first of the product's imports: it sets Django up.
from tests.benchmarks.scripts import time_page

from tests.stack.scripts import new_ticket, run  # isort: skip

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from connector.models import Connection, Tenant
from portal.score import effects, ledger
from portal.score import sync as syncing
from portal.score.models import ControlProfile, ControlScore, ScoreSync, Snapshot
from tickets.models import Ticket, TicketEvent

PAGES = (
    "/securescore/",
    "/securescore/?range=all&include=planned&include=license&include=achievable",
    "/securescore/actions/",
    "/securescore/actions/?status=to_address&sort=-impact&size=100",
    "/securescore/history/",
    "/securescore/trends/?range=all",
    "/securescore/ledger/",
)
# So many of the controls move on a day.
MOVING = 20
BATCH = 2000
CLOSED = {"change_request": "3", "incident": "7"}


def sync(controls: int) -> dict[str, Any]:
    """Time the first sync and a later one; the sandbox gives so many scored controls."""
    origin = settings.GRAPH_BASE_URL.removesuffix("/v1.0")
    known = _scored_in(origin)
    wish = {"profiles": controls + 50, "scored": max(controls - known, 0)}
    requests.put(f"{origin}/_control", json=wish, timeout=9).raise_for_status()
    tenant = Tenant.objects.create(name="Contoso Electronics", slug="contoso")
    first, again = (_sync(tenant) for _ in range(2))
    return {
        "first": first,
        "again": again,
        "days": Snapshot.objects.count(),
        "controls": ControlProfile.objects.filter(score__isnull=False).count(),
    }


def _scored_in(origin: str) -> int:
    url = f"{origin}/v1.0/security/secureScores"
    headers = {"Authorization": f"Bearer {settings.GRAPH_ACCESS_TOKEN}"}
    answer = requests.get(url, {"$top": "1"}, headers=headers, timeout=9).json()
    return len(answer["value"][0]["controlScores"])


def _sync(tenant: Tenant) -> float:
    ScoreSync.objects.update(due_at=timezone.now())
    started = time.perf_counter()
    syncing.run(tenant)
    seconds = time.perf_counter() - started
    assert ScoreSync.objects.get().error_code == "", ScoreSync.objects.get().error_words
    return seconds


def fill(days: int) -> None:
    """Put older days before those that were fetched, until there are so many."""
    oldest = Snapshot.objects.order_by("date").first()
    assert oldest is not None
    points = dict(oldest.control_scores.values_list("control_id", "score"))
    known = Snapshot.objects.count()
    for age in range(1, days - known + 1):
        _older_day(oldest, age, points)
    ledger.derive(oldest.tenant)
    user = User.objects.create_user("security.admin")
    user.groups.set(Group.objects.filter(name="Security Administrator"))
    oldest.tenant.members.add(user)
    assert Snapshot.objects.count() == days


def _older_day(newer: Snapshot, age: int, points: dict[str, float]) -> None:
    names = sorted(points)
    for number in range(MOVING):
        name = names[(age * MOVING + number) % len(names)]
        points[name] = round((points[name] + 1.7) % 9, 2)
    day = Snapshot.objects.create(
        tenant=newer.tenant,
        date=newer.date - timedelta(days=age),
        current_score=sum(points.values()),
        max_score=newer.max_score,
        comparisons=newer.comparisons,
        calculated_at=newer.calculated_at - timedelta(days=age),
    )
    ControlScore.objects.bulk_create(
        (
            ControlScore(
                snapshot=day, control_id=name, category="Device", score=points[name]
            )
            for name in names
        ),
        batch_size=BATCH,
    )


def close(count: int) -> dict[str, Any]:
    """Make closed tickets of the actions, over all the years; time their judgement."""
    tenant = Tenant.objects.get()
    connection = Connection.objects.create(
        tenant=tenant,
        base_url="https://bench.service-now.com",
        integration_user="bench",
        status=Connection.Status.CONNECTED,
    )
    names = list(
        ControlProfile.objects.filter(score__isnull=False)
        .order_by("pk")
        .values_list("control_id", flat=True)
    )
    step = Snapshot.objects.count() * timedelta(days=1) / count
    tickets, events = [], []
    for index in range(count):
        ticket = new_ticket(connection, index)
        ticket.control_id = names[index % len(names)]
        ticket.created_at = timezone.now() - (index + 1) * step
        ticket.sys_id, ticket.number = f"{index:032x}", f"CHG{index:07}"
        ticket.remote_state = CLOSED[ticket.kind]
        tickets.append(ticket)
        events.append(
            TicketEvent(
                ticket=ticket,
                action=TicketEvent.Action.CHANGED,
                field="state",
                new=ticket.remote_state,
                at=ticket.created_at + step / 2,
            )
        )
    Ticket.objects.bulk_create(tickets, batch_size=BATCH)
    TicketEvent.objects.bulk_create(events, batch_size=BATCH)
    started = time.perf_counter()
    effects.refresh(tenant)
    return {"seconds": time.perf_counter() - started}


def pages(rounds: int) -> list[dict[str, Any]]:
    """Time the pages of Secure Score."""
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="security.admin"))
    return [time_page(client, url, rounds) for url in PAGES]


if __name__ == "__main__":
    run(globals())
