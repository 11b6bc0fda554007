"""Several connections of one organisation: made, told apart, chosen, removed."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from connector import connections, tasks
from connector.choosing import address
from connector.models import AuditEvent, Connection
from connector.sandbox.server import Running, serve
from tests.connector.conftest import INSTALLATION, Walker
from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant

    SignIn = Callable[[User], Client]
    Walk = Callable[[User], Walker]

pytestmark = pytest.mark.django_db
SETUP = reverse("connector:setup")
CONFIGURATION = reverse("connector:configuration")
FORM = {
    "client_id": INSTALLATION.client_id,
    "client_secret": INSTALLATION.client_secret,
    "integration_user": INSTALLATION.user_name,
}


@pytest.fixture
def second(instance: Running, settings: SettingsWrapper) -> Iterator[Running]:
    """One more instance, with tokens of its own."""
    with serve(INSTALLATION) as running:
        settings.SERVICENOW_SANDBOX_URL = f"{instance.url},{running.url}"
        yield running


@pytest.fixture
def production(tenant: Tenant) -> Connection:
    return ConnectionFactory(tenant=tenant, name="Production")


@pytest.fixture
def trial(tenant: Tenant, production: Connection) -> Connection:
    return ConnectionFactory(
        tenant=tenant, name="Trial", is_default=False, is_test=True
    )


def _text(client: Client, where: str) -> str:
    return html.unescape(client.get(where).content.decode())


def test_a_second_connection_goes_its_own_way_to_its_own_instance(
    walk: Walk, admin: User, second: Running
) -> None:
    walker = walk(admin)
    first = walker.connect()
    new = f"{SETUP}?connection=new"
    assert f'value="{first.client_id}"' not in _text(walker.client, new)
    form = FORM | {"instance": second.url, "name": "Trial", "is_test": "on"}

    leaving = walker.client.post(new, form).context["address"]
    assert leaving.startswith(second.url)
    other = Connection.objects.get(base_url=second.url)
    page = walker.come_back(walker.consent(leaving))
    tasks.authorize(other.pk)

    assert page.redirect_chain == [(address("connector:setup", other), 302)]
    other.refresh_from_db()
    first.refresh_from_db()
    rows = second.store.execute("SELECT token FROM _token")
    assert other.access_token in {row["token"] for row in rows}
    assert (other.is_connected, other.is_default, other.is_test) == (True, False, True)
    assert (first.is_connected, first.is_default) == (True, True)
    assert first.access_token != other.access_token


def test_a_denied_consent_ends_on_the_page_of_its_connection(
    walk: Walk, admin: User, second: Running
) -> None:
    walker = walk(admin)
    walker.connect()
    form = FORM | {"instance": second.url}
    leaving = walker.client.post(f"{SETUP}?connection=new", form).context["address"]

    page = walker.come_back(walker.consent(leaving, answer="deny"))

    other = Connection.objects.get(base_url=second.url)
    assert page.redirect_chain == [(address("connector:setup", other), 302)]
    assert second.url.partition("://")[2] in page.content.decode()


def test_a_consent_for_a_connection_that_was_removed_meanwhile_is_no_use(
    walk: Walk, admin: User, second: Running
) -> None:
    walker = walk(admin)
    walker.connect()
    form = FORM | {"instance": second.url}
    leaving = walker.client.post(f"{SETUP}?connection=new", form).context["address"]
    location = walker.consent(leaving)
    other = Connection.objects.get(base_url=second.url)
    connections.remove(other, actor=admin)

    assert walker.come_back(location).status_code == 404
    other.refresh_from_db()
    assert (other.status, other.pending_code) == (Connection.Status.REMOVED, None)


def test_the_session_names_no_connection_of_another_organisation(
    walk: Walk, admin: User, other_tenant: Tenant
) -> None:
    walker = walk(admin)
    location = walker.consent(walker.set_up().context["address"])
    foreign = ConnectionFactory(tenant=other_tenant, draft=True)
    session = walker.client.session
    session["connection"] = str(foreign.pk)
    session.save()

    assert walker.come_back(location).status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == Connection.Status.DRAFT


def test_an_instance_is_connected_once(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    form = FORM | {"instance": production.host}
    answer = client_for(admin).post(f"{SETUP}?connection=new", form)

    assert answer.status_code == 422
    text = html.unescape(answer.content.decode())
    assert f"{production.host} is connected already." in text
    assert 'value="client-of-the-portal"' in text
    assert Connection.objects.count() == 1


def test_back_and_authorize_again_takes_the_draft_up_again(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    client = client_for(admin)
    form = FORM | {"instance": "acme", "name": "Acme"}
    client.post(f"{SETUP}?connection=new", form)
    client.post(f"{SETUP}?connection=new", form | {"name": "Acme 2"})

    draft = Connection.objects.exclude(pk=production.pk).get()
    assert (draft.name, draft.is_default) == ("Acme 2", False)
    # Another address in the same form replaces the draft.
    client.post(f"{SETUP}?connection={draft.pk}", form | {"instance": "other"})
    hosts = set(Connection.objects.values_list("base_url", flat=True))
    assert hosts == {production.base_url, "https://other.service-now.com"}


def test_one_connection_has_a_page_and_several_have_a_list(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    client = client_for(admin)
    assert "Name and use" in _text(client, CONFIGURATION)

    trial = ConnectionFactory(
        tenant=production.tenant, name="Trial", is_default=False, is_test=True
    )
    text = _text(client, CONFIGURATION)

    assert "Name and use" not in text
    for words in ("Production", "Trial", production.host, trial.host, "TEST"):
        assert words in text
    first, second = re.findall(r'<section class="card".*?</section>', text, re.DOTALL)
    assert "Default" in first
    assert "Make default" not in first
    assert "Make default" in second
    single = _text(client, address("connector:configuration", trial))
    assert "Name and use" in single
    assert f'name="connection" value="{trial.pk}"' in single


def test_every_form_of_a_connections_pages_names_it(
    admin: User, client_for: SignIn, trial: Connection
) -> None:
    client = client_for(admin)
    for name in ("setup", "configuration", "provisioning", "remove"):
        text = _text(client, address(f"connector:{name}", trial))
        forms = re.findall(
            r'<form[^>]*action="/(?:servicenow|ticketProv).*?</form>', text, re.DOTALL
        )
        assert forms, name
        for form in forms:
            named = (f'name="connection" value="{trial.pk}"', f"connection={trial.pk}")
            assert any(words in form for words in named), (name, form)
    status = _text(client, address("connector:setup_status", trial))
    assert trial.host in status


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "connector:setup"),
        ("post", "connector:setup"),
        ("get", "connector:setup_status"),
        ("post", "connector:authorize"),
        ("get", "connector:configuration"),
        ("post", "connector:check"),
        ("get", "connector:provisioning"),
        ("post", "connector:provisioning"),
        ("get", "connector:remove"),
        ("post", "connector:remove"),
        ("post", "connector:relabel"),
        ("post", "connector:make_default"),
        ("get", "tickets:reprovision"),
        ("post", "tickets:reprovision"),
        ("post", "tickets:take_over"),
    ],
)
def test_connections_of_another_organisation_do_not_exist(
    method: str, name: str, outsider: User, client_for: SignIn, production: Connection
) -> None:
    ConnectionFactory(tenant=outsider.tenants.get())
    before = Connection.objects.values().get(pk=production.pk)
    client = client_for(outsider)

    for wanted in (str(production.pk), "new-ish", "٣", 5000 * "9"):
        where = f"{reverse(name)}?connection={wanted}"
        assert getattr(client, method)(where).status_code == 404
    assert Connection.objects.values().get(pk=production.pk) == before


def test_another_one_becomes_the_default(
    admin: User, client_for: SignIn, production: Connection, trial: Connection
) -> None:
    client = client_for(admin)
    client.post(reverse("connector:make_default"), {"connection": trial.pk})

    assert Connection.objects.get(is_default=True) == trial
    event = AuditEvent.objects.get(action="connection.made_default")
    assert (event.actor, event.target) == (admin, trial.host)


def test_what_was_never_authorized_is_no_default(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    draft = ConnectionFactory(tenant=production.tenant, draft=True, is_default=False)
    answer = client_for(admin).post(
        reverse("connector:make_default"), {"connection": draft.pk}, follow=True
    )

    assert "first; then it can be the default" in answer.content.decode()
    assert Connection.objects.get(is_default=True) == production


def test_an_authorized_connection_is_the_default_before_a_draft(
    walk: Walk, admin: User, tenant: Tenant
) -> None:
    draft = ConnectionFactory(tenant=tenant, draft=True)
    walker = walk(admin)
    form = FORM | {"instance": walker.instance.url}
    leaving = walker.client.post(f"{SETUP}?connection=new", form).context["address"]
    walker.come_back(walker.consent(leaving))
    connection = Connection.objects.exclude(pk=draft.pk).get()
    tasks.authorize(connection.pk)

    assert Connection.objects.get(is_default=True) == connection


def test_name_and_use_are_changed_without_a_new_authorization(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    client = client_for(admin)
    where = f"{reverse('connector:relabel')}?connection={production.pk}"
    client.post(where, {"name": " Live ", "is_test": "on"})

    production.refresh_from_db()
    assert (production.name, production.is_test) == ("Live", True)
    assert production.is_connected
    event = AuditEvent.objects.get(action="connection.relabelled")
    assert event.facts == {"name": "Live", "is_test": True}

    refused = client.post(where, {"name": "x" * 61})
    assert refused.status_code == 422
    assert "x" * 61 in refused.content.decode()


def test_a_check_is_of_the_connection_it_was_asked_for(
    admin: User, client_for: SignIn, trial: Connection
) -> None:
    answer = client_for(admin).post(
        reverse("connector:check"), {"connection": trial.pk, "page": "provisioning"}
    )

    assert answer.url.startswith(address("connector:provisioning", trial))
    event = AuditEvent.objects.get(action="connection.check_requested")
    assert event.target == trial.host


def test_without_the_default_the_oldest_authorized_one_takes_its_place(
    admin: User, client_for: SignIn, production: Connection, trial: Connection
) -> None:
    tenant = production.tenant
    ConnectionFactory(tenant=tenant, draft=True, is_default=False)
    old = ConnectionFactory(tenant=tenant, is_default=False, broken=True)
    Connection.objects.filter(pk=old.pk).update(
        created_at=timezone.now() - timedelta(days=9)
    )
    ConnectionFactory(tenant=tenant, is_default=False, replaces=trial)

    answer = client_for(admin).post(
        reverse("connector:remove"),
        {"connection": production.pk, "confirmation": production.host},
        follow=True,
    )

    assert Connection.objects.get(is_default=True) == old
    assert f"{old} is the default now." in html.unescape(answer.content.decode())
    assert AuditEvent.objects.filter(
        action="connection.made_default", target=old.host
    ).exists()


def test_removing_another_one_leaves_the_default(
    admin: User, production: Connection, trial: Connection
) -> None:
    assert connections.remove(trial, actor=admin) is None
    assert Connection.objects.get(is_default=True) == production


def test_every_broken_or_ending_connection_is_spoken_of(
    admin: User, client_for: SignIn, production: Connection, tenant: Tenant
) -> None:
    def make(**values: Any) -> Connection:
        return ConnectionFactory(tenant=tenant, is_default=False, **values)

    now = timezone.now()
    broken = [make(broken=True), make(broken=True)]
    late = make(refresh_token_expires_at=now + timedelta(days=20, hours=1))
    soon = make(refresh_token_expires_at=now + timedelta(days=2, hours=1))

    text = _text(client_for(admin), "/audit/")

    for one in broken:
        assert f"ServiceNow ({one.host}) needs attention" in text
        assert f"/ticketProvisioning?connection={one.pk}" in text
    assert text.index(f"({soon.host}) ends in 2") < text.index(f"({late.host}) ends")
    forms = re.findall(r'action="/servicenow/authorize/".*?</form>', text, re.DOTALL)
    named = [re.findall(r'name="connection" value="(\d+)"', form) for form in forms]
    assert named == [[str(soon.pk)], [str(late.pk)]]
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_error_of_one_is_shown_though_another_is_broken(
    admin: User, client_for: SignIn, production: Connection
) -> None:
    ConnectionFactory(tenant=production.tenant, is_default=False, broken=True)
    connections.update(production, last_error_code="maintenance")

    text = _text(client_for(admin), address("connector:configuration", production))

    assert "under maintenance or overloaded" in text


def test_a_helpdesk_admin_sees_no_connection_of_several(
    helpdesk: User, client_for: SignIn, production: Connection, trial: Connection
) -> None:
    text = _text(client_for(helpdesk), CONFIGURATION)

    assert "Ticket state names" in text
    assert production.host not in text
