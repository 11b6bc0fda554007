"""An instance on port 0, a connection to it, and the agent who works there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.utils import timezone

from connector.sandbox.seed import Installation
from connector.sandbox.server import Running, serve
from tests.factories import ConnectionFactory, TicketFactory
from tests.score.conftest import _graph_server as _graph_server
from tests.score.conftest import graph_server as graph_server
from tickets import outbox
from tickets.models import Delivery, Kind, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Connection, Tenant

CLIENT_ID = "client-of-the-tests"
CLIENT_SECRET = "secret-of-the-tests"
PASSWORD = "a password of the tests"


@dataclass
class Person:
    """Somebody who speaks to the instance's API directly."""

    url: str
    token: str

    def call(self, method: str, path: str, **values: str) -> Any:
        answer = requests.request(
            method,
            f"{self.url}/api/now/table/{path}",
            json=values or None,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=5,
        )
        answer.raise_for_status()
        return answer.json()["result"] if answer.content else None

    def write(self, ticket: Ticket, **values: str) -> Any:
        return self.call("PATCH", f"{ticket.kind}/{ticket.sys_id}", **values)

    def delete(self, ticket: Ticket) -> None:
        self.call("DELETE", f"{ticket.kind}/{ticket.sys_id}")


@pytest.fixture
def instance(
    monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper
) -> Iterator[Running]:
    """A fresh ServiceNow that the portal may connect to."""
    for name in ("ADMIN", "AGENT", "INTEGRATION"):
        monkeypatch.setenv(f"SANDBOX_{name}_PASSWORD", PASSWORD)
    installation = Installation(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with serve(installation) as running:
        settings.SERVICENOW_SANDBOX_URL = running.url
        yield running


@pytest.fixture
def sign_in(instance: Running) -> Callable[[str], dict[str, Any]]:
    """Return tokens of a user of the instance."""

    def tokens(user_name: str) -> dict[str, Any]:
        form = {
            "grant_type": "password",
            "username": user_name,
            "password": PASSWORD,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        answer = requests.post(f"{instance.url}/oauth_token.do", form, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    return tokens


@pytest.fixture
def linked(
    instance: Running, tenant: Tenant, sign_in: Callable[[str], dict[str, Any]]
) -> Connection:
    """A working connection to the instance."""
    tokens = sign_in("m365.integration")
    return ConnectionFactory(
        tenant=tenant,
        base_url=instance.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        access_token=tokens["access_token"],
        access_token_expires_at=timezone.now() + timedelta(seconds=1799),
        refresh_token=tokens["refresh_token"],
    )


@pytest.fixture
def agent(instance: Running, sign_in: Callable[[str], dict[str, Any]]) -> Person:
    """The IT service desk's Robin Fields."""
    return Person(instance.url, sign_in("it.agent")["access_token"])


@pytest.fixture
def superuser(instance: Running, sign_in: Callable[[str], dict[str, Any]]) -> Person:
    """The instance's administrator."""
    return Person(instance.url, sign_in("admin")["access_token"])


@pytest.fixture
def queued(linked: Connection) -> Callable[..., Delivery]:
    """Make a ticket that is about to be sent."""

    def make(kind: str = Kind.INCIDENT, **values: Any) -> Delivery:
        values.setdefault("correlation_id", uuid.uuid4())
        ticket = TicketFactory(connection=linked, kind=kind, **values)
        return outbox.enqueue(ticket)

    return make


@pytest.fixture
def sent(queued: Callable[..., Delivery]) -> Callable[..., Ticket]:
    """Make a ticket that is in the instance."""

    def make(kind: str = Kind.INCIDENT, **values: Any) -> Ticket:
        delivery = queued(kind, **values)
        outbox.deliver(delivery.pk)
        ticket: Ticket = Ticket.objects.get(pk=delivery.ticket_id)
        assert ticket.sys_id, Delivery.objects.get(pk=delivery.pk).error_words
        return ticket

    return make


def later(delivery: Delivery, seconds: float) -> None:
    """Let time pass for one delivery: all its moments move into the past."""
    delivery.refresh_from_db()
    shift = timedelta(seconds=seconds)
    for name in ("due_at", "claimed_at", "unanswered_at"):
        moment = getattr(delivery, name)
        if moment is not None:
            setattr(delivery, name, moment - shift)
    delivery.save()


def stored(instance: Running, ticket: Ticket) -> list[Any]:
    """Return the instance's own rows with the ticket's reference."""
    sql = "SELECT * FROM task WHERE correlation_id = ? ORDER BY sys_created_on"
    return list(instance.store.execute(sql, [str(ticket.correlation_id)]))
