"""The link for a ServiceNow administrator without an account: what it can, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector import connections, handover
from connector.models import AuditEvent, Connection, HandOver
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

SECRET = "the-secret-of-the-entity"
VALUES = {"client_id": "0123456789abcdef", "client_secret": SECRET}
DETAILS = {
    "instance": "contoso",
    "integration_user": "m365.integration",
    "auth_type": "authorization_code",
    "days": "3",
}


@pytest.fixture
def link(admin: User, client_for: SignIn) -> str:
    """The path of a link that was made on the page."""
    client_for(admin).post(reverse("connector:handover_new"), DETAILS)
    return path_of(HandOver.objects.get())


def path_of(link: HandOver) -> str:
    return urlsplit(handover.address(link)).path


def age(**columns: Any) -> None:
    HandOver.objects.update(**columns)


def test_a_stranger_sees_the_values_and_enters_the_credentials(link: str) -> None:
    page = Client().get(link)
    text = page.content.decode()
    assert "http://testserver/oauth/complete/servicenow/" in text
    assert "m365.integration" in text
    assert "sn_change_write" in text
    assert page["Referrer-Policy"] == "strict-origin"

    answer = Client().post(link, VALUES, follow=True)
    assert "Thank you" in answer.content.decode()
    connection = Connection.objects.get()
    assert connection.client_id == VALUES["client_id"]
    assert connection.client_secret == SECRET
    assert connection.status == Connection.Status.DRAFT
    assert not connection.pending_code


def test_what_was_entered_is_shown_nowhere(link: str) -> None:
    client = Client()
    wrong = client.post(link, {"client_id": "", "client_secret": SECRET})
    assert wrong.status_code == 422
    assert SECRET not in wrong.content.decode()
    assert SECRET not in client.post(link, VALUES, follow=True).content.decode()
    assert SECRET not in client.get(link).content.decode()


def test_it_works_once(link: str) -> None:
    Client().post(link, VALUES)
    second = Client().post(link, {**VALUES, "client_id": "another"})

    assert second.status_code == 410
    assert "It works once" in second.content.decode()
    assert Connection.objects.get().client_id == VALUES["client_id"]


def test_two_who_send_at_once_are_told_apart(link: str) -> None:
    first = handover.find(link.rstrip("/").rpartition("/")[2])
    Client().post(link, VALUES)

    with pytest.raises(handover.LinkError, match="used"):
        handover.use(first, client_id="late", client_secret="late")
    assert Connection.objects.get().client_id == VALUES["client_id"]


def test_it_expires(link: str) -> None:
    age(expires_at=timezone.now() - timedelta(seconds=1))

    assert Client().post(link, VALUES).status_code == 410
    assert Connection.objects.get().client_id == ""


@pytest.mark.parametrize("days", handover.LIFETIMES)
def test_it_lasts_as_long_as_was_chosen(
    days: int, admin: User, client_for: SignIn
) -> None:
    values = {**DETAILS, "days": str(days)}
    client_for(admin).post(reverse("connector:handover_new"), values)

    left = HandOver.objects.get().expires_at - timezone.now()
    assert timedelta(days=days) - left < timedelta(minutes=1)


def test_it_can_be_taken_back(link: str, admin: User, client_for: SignIn) -> None:
    client_for(admin).post(reverse("connector:handover_revoke"))

    page = Client().get(link)
    assert page.status_code == 410
    assert "taken back" in page.content.decode()


def test_a_new_link_replaces_the_old_one(
    link: str, admin: User, client_for: SignIn
) -> None:
    client_for(admin).post(reverse("connector:handover_new"), DETAILS)

    assert Client().get(link).status_code == 410
    assert Client().get(path_of(HandOver.objects.first())).status_code == 200
    assert Connection.objects.count() == 1


@pytest.mark.parametrize("change", ["x{}", "{}x", "{}:x"])
def test_a_link_that_was_changed_is_refused(link: str, change: str) -> None:
    head, _, token = link.rstrip("/").rpartition("/")
    assert Client().get(f"{head}/{change.format(token)}/").status_code == 410


def test_the_key_alone_opens_nothing(link: str) -> None:
    key = HandOver.objects.get().pk
    for guess in (str(key), key.hex):
        address = reverse("connector:handover", args=[guess])
        assert Client().get(address).status_code == 410


def test_a_connection_that_works_cannot_be_changed_by_it(link: str) -> None:
    connections.update(Connection.objects.get(), status=Connection.Status.CONNECTED)

    assert Client().post(link, VALUES).status_code == 410
    assert Connection.objects.get().client_id == ""


def test_it_signs_nobody_in(link: str) -> None:
    client = Client()
    client.get(link)
    client.post(link, VALUES)
    names = [
        "portal:home",
        "connector:setup",
        "connector:configuration",
        "tickets:list",
    ]
    for name in names:
        assert client.get(reverse(name)).status_code == 302


def test_it_names_nothing_but_its_own_connection(
    link: str, tenant: Tenant, admin: User
) -> None:
    factories.TicketFactory(tenant=tenant, name="A ticket nobody else may know of")
    text = Client().get(link).content.decode()

    assert "A ticket nobody" not in text
    assert admin.get_username() not in text
    assert 'href="/tickets/' not in text


def test_another_organisation_cannot_see_or_take_it_back(
    link: str, outsider: User, client_for: SignIn
) -> None:
    client = client_for(outsider)
    connection = Connection.objects.get()
    query = {"connection": str(connection.pk)}
    new, revoke = (
        reverse("connector:handover_new"),
        reverse("connector:handover_revoke"),
    )

    assert client.get(new, query).status_code == 404
    assert client.post(revoke, query).status_code == 404
    assert Client().get(link).status_code == 200


def test_an_instance_that_is_connected_is_not_handed_over(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    working = factories.ConnectionFactory(
        tenant=tenant, base_url="https://contoso.service-now.com", client_id="kept"
    )
    values = {**DETAILS, "connection": "new"}
    page = client_for(admin).post(reverse("connector:handover_new"), values)

    assert page.status_code == 422
    working.refresh_from_db()
    assert working.client_id == "kept"
    assert not HandOver.objects.exists()


def test_a_wrong_address_loses_nothing_that_was_typed(
    admin: User, client_for: SignIn
) -> None:
    values = {**DETAILS, "instance": "10.0.0.1", "integration_user": "kept.user"}
    page = client_for(admin).post(reverse("connector:handover_new"), values)

    assert page.status_code == 422
    assert "kept.user" in page.content.decode()
    assert not HandOver.objects.exists()


def test_every_step_is_in_the_audit_trail(
    link: str, admin: User, client_for: SignIn
) -> None:
    Client().get(link)
    Client().get(link)
    Client().post(link, VALUES)

    events = AuditEvent.objects.filter(action__startswith="handover.").order_by("at")
    assert [event.action for event in events] == [
        "handover.created",
        "handover.opened",
        "handover.used",
    ]
    assert SECRET not in str([event.facts for event in events])


def test_what_was_saved_of_the_connection_stays(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    draft = factories.ConnectionFactory(
        tenant=tenant,
        base_url="https://contoso.service-now.com",
        draft=True,
        name="Trial",
        is_test=True,
        client_id="saved",
    )
    client_for(admin).post(reverse("connector:handover_new"), DETAILS)

    draft.refresh_from_db()
    assert (draft.name, draft.is_test, draft.client_id) == ("Trial", True, "saved")
    assert draft.hand_overs.exists()


def test_a_link_does_not_come_back_with_its_connection(
    link: str, tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    connections.remove(Connection.objects.get(), actor=admin)
    values = {"instance": "contoso", "integration_user": "m365.integration"}
    more = {"auth_type": "client_credentials", "intent": "save", "connection": "new"}
    client_for(admin).post(reverse("connector:setup"), {**VALUES, **values, **more})

    assert Connection.objects.get().status == Connection.Status.DRAFT
    assert Client().get(link).status_code == 410


def test_an_authorization_in_the_same_moment_wins(link: str) -> None:
    found = handover.find(link.rstrip("/").rpartition("/")[2])
    Connection.objects.update(status=Connection.Status.AUTHORIZING)

    with pytest.raises(handover.LinkError, match="over"):
        handover.use(found, client_id="late", client_secret="late")
    assert Connection.objects.get().client_id == ""
