"""Tickets that come to a new address: looked up, shown, taken over, or left alone."""

from __future__ import annotations

import html
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import reverse
from django.utils import timezone

from connector import connections, tasks, wizard
from connector.choosing import address
from connector.hints import of as hints_of
from connector.models import AuditEvent, Connection
from connector.sandbox.schema import TABLES
from connector.sandbox.seed import Installation
from connector.sandbox.server import Running, serve
from tests.factories import ConnectionFactory, TicketFactory, TicketStateFactory
from tests.tickets.conftest import CLIENT_ID, CLIENT_SECRET, PASSWORD, stored
from tickets import outbox, profiles, state_revisions, sync
from tickets.adoption import deciding, moving, taking
from tickets.adoption.models import Adoption
from tickets.models import (
    Delivery,
    Kind,
    StateRevision,
    SyncCursor,
    Ticket,
    TicketEvent,
    TicketState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    SignIn = Callable[[User], Client]
    Sent = Callable[..., Ticket]

pytestmark = pytest.mark.django_db
Status = Adoption.Status
TASK = TABLES["incident"]


@pytest.fixture
def clone(instance: Running, settings: SettingsWrapper) -> Iterator[Running]:
    """A second instance, empty of our tickets."""
    installation = Installation(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with serve(installation) as running:
        settings.SERVICENOW_SANDBOX_URL = f"{instance.url}, {running.url}"
        yield running


def _tokens(instance: Running) -> dict[str, Any]:
    form = {
        "grant_type": "password",
        "username": "m365.integration",
        "password": PASSWORD,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    answer = requests.post(f"{instance.url}/oauth_token.do", form, timeout=5)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def target(linked: Connection, clone: Running) -> Connection:
    """A working connection to the clone that waits to replace the first one."""
    tokens = _tokens(clone)
    return ConnectionFactory(
        tenant=linked.tenant,
        base_url=clone.url,
        is_default=False,
        cards_enabled=False,
        replaces=linked,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
    )


def let_passwords_in(running: Running) -> None:
    """Take Basic authentication, as instances did before it was restricted."""
    for name in ("active", "enforce"):
        row = running.store.first(
            "sys_properties", name=f"glide.authenticate.basic_auth.restriction.{name}"
        )
        assert row is not None
        table = TABLES["sys_properties"]
        running.store.update(table, row["sys_id"], {"value": "false"})


@pytest.fixture
def adoption(linked: Connection, target: Connection, admin: User) -> Adoption:
    return deciding.begin(linked, target, actor=admin)


@pytest.fixture
def copy(instance: Running, clone: Running) -> Callable[..., str]:
    """Put a ticket's record into the clone, changed as told; return its sys_id."""

    def put(ticket: Ticket, **changed: str) -> str:
        [row] = stored(instance, ticket)
        values = dict(row) | changed
        table = TABLES[values["sys_class_name"]]
        return clone.store.insert(table, values)["sys_id"]

    return put


def compare(adoption: Adoption) -> Adoption:
    moving.go_on(adoption.pk)
    adoption.refresh_from_db()
    return adoption


def take_over(adoption: Adoption, admin: User) -> Adoption:
    assert compare(adoption).status == Status.READY
    assert deciding.accept(adoption, actor=admin)
    return compare(adoption)


def verdicts(adoption: Adoption) -> dict[str, int]:
    return {name: number for name, number in adoption.counts.items() if number}


def test_a_clone_takes_every_ticket_over(
    linked: Connection,
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    instance: Running,
) -> None:
    tickets = [sent(kind) for kind in Kind.values]
    for ticket in tickets:
        copy(ticket)

    assert verdicts(compare(adoption)) == {"same": 2}
    assert Ticket.objects.filter(connection=linked).count() == 2, "nothing is written"
    deciding.accept(adoption, actor=admin)
    compare(adoption)

    assert adoption.status == Status.APPLIED
    for ticket in tickets:
        now = Ticket.objects.get(pk=ticket.pk)
        assert (now.connection_id, now.sys_id) == (target.pk, ticket.sys_id)
        assert now.number == ticket.number
        assert now.remote_url.startswith(target.base_url)
    linked.refresh_from_db()
    target.refresh_from_db()
    assert (linked.status, target.is_default) == (Connection.Status.REMOVED, True)
    assert target.is_usable
    tasks.revoke(linked.pk)
    rows = instance.store.execute("SELECT token FROM _token WHERE revoked = 0")
    own = {row["token"] for row in rows}
    assert linked.access_token not in own
    facts = AuditEvent.objects.get(action="adoption.applied").facts
    assert (facts["same"], facts["source"]) == (2, linked.host)
    accepted = AuditEvent.objects.get(action="adoption.accepted")
    assert accepted.actor == admin


def test_the_next_poll_follows_the_tickets_at_the_new_address(
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
) -> None:
    ticket = sent(Kind.INCIDENT)
    # The clone is older than what was last seen at the old address.
    copy(ticket, state="2", sys_updated_on="2026-01-01 08:00:00", sys_mod_count="0")
    # The pending connection was polled meanwhile, so its cursor is far ahead.
    sync.pull(target)
    assert Ticket.objects.get(pk=ticket.pk).remote_state == ticket.remote_state
    take_over(adoption, admin)

    target.refresh_from_db()
    sync.pull(target)

    assert Ticket.objects.get(pk=ticket.pk).remote_state == "2"


def test_a_record_under_another_sys_id_is_linked_anew(
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    client_for: SignIn,
) -> None:
    ticket = sent()
    new = copy(ticket, sys_id=uuid.uuid4().hex, number="INC0099001")
    compare(adoption)

    page = client_for(admin).get(reverse("tickets:adoption", args=[adoption.pk]))
    text = html.unescape(page.content.decode())
    for words in (ticket.name, ticket.number, "INC0099001", ticket.sys_id, new):
        assert words in text
    assert verdicts(adoption) == {"relinked": 1}
    deciding.accept(adoption, actor=admin)
    compare(adoption)

    now = Ticket.objects.get(pk=ticket.pk)
    assert (now.sys_id, now.number) == (new, "INC0099001")
    event = ticket.events.get(action=TicketEvent.Action.MOVED)
    assert event.facts["old_number"] == ticket.number


def test_another_record_under_the_same_sys_id_is_not_touched(
    linked: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    clone: Running,
) -> None:
    foreign, other_kind = sent(), sent()
    copy(foreign, correlation_id="somebody-else", short_description="Not ours")
    copy(other_kind, sys_class_name="change_request")
    before = [dict(row) for row in clone.store.execute("SELECT * FROM task")]

    take_over(adoption, admin)

    assert verdicts(adoption) == {"foreign": 2}
    assert set(Ticket.objects.values_list("connection", flat=True)) == {linked.pk}
    assert [dict(row) for row in clone.store.execute("SELECT * FROM task")] == before
    assert adoption.status == Status.APPLIED


def test_a_ticket_whose_record_is_not_there_is_kept_and_found_later(
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
) -> None:
    ticket = sent()
    take_over(adoption, admin)
    assert verdicts(adoption) == {"missing": 1}
    now = Ticket.objects.get(pk=ticket.pk)
    assert (now.connection_id, now.sys_id) == (target.pk, ticket.sys_id)
    assert now.missing_since

    copy(ticket)
    target.refresh_from_db()
    sync.pull(target, forced=True)

    assert Ticket.objects.get(pk=ticket.pk).missing_since is None


def test_what_was_not_sent_goes_out_to_the_new_address(
    linked: Connection,
    target: Connection,
    adoption: Adoption,
    queued: Callable[..., Delivery],
    admin: User,
    instance: Running,
    clone: Running,
) -> None:
    connections.update(target, is_test=True)
    deliveries = [queued(), queued(), queued()]
    outbox.park(linked)
    stopped = Delivery.objects.filter(pk=deliveries[2].pk)
    stopped.update(status="stopped", attempts=1)

    take_over(adoption, admin)
    for delivery in deliveries:
        outbox.deliver(delivery.pk)

    assert verdicts(adoption) == {"undelivered": 3}
    for delivery in deliveries[:2]:
        ticket = Ticket.objects.get(pk=delivery.ticket_id)
        assert stored(instance, ticket) == []
        [row] = stored(clone, ticket)
        assert row["short_description"] == f"[TEST] {ticket.name}"
    assert stopped.get().status == "stopped", "that one waits for a person"


def test_a_ticket_that_is_being_sent_is_waited_for(
    linked: Connection,
    adoption: Adoption,
    queued: Callable[..., Delivery],
    admin: User,
) -> None:
    delivery = queued()
    compare(adoption)
    deciding.accept(adoption, actor=admin)
    Delivery.objects.update(status="sending", claimed_at=timezone.now())

    compare(adoption)

    assert adoption.status == Status.APPLYING
    assert Ticket.objects.get().connection_id == linked.pk
    assert Connection.objects.get(pk=linked.pk).is_connected
    Delivery.objects.update(status="queued", claimed_at=None)
    Adoption.objects.update(due_at=timezone.now())
    assert compare(adoption).status == Status.APPLIED
    assert Ticket.objects.get().connection_id != linked.pk
    assert Delivery.objects.get(pk=delivery.pk).status == "queued"


def test_what_was_sent_after_the_comparison_is_looked_up_too(
    target: Connection,
    adoption: Adoption,
    queued: Callable[..., Delivery],
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
) -> None:
    delivery = queued()
    compare(adoption)
    outbox.deliver(delivery.pk)
    copy(Ticket.objects.get())
    late = sent()
    deciding.accept(adoption, actor=admin)

    compare(adoption)

    assert verdicts(adoption) == {"same": 1, "missing": 1}
    assert set(Ticket.objects.values_list("connection", flat=True)) == {target.pk}
    assert Ticket.objects.get(pk=late.pk).missing_since


def test_a_crash_in_the_middle_is_gone_on_from(
    linked: Connection,
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tickets = [sent() for _ in range(3)]
    for ticket in tickets:
        copy(ticket)
    compare(adoption)
    deciding.accept(adoption, actor=admin)
    monkeypatch.setattr(moving, "CHUNK", 1)
    moves = []

    def die(*args: Any) -> set[int]:
        if len(moves) == 2:
            raise KeyboardInterrupt
        moves.append(args)
        return taking.take(*args)

    monkeypatch.setattr(moving, "take", die)
    with pytest.raises(KeyboardInterrupt):
        moving.go_on(adoption.pk)
    assert Ticket.objects.filter(connection=target).count() == 2
    assert Connection.objects.get(pk=linked.pk).is_connected, "still at work"

    # Nobody goes on while the claim of the dead worker holds.
    monkeypatch.setattr(moving, "take", taking.take)
    assert compare(adoption).status == Status.APPLYING
    Adoption.objects.update(claimed_at=timezone.now() - timedelta(seconds=181))
    assert not adoption.can_discard
    assert compare(adoption).status == Status.APPLIED
    moving.go_on(adoption.pk)

    assert Ticket.objects.filter(connection=target).count() == 3
    for ticket in tickets:
        assert ticket.events.filter(action=TicketEvent.Action.MOVED).count() == 1
    assert AuditEvent.objects.filter(action="adoption.applied").count() == 1


def test_a_late_poll_of_the_old_address_holds_no_news_back(
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy(sent())
    compare(adoption)
    deciding.accept(adoption, actor=admin)

    def take_and_be_late(*args: Any) -> set[int]:
        taken = taking.take(*args)
        Ticket.objects.update(remote_updated_at=timezone.now(), remote_mod_count=9)
        return taken

    monkeypatch.setattr(moving, "take", take_and_be_late)
    compare(adoption)

    ticket = Ticket.objects.get()
    assert (ticket.remote_updated_at, ticket.remote_mod_count) == (None, None)


def test_a_chunk_moves_as_a_whole_or_not_at_all(
    linked: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy(sent())
    compare(adoption)
    deciding.accept(adoption, actor=admin)

    def die(_tickets: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(taking, "_readdress", die)
        with pytest.raises(KeyboardInterrupt):
            moving.go_on(adoption.pk)

    assert Ticket.objects.get().connection_id == linked.pk
    assert not TicketEvent.objects.filter(action=TicketEvent.Action.MOVED).exists()


def test_own_names_of_states_come_along(
    linked: Connection, target: Connection, adoption: Adoption, admin: User
) -> None:
    def name(connection: Connection, value: str, label: str) -> TicketState:
        return TicketStateFactory(
            connection=connection, kind=Kind.INCIDENT, value=value, label=label
        )

    name(linked, "1", "Fresh")
    name(linked, "2", "Being done")
    name(linked, "99", "Ours alone")
    name(target, "1", "")
    name(target, "2", "Named there")

    take_over(adoption, admin)

    states = TicketState.objects.of(target)
    assert {state.value: state.label for state in states} == {
        "1": "Fresh",
        "2": "Named there",
        "99": "Ours alone",
    }
    assert all(state.tenant == target.tenant for state in states)


def test_what_was_decided_at_the_new_address_stays_and_the_rest_can_be_undone(
    linked: Connection, target: Connection, adoption: Adoption, admin: User
) -> None:
    def state(connection: Connection, value: str, category: str) -> TicketState:
        return TicketStateFactory(
            connection=connection, kind=Kind.INCIDENT, value=value, category=category
        )

    state(linked, "1", "in_progress")
    state(linked, "2", "open")
    state(target, "1", "open")
    state(target, "2", "done")

    take_over(adoption, admin)

    mine = TicketState.objects.of(target, Kind.INCIDENT)
    assert dict(mine.values_list("value", "category")) == {
        "1": "in_progress",
        "2": "done",
    }
    change = StateRevision.objects.of(target, Kind.INCIDENT).get()
    assert change.actor == admin
    state_revisions.undo(change, seen=change.pk, actor=admin)
    assert mine.get(value="1").category == "open"


def test_a_finished_set_up_is_finished_at_the_new_address(
    linked: Connection, target: Connection, adoption: Adoption, admin: User
) -> None:
    for item in (wizard.ENTITY, wizard.MAPPED, wizard.FINISHED):
        wizard.tick(linked.tenant, linked, item, actor=admin)

    take_over(adoption, admin)

    ticks = target.setup_ticks.values_list("item", flat=True)
    assert set(ticks) == {wizard.MAPPED, wizard.FINISHED}


def test_the_field_mapping_comes_along_and_is_used(
    linked: Connection,
    target: Connection,
    adoption: Adoption,
    queued: Callable[..., Delivery],
    admin: User,
) -> None:
    profiles.save(
        profiles.ensured(linked, Kind.INCIDENT),
        {"defaults": {"u_room": "12"}},
        actor=admin,
    )
    delivery = queued()
    Delivery.objects.update(payload={"short_description": "As it was mapped before"})

    take_over(adoption, admin)

    assert profiles.of_kind(target.pk, Kind.INCIDENT).defaults == {"u_room": "12"}
    delivery.refresh_from_db()
    assert delivery.payload["u_room"] == "12"
    assert delivery.payload["correlation_id"] == str(delivery.ticket.correlation_id)


def test_discarding_leaves_everything_as_it_was(
    linked: Connection,
    target: Connection,
    adoption: Adoption,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    client_for: SignIn,
) -> None:
    ticket = sent()
    copy(ticket)
    compare(adoption)
    before = Ticket.objects.values().get()

    client_for(admin).post(reverse("tickets:discard", args=[adoption.pk]))

    adoption.refresh_from_db()
    target.refresh_from_db()
    linked.refresh_from_db()
    assert adoption.status == Status.DISCARDED
    assert Ticket.objects.values().get() == before
    assert linked.is_connected
    assert linked.is_default
    assert target.is_removed
    assert not deciding.accept(adoption, actor=admin)
    assert AuditEvent.objects.filter(action="adoption.discarded", actor=admin).exists()


def test_the_old_connection_works_until_the_decision(
    linked: Connection, adoption: Adoption, sent: Sent
) -> None:
    compare(adoption)
    ticket = sent()

    assert ticket.connection_id == linked.pk
    assert Connection.objects.for_sharing(linked.tenant) == [linked]


def test_an_instance_that_is_away_is_asked_again(
    linked: Connection,
    adoption: Adoption,
    sent: Sent,
    clone: Running,
) -> None:
    sent()
    clone.faults.add("hibernating", path="table")

    compare(adoption)

    assert (adoption.status, adoption.error_code) == (Status.COMPARING, "hibernating")
    assert adoption.due_at > timezone.now()
    clone.faults.clear()
    Adoption.objects.update(due_at=timezone.now())
    assert compare(adoption).status == Status.READY
    assert adoption.error_code == ""


def test_hidden_records_are_not_taken_for_deleted_without_a_word(
    adoption: Adoption, sent: Sent, copy: Callable[..., str], clone: Running
) -> None:
    ticket = sent()
    copy(ticket)
    clone.restrictions.rows.add(ticket.sys_id)

    compare(adoption)

    assert verdicts(adoption) == {"missing": 1}
    assert adoption.result["hidden"] == 1


def test_many_tickets_are_asked_for_in_chunks(
    linked: Connection, adoption: Adoption, clone: Running
) -> None:
    for _ in range(201):
        TicketFactory(connection=linked, delivered=True)
    clone.app.api.requests.clear()

    compare(adoption)

    assert verdicts(adoption) == {"missing": 201}
    # Two by sys_id, two by the longer references.
    assert clone.app.api.requests["table"] == 4


def test_a_record_of_another_ticket_stays_with_it(
    target: Connection, adoption: Adoption, sent: Sent, admin: User
) -> None:
    ticket = sent()
    TicketFactory(connection=target, delivered=True, sys_id=ticket.sys_id)

    assert take_over(adoption, admin).status == Status.APPLIED

    assert Ticket.objects.get(pk=ticket.pk).connection_id != target.pk


def test_the_tickets_of_a_removed_connection_come_to_another_one(
    linked: Connection,
    target: Connection,
    sent: Sent,
    copy: Callable[..., str],
    admin: User,
    reader: User,
    client_for: SignIn,
) -> None:
    ticket = sent()
    copy(ticket)
    connections.remove(linked, actor=admin)
    target.refresh_from_db()
    assert target.is_default, "what waited for its place stands alone now"
    assert hints_of(target) == [], "it was there before the other one went"
    connections.update(target, created_at=timezone.now())
    client = client_for(admin)
    [hint] = hints_of(target)
    assert "1 ticket can only be read" in hint.text
    where = address("connector:configuration", target)
    assert hint.title in html.unescape(client.get(where).content.decode())
    assert hint.title not in client_for(reader).get(where).content.decode()
    parts = urlsplit(hint.url)
    page = client.get(f"{parts.path}?{parts.query}").content.decode()
    assert linked.host in page

    answer = client.post(
        reverse("tickets:take_over"), {"connection": target.pk, "source": linked.pk}
    )
    adoption = Adoption.objects.get()
    assert answer.url == reverse("tickets:adoption", args=[adoption.pk])
    take_over(adoption, admin)

    assert Ticket.objects.get().connection_id == target.pk
    assert hints_of(target) == []


def test_discarding_an_offer_keeps_the_connection_and_asks_no_more(
    linked: Connection, target: Connection, sent: Sent, admin: User
) -> None:
    sent()
    connections.remove(linked, actor=admin)
    target.refresh_from_db()
    connections.update(target, created_at=timezone.now())
    assert len(hints_of(target)) == 1
    adoption = deciding.begin(linked, target, actor=admin)
    compare(adoption)

    deciding.discard(adoption, actor=admin)

    target.refresh_from_db()
    assert target.is_usable
    assert hints_of(target) == []


def test_removing_the_new_connection_ends_the_move(
    linked: Connection, target: Connection, adoption: Adoption, admin: User
) -> None:
    connections.remove(target, actor=admin)

    adoption.refresh_from_db()
    linked.refresh_from_db()
    assert adoption.status == Status.DISCARDED
    assert linked.is_default


def test_a_move_is_asked_for_on_one_page_and_authorized_on_the_way(
    linked: Connection, clone: Running, admin: User, client_for: SignIn, sent: Sent
) -> None:
    sent()
    let_passwords_in(clone)
    connections.update(linked, name="Production", is_test=True)
    client = client_for(admin)
    asked_at = address("tickets:reprovision", linked)
    assert CLIENT_ID in client.get(asked_at).content.decode()
    form = {
        "instance": clone.url,
        "auth_type": "basic",
        "integration_user": "m365.integration",
        "password": PASSWORD,
    }

    gap = client.post(asked_at, form | {"password": ""})
    taken = client.post(asked_at, form | {"instance": linked.base_url})
    answer = client.post(asked_at, form)

    assert (gap.status_code, taken.status_code) == (422, 422)
    assert "is connected already" in taken.content.decode()
    adoption = Adoption.objects.get()
    page = reverse("tickets:adoption", args=[adoption.pk])
    assert answer.url == page
    target = adoption.target
    assert (target.replaces_id, target.name, target.is_test) == (
        linked.pk,
        "Production",
        True,
    )
    assert "Finishing the authorization" in client.get(page).content.decode()
    # Asking again leads to the move that is under way.
    assert client.get(asked_at).url == page

    tasks.authorize(target.pk)
    target.refresh_from_db()
    assert (target.is_connected, target.is_usable, target.is_default) == (
        True,
        False,
        False,
    )
    assert compare(adoption).status == Status.READY
    assert "Nothing was written yet" in client.get(page).content.decode()
    client.post(reverse("tickets:accept", args=[adoption.pk]))
    assert compare(adoption).status == Status.APPLIED
    assert "has taken the tickets over" in client.get(page).content.decode()


def test_a_new_address_that_refuses_is_said_on_the_page(
    linked: Connection, clone: Running, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    asked_at = address("tickets:reprovision", linked)
    form = {
        "instance": clone.url,
        "auth_type": "basic",
        "integration_user": "m365.integration",
        "password": "wrong",
    }
    page = client.post(asked_at, form).url
    tasks.authorize(Adoption.objects.get().target_id)

    text = html.unescape(client.get(page).content.decode())

    assert "ServiceNow refused the user name and password" in text
    assert "hx-trigger" not in text[text.index('id="adoption"') :][:200]
    assert Connection.objects.get(pk=linked.pk).is_connected


def test_a_removed_connection_leaves_history_that_is_only_read(
    linked: Connection,
    sent: Sent,
    queued: Callable[..., Delivery],
    admin: User,
    client_for: SignIn,
) -> None:
    ticket, waiting, stopped = sent(), queued(), queued()
    Delivery.objects.filter(pk=stopped.pk).update(status="stopped")
    connections.remove(linked, actor=admin)
    client = client_for(admin)

    text = client.get(ticket.get_absolute_url()).content.decode()
    assert "can only be read" in text
    assert ticket.remote_url in html.unescape(text)
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    outbox.sweep()
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    text = client.get(waiting.ticket.get_absolute_url()).content.decode()
    assert "It goes out when this instance is connected" in text
    text = client.get(stopped.ticket.get_absolute_url()).content.decode()
    assert "Try again" not in text
    client.post(reverse("tickets:retry", args=[stopped.ticket_id]))
    assert not outbox.retry(stopped, actor=admin)
    stopped.refresh_from_db()
    assert stopped.status == "stopped"
    assert ticket.name in client.get("/tickets/").content.decode()


def test_reconnecting_the_same_address_sends_and_follows_again(
    linked: Connection,
    sent: Sent,
    queued: Callable[..., Delivery],
    admin: User,
    client_for: SignIn,
    instance: Running,
) -> None:
    changed, gone, waiting = sent(), sent(), queued()
    sync.pull(linked)
    connections.remove(linked, actor=admin)
    tasks.revoke(linked.pk)
    row = {"state": "2", "sys_mod_count": "7"}
    instance.store.update(TASK, changed.sys_id, row)
    instance.store.delete(TASK, gone.sys_id)
    let_passwords_in(instance)
    form = {
        "instance": instance.url,
        "auth_type": "basic",
        "integration_user": "m365.integration",
        "password": PASSWORD,
    }
    client_for(admin).post(f"{reverse('connector:setup')}?connection=new", form)
    tasks.authorize(linked.pk)

    linked.refresh_from_db()
    assert linked.is_usable
    assert sync.due() == [linked.pk]
    outbox.deliver(waiting.pk)
    sync.pull(linked)
    SyncCursor.objects.update(due_at=timezone.now())
    sync.pull(linked)

    assert stored(instance, waiting.ticket)
    assert Ticket.objects.get(pk=changed.pk).remote_state == "2"
    assert Ticket.objects.get(pk=gone.pk).missing_since


def test_an_address_that_is_corrected_keeps_the_move(
    linked: Connection, admin: User
) -> None:
    tenant = linked.tenant
    target = ConnectionFactory(
        tenant=tenant, draft=True, is_default=False, replaces=linked
    )
    adoption = deciding.begin(linked, target, actor=admin)

    connections.configure(
        tenant,
        actor=admin,
        connection=target,
        base_url="https://right.service-now.com",
        details=connections.Details(integration_user="m365.integration"),
    )

    adoption.refresh_from_db()
    assert adoption.target.host == "right.service-now.com"
    assert adoption.target.replaces == linked
