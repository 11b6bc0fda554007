"""An instance with the app, a directory of Entra, and a repository that fits both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses

from connector.sandbox import support_app
from connector.sandbox.server import Running, serve
from tests.factories import RepositoryFactory, SupportIntegrationFactory
from tests.score.conftest import _graph_server as _graph_server
from tests.score.conftest import graph_server as graph_server
from tests.support import entra, smtp
from tests.support.calling import Instance, know_the_keys
from tests.support.entra import Directory, Loopback
from tests.support.smtp import MailServer
from tickets.support import checks
from tickets.support.guides import guide_for
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests import flow, opening, outbox
from tickets.support.service_requests.administrators import Account
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.service_requests.opening import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant

WORD = "word-of-the-rest-user"
INBOUND_SECRET = "inbound-client-secret"
# An administrator sees the registries, as nobody else does.
USER = {"user_name": "integration.user", "password": WORD, "roles": ["admin"]}
OUTBOUND = {
    "client_id": entra.OUTBOUND,
    "token_url": f"{entra.LOGIN}/oauth2/token",
}
INBOUND = {"client_id": "inbound-client", "client_secret": INBOUND_SECRET}
ROLES = {"it.agent": ["administrator"], "lee.gu": ["insights_user"]}


@pytest.fixture(scope="session")
def one_instance() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def instance(one_instance: Running, settings: SettingsWrapper) -> Iterator[Running]:
    """A fresh ServiceNow with the app on it, but nothing set up."""
    settings.SERVICENOW_SANDBOX_URL = one_instance.url
    settings.HTTP_READ_TIMEOUT = 5
    one_instance.app.control.reset()
    yield one_instance
    one_instance.faults.clear()


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    """What goes to Microsoft stays here; the instance is really called."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_passthru("http://127.0.0.1")
        yield mock


@pytest.fixture
def directory(mocked: responses.RequestsMock) -> Directory:
    """Microsoft's sign-in, as far as the portal talks to it."""
    found = Directory()
    found.answer_on(mocked)
    return found


@pytest.fixture
def loopback(directory: Directory) -> Iterator[Loopback]:
    server = Loopback(directory)
    yield server
    server.close()


@pytest.fixture
def integration(tenant: Tenant) -> SupportIntegration:
    """Settings for basic authentication, everything entered."""
    return SupportIntegrationFactory(
        tenant=tenant, outbound_secret=entra.SECRETS[entra.OUTBOUND]
    )


@pytest.fixture
def prepare(instance: Running) -> Callable[..., None]:
    """Bring the instance into the state of a finished set-up, or another one."""

    def apply(**changed: Any) -> None:
        usual = {"outbound": OUTBOUND, "inbound": INBOUND, "user": USER, "roles": ROLES}
        wanted = usual | changed
        support_app.apply(
            instance.store, {name: wish for name, wish in wanted.items() if wish}
        )

    return apply


@pytest.fixture
def repository(
    tenant: Tenant, instance: Running, integration: SupportIntegration
) -> Repository:
    """A repository of the instance, for basic authentication."""
    return RepositoryFactory(
        tenant=tenant,
        repository_id="contoso",
        endpoint=instance.url,
        client_id=INBOUND["client_id"],
        client_secret=INBOUND_SECRET,
        rest_username=USER["user_name"],
        rest_password=WORD,
    )


@pytest.fixture
def aad_repository(
    tenant: Tenant,
    instance: Running,
    integration: SupportIntegration,
    loopback: Loopback,
    prepare: Callable[..., None],
) -> Repository:
    """A repository of the instance, which trusts the directory's tokens."""
    integration.basic_auth_allowed = False
    integration.save()
    # Verified with keys over loopback; the registry that people look at is another one.
    own = {"client_id": entra.ALSO, "oidc_config_url": f"{loopback.url}/metadata"}
    prepare(
        inbound=None,
        user={**USER, "user_name": entra.REST_USER},
        oidc={**own, "provider": "provider of the tests"},
    )
    prepare(
        inbound=None,
        user=None,
        oidc={
            "client_id": entra.REST,
            "oidc_config_url": f"{entra.LOGIN}/.well-known/openid-configuration",
        },
    )
    return RepositoryFactory(
        tenant=tenant,
        repository_id="contoso",
        endpoint=instance.url,
        auth_type="aad",
        entered_for="aad",
        client_id=entra.REST,
        client_secret="",
        refresh_token_expiry=None,
        rest_username=entra.REST_USER,
        rest_password=entra.SECRETS[entra.REST_USER],
    )


