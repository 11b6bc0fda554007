"""The requests of an hour: counted cheaply, compared with the rule, spent with care."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from connector import budget, tokens
from connector.exceptions import ConnectorError
from connector.models import Connection, RequestBudget
from connector.servicenow.client import ServiceNow
from connector.servicenow.limits import RateLimit
from tests.connector.wire import Reply, ok, refusal, scripted
from tests.factories import ConnectionFactory
from tickets import sync
from tickets.models import SyncCursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import SettingsWrapper as Settings

    from connector.models import Tenant

RULE = "8f0c1a5cc3a2210054b1ef6c7540ae11"


def in_an_hour(seconds: float = 3600) -> int:
    return int(time.time() + seconds)


def headers(limit: str = "100", seconds: float = 1800) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": limit,
        "X-RateLimit-Reset": str(in_an_hour(seconds)),
        "X-RateLimit-Rule": RULE,
    }


def spent(requests: int, limit: int | None, **more: object) -> RequestBudget:
    now = timezone.now()
    values = {"ends_at": now + timedelta(minutes=30), "named_at": now} | more
    return RequestBudget(requests=requests, limit=limit, **values)


def named_by(*replies: Reply) -> list[RateLimit | None]:
    found: list[RateLimit | None] = []
    with scripted(*replies) as server:
        client = ServiceNow(
            server.url, lambda _: "t", private_ok=True, meter=found.append
        )
        for _ in replies:
            with suppress(ConnectorError):
                client.list("incident", fields=["number"])
    return found


def test_the_rule_is_read_from_every_answer() -> None:
    [named] = named_by(ok([], **headers("1000")))

    assert named is not None
    assert (named.limit, named.rule, named.is_reached) == (1000, RULE, False)
    assert named.resets_at is not None
    assert abs(named.resets_at - datetime.now(UTC) - timedelta(minutes=30)) < timedelta(
        seconds=5
    )


def test_a_429_names_the_rule_and_the_wait() -> None:
    [named] = named_by(
        refusal(429, "Rate limit exceeded", Retry_After="90", **headers())
    )

    assert named is not None
    assert (named.limit, named.is_reached, named.retry_after) == (100, True, 90)


@pytest.mark.parametrize(
    "reply",
    [
        ok([]),
        ok([], X_RateLimit_Limit="many"),
        ok([], X_RateLimit_Limit="9" * 30),
        # A node without free threads answers 429 as well, and names no rule.
        refusal(429, "Too many requests", Retry_After="5"),
        Reply(200, "{", cut=True),
    ],
    ids=["no header", "not a number", "absurd", "busy node", "no answer"],
)
def test_what_names_no_rule_is_counted_all_the_same(reply: Reply) -> None:
    assert set(named_by(reply)) == {None}


@pytest.mark.parametrize("reset", ["soon", "", "9" * 40, "-1"])
def test_a_bent_reset_does_no_harm(reset: str) -> None:
    [named] = named_by(ok([], X_RateLimit_Limit="100", X_RateLimit_Reset=reset))
    assert named is not None
    assert named.limit == 100


@pytest.mark.django_db
def test_requests_are_written_in_lots() -> None:
    connection = ConnectionFactory()
    for _ in range(1 + budget.LOT):
        budget.note(connection.pk, None)
    budget.note(connection.pk, None)
    # The first at once, then a lot; the last waits for its lot.
    assert RequestBudget.objects.get().requests == 1 + budget.LOT

    budget.flush(connection.pk)
    assert RequestBudget.objects.get().requests == 2 + budget.LOT


@pytest.mark.django_db
def test_counting_costs_one_write_in_fifty(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    connection = ConnectionFactory()
    budget.note(connection.pk, None)
    with django_assert_max_num_queries(4):
        for _ in range(4 * budget.LOT):
            budget.note(connection.pk, None)

    assert RequestBudget.objects.get().requests == 1 + 4 * budget.LOT


@pytest.mark.django_db(transaction=True)
def test_threads_lose_no_request() -> None:
    pk = ConnectionFactory().pk

    def work(_: int) -> None:
        try:
            for _ in range(60):
                budget.note(pk, None)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    budget.flush(pk)

    assert RequestBudget.objects.get().requests == 240


@pytest.mark.django_db
def test_a_new_hour_begins_at_nothing_and_keeps_the_rule() -> None:
    connection = ConnectionFactory()
    past = timezone.now() - timedelta(minutes=1)
    row = spent(90, 100, connection=connection, ends_at=past, rule=RULE)
    row.save()
    meter = budget.reading(connection)
    assert meter is not None
    assert (meter.requests, meter.limit) == (0, 100)

    budget.note(connection.pk, None)

    row.refresh_from_db()
    assert (row.requests, row.limit, row.rule) == (1, 100, RULE)
    assert timedelta() < row.ends_at - timezone.now() <= timedelta(hours=1)


@pytest.mark.django_db
def test_a_rule_that_is_not_named_any_more_is_forgotten() -> None:
    connection = ConnectionFactory()
    long_ago = timezone.now() - timedelta(hours=3)
    spent(99, 100, connection=connection, named_at=long_ago).save()

    meter = budget.reading(connection)
    assert meter is not None
    assert meter.limit is None
    assert budget.pause(connection) == timedelta()


@pytest.mark.django_db
def test_another_clock_cannot_make_the_hour_longer() -> None:
    connection = ConnectionFactory()
    far = datetime.now(UTC) + timedelta(days=400)
    budget.note(connection.pk, RateLimit(100, far, RULE))

    assert RequestBudget.objects.get().ends_at <= timezone.now() + timedelta(hours=1)


@pytest.mark.django_db
def test_a_connection_that_is_gone_is_not_counted() -> None:
    budget.note(4711, None)
    assert not RequestBudget.objects.exists()


@pytest.mark.parametrize(
    ("requests", "limit", "low", "high"),
    [
        (0, None, 0, 0),
        (5000, None, 0, 0),
        # Plenty left: less than the usual minute.
        (10, 2000, 0, 60),
        # Half of a small rule left, half an hour to go: 50 requests, 12 polls.
        (50, 100, 140, 150),
        (90, 100, 700, 730),
        # Used up, or as good as: nothing before the next hour.
        (99, 100, 1790, 1800),
        (150, 100, 1790, 1800),
    ],
)
def test_the_nearer_the_limit_the_longer_the_pause(
    requests: int, limit: int | None, low: float, high: float
) -> None:
    seconds = budget._read(spent(requests, limit)).pause.total_seconds()
    assert low <= seconds <= high


def answered(connection: Connection, *replies: Reply, settings: Settings) -> None:
    with scripted(*replies) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        Connection.objects.update(base_url=server.url)
        connection.refresh_from_db()
        sync.pull(connection, forced=True)


@pytest.mark.django_db
def test_polls_slow_down_before_the_rule_is_used_up(settings: Settings) -> None:
    connection = ConnectionFactory()
    spent(80, 100, connection=connection).save()
    answered(connection, ok([], **headers()), settings=settings)

    cursor = SyncCursor.objects.get()
    assert cursor.error_code == ""
    wait = (cursor.due_at - timezone.now()).total_seconds()
    assert 300 < wait < 1800


@pytest.mark.django_db
def test_without_a_rule_polls_keep_their_pace(settings: Settings) -> None:
    connection = ConnectionFactory()
    answered(connection, ok([]), settings=settings)

    wait = (SyncCursor.objects.get().due_at - timezone.now()).total_seconds()
    assert wait <= 90


@pytest.mark.django_db
def test_a_refused_poll_comes_back_when_the_instance_allows_it(
    settings: Settings,
) -> None:
    connection = ConnectionFactory()
    reply = refusal(429, "Rate limit exceeded", Retry_After="1500", **headers())
    answered(connection, reply, settings=settings)

    cursor = SyncCursor.objects.get()
    assert cursor.error_code == "rate_limited"
    assert 1490 < (cursor.due_at - timezone.now()).total_seconds() <= 1500
    meter = budget.reading(connection)
    assert meter is not None
    assert meter.limit == 100
    assert meter.blocked_until is not None


@pytest.mark.django_db
def test_the_rule_of_the_sandbox_arrives_with_its_refusal(
    connection: Connection,
) -> None:
    client = tokens.servicenow(connection)
    client.list("incident", fields=["number"], limit=1)

    meter = budget.reading(connection)
    assert meter is not None
    assert (meter.requests, meter.limit) == (1, None)


def page_of(client: Client) -> str:
    text: str = client.get(reverse("connector:configuration")).content.decode()
    return " ".join(text.split())


@pytest.mark.django_db
def test_the_meter_is_on_the_connections_page(
    tenant: Tenant, reader: User, client_for: Callable[[User], Client]
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    client = client_for(reader)
    assert "None was counted yet." in page_of(client)

    row = spent(1, None, connection=connection)
    row.save()
    assert "1 request this hour. No limit is known" in page_of(client)

    row.requests, row.limit, row.rule = 87, 100, RULE
    row.save()
    text = page_of(client)
    assert "87 of 100 requests this hour" in text
    assert f"<code>{RULE}</code>" in text
    assert row.ends_at.isoformat()[:16] in text
    assert "allows no more requests" not in text

    row.blocked_until = timezone.now() + timedelta(minutes=5)
    row.save()
    assert "allows no more requests" in page_of(client)
