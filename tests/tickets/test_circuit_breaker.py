"""One failure of the connection holds back its whole queue, and says so everywhere."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database
from django.urls import reverse

from connector import tasks
from connector.sandbox import schema
from tickets import outbox
from tickets.models import Delivery, Kind, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection
    from connector.sandbox.server import Running

    Queued = Callable[..., Delivery]
    Break = Callable[[Running], None]

pytestmark = pytest.mark.django_db
MANY = 30
Status = Delivery.Status


def unauthorized(instance: Running) -> None:
    """The user is gone, so that the token is refused and not renewed either."""
    instance.store.execute("UPDATE sys_user SET active = 'false'")


def no_such_table(_instance: Running) -> None:
    del schema.TABLES["incident"]


def address_refused(instance: Running) -> None:
    instance.faults.add("ip_filter")


def no_scope(instance: Running) -> None:
    instance.faults.add("missing_scope")


BREAKS: list[tuple[Break, str]] = [
    (unauthorized, "refresh_rejected"),
    (no_such_table, "invalid_table"),
    (address_refused, "ip_restricted"),
    (no_scope, "scope"),
]


@pytest.fixture
def incidents() -> Any:
    """Put the table back that a test took away."""
    table = schema.TABLES["incident"]
    yield
    schema.TABLES["incident"] = table


def requests_of(instance: Running) -> int:
    return instance.app.api.requests["table"]


def work_through(queue: list[Delivery]) -> None:
    for delivery in queue:
        outbox.deliver(delivery.pk)


@pytest.mark.parametrize(("spoil", "code"), BREAKS, ids=lambda value: str(value))
def test_the_first_failure_stops_the_whole_queue(
    spoil: Break,
    code: str,
    queued: Queued,
    instance: Running,
    linked: Connection,
    incidents: None,
) -> None:
    queue = [queued(Kind.INCIDENT) for _ in range(MANY)]
    spoil(instance)

    outbox.deliver(queue[0].pk)
    assert not Delivery.objects.exclude(status=Status.WAITING).exists()
    work_through(queue)
    outbox.sweep()
    work_through(queue)

    linked.refresh_from_db()
    assert (linked.status, linked.last_error_code) == ("broken", code)
    assert requests_of(instance) == 1
    assert {delivery.status for delivery in Delivery.objects.all()} == {Status.WAITING}
    assert TicketEvent.objects.filter(action="failed").count() == 1


def test_many_workers_meet_the_failure_at_most_once_each(
    transactional_db: None,
    queued: Queued,
    instance: Running,
    linked: Connection,
    incidents: None,
) -> None:
    workers = 4
    queue = [queued(Kind.INCIDENT) for _ in range(MANY)]
    no_such_table(instance)
    barrier = Barrier(workers)

    def work(number: int) -> None:
        barrier.wait()
        work_through(queue[number::workers])
        database.close()

    threads = [Thread(target=work, args=[number]) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Those that had begun when the first answer came, and nobody after them.
    assert 1 <= requests_of(instance) <= workers
    assert not Delivery.objects.exclude(status=Status.WAITING).exists()


def test_another_connections_queue_goes_on(
    queued: Queued, instance: Running, linked: Connection
) -> None:
    from tests.factories import ConnectionFactory, DeliveryFactory, TicketFactory

    other = ConnectionFactory()
    waiting = DeliveryFactory(ticket=TicketFactory(connection=other))
    address_refused(instance)
    work_through([queued(Kind.INCIDENT)])
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED


def test_everything_goes_out_by_itself_once_it_is_mended(
    queued: Queued, instance: Running, linked: Connection
) -> None:
    queue = [queued(Kind.INCIDENT) for _ in range(5)]
    address_refused(instance)
    work_through(queue)
    instance.faults.clear()

    tasks.watch(linked.pk)
    work_through(queue)

    linked.refresh_from_db()
    assert linked.status == "connected"
    assert {delivery.status for delivery in Delivery.objects.all()} == {
        Status.DELIVERED
    }


@pytest.mark.parametrize(("spoil", "code"), BREAKS[:3], ids=lambda value: str(value))
def test_page_list_and_banner_say_what_it_waits_for(
    spoil: Break,
    code: str,
    queued: Queued,
    instance: Running,
    linked: Connection,
    admin: User,
    client_for: Callable[[User], Client],
    incidents: None,
) -> None:
    queue = [queued(Kind.INCIDENT) for _ in range(2)]
    spoil(instance)
    work_through(queue)
    client = client_for(admin)

    for delivery in queue:
        address = reverse("tickets:detail", args=[delivery.ticket_id])
        text = client.get(address).content.decode()
        assert "Waiting for the connection to ServiceNow" in text
        assert "as soon as the connection works again" in text
        assert "needs attention" in text, "the banner"
        assert reverse("connector:provisioning") in text
    listed = client.get(reverse("tickets:list")).content.decode()
    assert listed.count("Waiting for the connection") >= 2
    for page in ("portal:home", "score:overview", "connector:configuration"):
        assert "needs attention" in client.get(reverse(page)).content.decode()
