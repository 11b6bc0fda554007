"""The set-up in steps: left at any of them, by anybody, and gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils.html import escape

from connector import connections, handover, runs, tasks
from connector.models import AuditEvent, Connection, SetupTick
from connector.wizard import ENTITY, FINISHED, MAPPED, USER, Wizard
from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.connector.asking import World

    SignIn = Callable[[User], Client]

SETUP = reverse("connector:setup")
TICK = reverse("connector:setup_tick")
FINISH = reverse("connector:setup_finish")
DETAILS = {
    "instance": "contoso",
    "auth_type": "authorization_code",
    "client_id": "0123456789abcdef",
    "client_secret": "kept-for-later",
    "integration_user": "m365.integration",
}


def turn(tenant: Tenant, connection: Connection | None = None) -> str:
    return Wizard(tenant, connection).turn


def tick(client: Client, item: str, connection: object = "new", **more: str) -> None:
    client.post(TICK, {"item": item, "connection": str(connection), **more})


def checked(connection: Connection, verdict: str = "ok") -> None:
    """Have the connection checked, with this worst answer."""
    answer = {"id": "incident", "verdict": verdict, "code": "readable"}
    connections.update(connection, probes=[answer], checked_at=connection.authorized_at)


def test_the_first_step_is_to_prepare(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    assert turn(tenant) == "prepare"
    client = client_for(admin)
    tick(client, ENTITY)
    assert turn(tenant) == "prepare"
    tick(client, USER)
    assert turn(tenant) == "enter"
    tick(client, USER, undo="1")
    assert turn(tenant) == "prepare"


def test_details_can_be_saved_and_authorized_later_by_somebody_else(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    tick(client, ENTITY)
    answer = client.post(f"{SETUP}?connection=new", {**DETAILS, "intent": "save"})

    connection = Connection.objects.get()
    assert answer.url == f"{SETUP}?connection={connection.pk}"
    assert connection.status == Connection.Status.DRAFT
    assert turn(tenant, connection) == "authorize"
    # What was ticked before there was a connection belongs to it now.
    assert [one.item for one in connection.setup_ticks.all()] == [ENTITY]
    page = client.get(answer.url).content.decode()
    assert "kept-for-later" not in page
    assert f'action="{reverse("connector:authorize")}"' in page


def test_a_working_connection_is_checked_mapped_and_finished(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant, cards_enabled=False)
    client = client_for(admin)
    assert turn(tenant, connection) == "check"
    checked(connection, "failed")
    assert turn(tenant, connection) == "check"
    checked(connection)
    assert turn(tenant, connection) == "map"
    tick(client, MAPPED, connection.pk)
    assert turn(tenant, connection) == "finish"

    client.post(FINISH, {"connection": connection.pk})
    connection.refresh_from_db()
    assert connection.cards_enabled
    assert Wizard(tenant, connection).is_finished


def test_it_is_not_finished_before_its_turn(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant, cards_enabled=False)
    client = client_for(admin)
    client.post(FINISH, {"connection": connection.pk})
    tick(client, FINISHED, connection.pk)

    connection.refresh_from_db()
    assert not connection.cards_enabled
    assert not SetupTick.objects.exists()


def test_the_check_names_what_is_in_the_way(
    world: World, admin: User, client_for: SignIn
) -> None:
    world.roles("snc_platform_rest_api_access")
    tasks.examine(runs.begin(world.connection).pk)
    world.connection.refresh_from_db()
    page = client_for(admin).get(f"{SETUP}?step=check").content.decode()

    wizard = Wizard(world.connection.tenant, world.connection)
    assert wizard.turn == "check"
    assert "Something is in the way" in page
    assert escape(wizard.troubles[0].question) in page
    assert wizard.troubles[0].verdict == "failed"


@pytest.mark.parametrize("step", ["authorize", "check", "map", "finish", "nonsense"])
def test_a_step_whose_turn_has_not_come_is_not_shown(
    step: str, admin: User, client_for: SignIn
) -> None:
    page = client_for(admin).get(f"{SETUP}?step={step}").content.decode()
    assert "Installation checklist" in page


def test_two_people_tick_the_same_and_the_first_name_stays(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    tick(client, ENTITY)
    SetupTick.objects.update(done_by_name="somebody.else")
    tick(client, ENTITY)

    assert SetupTick.objects.get().done_by_name == "somebody.else"
    assert "Done, says somebody.else" in client.get(SETUP).content.decode()
    assert AuditEvent.objects.filter(action="setup.ticked").count() == 1


def test_a_second_connection_has_steps_of_its_own(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    first = ConnectionFactory(tenant=tenant)
    client = client_for(admin)
    tick(client, ENTITY)

    values = {"instance": first.host, "integration_user": "m365.integration"}
    more = {"client_id": first.client_id, "connection": first.pk, "intent": "save"}
    assert client.post(SETUP, {**values, **more}).status_code == 302
    assert not first.setup_ticks.exists()
    assert Wizard(tenant, None).ticks.keys() == {ENTITY}
    page = client.get(f"{SETUP}?connection=new").content.decode()
    assert "Done, says security.admin" in page


def test_another_organisation_ticks_nothing_here(
    tenant: Tenant, outsider: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    tick(client_for(outsider), MAPPED, connection.pk)
    assert not connection.setup_ticks.exists()


def test_a_draft_at_another_address_keeps_what_hangs_on_it_and_no_secret(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    draft = ConnectionFactory(tenant=tenant, draft=True, client_secret="of-the-first")
    client = client_for(admin)
    tick(client, ENTITY, draft.pk)
    handover.create(draft, actor=admin, days=3)
    values = {"instance": "another", "integration_user": "m365.integration"}
    form = {**values, "client_id": "id", "connection": draft.pk, "intent": "save"}
    assert client.post(SETUP, form).status_code == 422
    assert client.post(SETUP, {**form, "client_secret": "new"}).status_code == 302

    draft.refresh_from_db()
    assert draft.base_url == "https://another.service-now.com"
    assert draft.client_secret == "new"
    assert draft.setup_ticks.get().item == ENTITY
    assert not draft.hand_overs.get().is_open