@pytest.fixture
def calling(tenant: Tenant, integration: SupportIntegration) -> Instance:
    """The app of a complete repository; the portal knows the directory's keys."""
    directory = Directory()
    know_the_keys(directory)
    return Instance(RepositoryFactory(tenant=tenant), directory)


@pytest.fixture
def examine() -> Callable[[Repository], dict[str, tuple[str, str]]]:
    """Make all checks of the repository's guide; return verdict and code of each."""

    def run(repository: Repository) -> dict[str, tuple[str, str]]:
        integration = SupportIntegration.objects.of(repository.tenant)
        assert integration.setup
        checks.run(repository, guide_for(integration.setup).checks)
        return {
            row.check_id: (row.verdict, row.code) for row in repository.checks.all()
        }

    return run


@dataclass
class Incident:
    """A record on the instance, and what is written into it."""

    instance: Running
    sys_id: str
    number: str

    def row(self) -> dict[str, str]:
        sql = "SELECT * FROM task WHERE sys_id = ?"
        [found] = self.instance.store.execute(sql, [self.sys_id])
        return dict(found)

    def notes(self) -> list[str]:
        """Return the work notes, the oldest first."""
        sql = (
            "SELECT value FROM sys_journal_field WHERE element_id = ?"
            " AND element = 'work_notes' ORDER BY rowid"
        )
        rows = self.instance.store.execute(sql, [self.sys_id])
        return [row["value"] for row in rows]


@pytest.fixture
def incident(instance: Running, prepare: Callable[..., None]) -> Incident:
    """An incident that an agent works on."""
    prepare(user={**USER, "roles": ["itil"]})
    answer = requests.post(
        f"{instance.url}/api/now/table/incident",
        json={"short_description": "Mail is late"},
        auth=(USER["user_name"], WORD),
        timeout=5,
    )
    result = answer.json()["result"]
    return Incident(instance, result["sys_id"], result["number"])


@pytest.fixture
def mail_server(settings: SettingsWrapper) -> Iterator[MailServer]:
    """A mail server that the portal sends by."""
    server = MailServer()
    for name, value in smtp.settings_of(server).items():
        setattr(settings, name, value)
    yield server
    server.close()


@pytest.fixture
def open_request(
    tenant: Tenant, integration: SupportIntegration
) -> Callable[..., ServiceRequest]:
    """Open a request as an agent whose account is known, or as a person of the portal."""

    def make(by: User | None = None, **values: Any) -> ServiceRequest:
        more = {name: values.pop(name, None) for name in ("repository", "ticket")}
        usual = {
            "title": "Mail from outside is late",
            "description": "All mailboxes, since this morning.",
            "severity": "high",
            "contact_name": "Kim Lee",
            "contact_email": "kim@contoso.example",
        }
        case, _is_new = opening.open_once(
            tenant,
            Wish(**{**usual, **values}),
            by=flow.person(by) if by else flow.agent("it.agent"),
            account=Account("admin@contoso.example", is_admin=True),
            **more,
        )
        return case

    return make


@pytest.fixture
def request_of(
    open_request: Callable[..., ServiceRequest],
    repository: Repository,
    incident: Incident,
) -> ServiceRequest:
    """A request opened by an agent for the incident."""
    return open_request(
        repository=repository,
        incident_sys_id=incident.sys_id,
        incident_number=incident.number,
    )


def deliver_all() -> None:
    """Take everything that is due a step further, in its order."""
    for pk in list(RequestDelivery.objects.order_by("pk").values_list("pk", flat=True)):
        outbox.deliver(pk)
