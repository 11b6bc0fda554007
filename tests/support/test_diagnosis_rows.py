"""All sixteen situations over the wire: the tab of an instance calls the connector API."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models.signals import pre_save
from django.utils import timezone

from connector import signing_keys
from connector.sandbox import people, support_app
from connector.sandbox.controls import TENANT_ID
from connector.sandbox.entra_directory import Application
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer
from tests.factories import RepositoryFactory, SupportUserFactory
from tests.sandbox.support_world import OUTBOUND, PROFILE, signed_in
from tests.support.conftest import INBOUND, USER
from tickets.support import tasks
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis import runs
from tickets.support.diagnosis.diagnosis import Diagnosis
from tickets.support.diagnosis.situations import (
    APP_SUPPORT,
    FINAL_STEP,
    NOT_SAVED,
    SETUP_STEPS,
)
from tickets.support.guides import guide_for
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.solutions.models import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Browser

pytestmark = pytest.mark.django_db(transaction=True)
TAB = "/x_mioms_m365_assis_incident.do"
SECRET = "secret-of-the-outbound-application"
CASE = {
    "act": "open",
    "id": "0b0f6f30-58f5-4a52-8f52-5f3f0d1c8d11",
    "title": "Mail is lost",
    "description": "Since noon.",
    "severity": "high",
    "name": "Kim",
    "email": "kim@contoso.example",
    "phone": "",
}


@dataclass
class World:
    """A portal and an instance that are set up for each other, and an agent."""

    instance: Running
    repository: Repository
    integration: SupportIntegration
    settings: Any
    actor: User
    agent: Browser
    sys_id: str
    faults: list[Any] = field(default_factory=list)

    def app(self, **wishes: Any) -> None:
        support_app.apply(self.instance.store, {"app": wishes})

    def properties(self, **changed: str) -> None:
        usual = {
            "connector_url": Diagnosis(self.repository).known.base_url,
            "oauth_profile": PROFILE,
            "repository_id": self.repository.repository_id,
            "setup_state": "complete",
        }
        self.app(properties=usual | changed)

    def entra(self, **claims: Any) -> None:
        """Have the directory say something else in its tokens from now on."""
        self.instance.app.entra.directory.claims = claims
        self.instance.store.keep_note("support:token", "")

    def open(self, more: str = "") -> list[str]:
        """Open the tab of the incident and return the messages on top of it."""
        return self._messages(self.agent.get(f"{TAB}?sys_id={self.sys_id}{more}"))

    def has_tab(self, view: str = "") -> bool:
        path = f"/incident.do?sys_id={self.sys_id}&sysparm_view={view}"
        return TAB in self.agent.get(path).text

    def send(self, **form: str) -> list[str]:
        self.open("&show=contact")
        url = f"{TAB}?sys_id={self.sys_id}"
        return self._messages(self.agent.post(url, **CASE, **form))

    @staticmethod
    def _messages(answer: Any) -> list[str]:
        found = re.findall(r'<p class="problem" role="alert">(.*?)</p>', answer.text)
        return [unescape(one) for one in found]

    def diagnose(self) -> Diagnosis:
        """Have the instance looked at, and return the verdicts."""
        run = runs.begin(self.repository, actor=self.actor)
        assert run
        setup = SupportIntegration.objects.of(self.repository.tenant).setup
        runs.carry_out(run, guide_for(setup).checks if setup else ())
        return Diagnosis(self.repository)


@pytest.fixture
def world(
    live_server: LiveServer,
    instance: Running,
    integration: SupportIntegration,
    settings: SettingsWrapper,
    support: User,
) -> Iterator[World]:
    settings.SITE_URL = live_server.url
    settings.ENTRA_AUTHORITY = f"{instance.url}/entra"
    instance.app.entra.directory.register(Application(OUTBOUND, SECRET, "outbound"))
    instance.app.entra.directory.reset()
    integration.outbound_secret = SECRET
    integration.directory_id = TENANT_ID
    integration.save()
    repository = _repository(instance, integration)
    signing_keys.fetch(signing_keys.of(TENANT_ID))
    _prepare(instance)
    agent = signed_in(instance, "it.agent")
    found = World(
        instance,
        repository,
        integration,
        settings,
        support,
        agent,
        _incident(instance),
    )
    found.properties()
    yield found
    agent.close()


def _repository(instance: Running, integration: SupportIntegration) -> Repository:
    return RepositoryFactory(
        tenant=integration.tenant,
        repository_id="contoso",
        endpoint=instance.url,
        client_id=INBOUND["client_id"],
        client_secret=INBOUND["client_secret"],
        rest_username=USER["user_name"],
        rest_password=USER["password"],
    )


def _prepare(instance: Running) -> None:
    outbound = {
        "client_id": OUTBOUND,
        "client_secret": SECRET,
        "token_url": f"{instance.url}/entra/{TENANT_ID}/oauth2/token",
    }
    support_app.apply(
        instance.store,
        {
            "app": {"installed": True, "accounts": {"it.agent": ""}},
            "outbound": outbound,
            "inbound": INBOUND,
            "user": USER,
            "roles": {"it.agent": ["administrator"], "lee.gu": ["insights_user"]},
        },
    )
    instance.store.keep_note("support:token", "")


def _incident(instance: Running) -> str:
    row = instance.store.first("sys_user", user_name="it.agent")
    user = people.load(instance.store, row["sys_id"]) if row else None
    assert user is not None
    values = {"short_description": "Mail is lost", "impact": "1", "urgency": "2"}
    return str(
        Writer(instance.store, user).insert(TABLES["incident"], values)["sys_id"]
    )


@contextmanager
def _disk_full(model: type) -> Iterator[None]:
    """Have saving a model fail as a full disk makes it."""

    def fail(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    pre_save.connect(fail, sender=model)
    yield
    pre_save.disconnect(fail, sender=model)


def row_of(found: Diagnosis, number: int) -> tuple[str, set[str]]:
    row = found.rows[number - 1]
    return row.verdict, {one.id for one in row.causes}


def present(found: Diagnosis) -> set[str]:
    return {one.id for one in found.present}


def test_all_is_well_and_nothing_is_present(world: World) -> None:
    assert world.has_tab()
    assert world.open() == []
    assert world.open("&show=solutions") == []
    found = world.diagnose()
    assert present(found) == set()
    assert {row.verdict for row in found.rows} == {"absent"}


# Row 1: what the app is made of, the view of the form, the cause.
@pytest.mark.parametrize(
    ("app", "view", "cause"),
    [
        ({"ui_action": "missing"}, "", "ui_action_missing"),
        ({"ui_action": "inactive"}, "", "ui_action_inactive"),
        ({"script_include": "missing"}, "", "script_include_missing"),
        ({"script_include": "inactive"}, "", "script_include_inactive"),
        ({"excluded_views": ["ess"]}, "ess", "view_excluded"),
        ({"included_views": ["ess"]}, "", "view_excluded"),
    ],
)
def test_row_1(app: dict[str, Any], view: str, cause: str, world: World) -> None:
    world.app(**app)
    assert not world.has_tab(view)
    found = world.diagnose()
    assert present(found) == {cause}
    assert row_of(found, 1) == ("expected", {cause})


def test_row_1_when_the_app_is_not_there(world: World) -> None:
    world.app(installed=False)
    assert not world.has_tab()
    found = world.diagnose()
    assert "app_not_installed" in present(found)
    assert row_of(found, 1) == ("expected", {"app_not_installed"})


def test_row_1_when_nobody_has_a_role(world: World) -> None:
    roles = {"it.agent": [], "lee.gu": []}
    support_app.apply(world.instance.store, {"roles": roles})
    assert not world.has_tab()
    found = world.diagnose()
    assert present(found) == {"nobody_has_role"}
    assert row_of(found, 1) == ("expected", {"nobody_has_role"})


SELECTIONS = {2: "&show=solutions", 4: "&search=mail", 6: "&show=contact"}


@pytest.mark.parametrize(
    ("number", "changed", "cause"),
    [
        (2, {"connector_url": ""}, "connector_url_missing"),
        (4, {"oauth_profile": ""}, "oauth_profile_unset"),
        (6, {"setup_state": ""}, "consent_missing"),
    ],
)
def test_rows_2_4_and_6(
    number: int, changed: dict[str, str], cause: str, world: World
) -> None:
    world.properties(**changed)
    assert world.open(SELECTIONS[number]) == [SETUP_STEPS]
    found = world.diagnose()
    assert present(found) == {cause}
    for one in (2, 4, 6):
        assert row_of(found, one) == ("expected", {cause})
    for one in (3, 5, 7):
        assert row_of(found, one)[1] == set()


@pytest.mark.parametrize("number", [3, 5, 7])
def test_rows_3_5_and_7_on_the_instance(number: int, world: World) -> None:
    world.properties(setup_state="agreed")
    assert world.open(SELECTIONS[number - 1]) == [FINAL_STEP]
    found = world.diagnose()
    assert present(found) == {"completion_missing"}
    assert row_of(found, number) == ("expected", {"completion_missing"})
    assert row_of(found, number - 1)[1] == set()


@pytest.mark.parametrize("number", [3, 5, 7])
def test_rows_3_5_and_7_in_the_portal(number: int, world: World) -> None:
    """The app is complete, the portal is not: it says so when it is called."""
    SupportIntegration.objects.update(outbound_app_id="")
    assert world.open(SELECTIONS[number - 1]) == [FINAL_STEP]
    found = world.diagnose()
    assert present(found) == {"outbound_app_missing"}
    assert row_of(found, number) == ("happens", {"outbound_app_missing"})
    others = {3, 5, 7} - {number}
    assert {row_of(found, one)[0] for one in others} == {"expected"}


def test_row_8(world: World) -> None:
    [message] = world.send()
    assert "is not a valid Microsoft 365 admin account" in message
    found = world.diagnose()
    assert present(found) == {"account_not_linked"}
    assert row_of(found, 8) == ("happens", {"account_not_linked"})
    seen = found.rows[7].seen
    assert seen
    assert seen.by == ("it.agent",)
    SupportUserFactory._meta.model.objects.update_or_create(
        repository=world.repository,
        user_name="it.agent",
        defaults={"linked_email": "a@contoso.example", "linked_at": timezone.now()},
    )
    assert present(Diagnosis(world.repository)) == set()
    assert world.send() == []


PAST, FUTURE = 1_000_000_000, 9_000_000_000
# What the directory says in its tokens, and the code it is refused with.
CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"exp": PAST}, "token_expired"),
    ({"nbf": FUTURE}, "token_not_yet_valid"),
    ({"iss": "https://sts.windows.net/other/"}, "token_issuer"),
    ({"aud": "00000002-0000-0000-c000-000000000000"}, "token_audience"),
    ({"tid": "11111111-2222-3333-4444-555555555555"}, "token_tenant"),
    ({"appid": "11111111-2222-3333-4444-555555555555"}, "token_application"),
    ({"scp": "user_impersonation"}, "token_not_application"),
]


@pytest.mark.parametrize(("claims", "code"), CLAIMS)
def test_row_9_tells_one_wrong_token_from_another(
    claims: dict[str, Any], code: str, world: World
) -> None:
    world.entra(**claims)
    assert world.open("&show=solutions") == []
    found = world.diagnose()
    assert present(found) == {code}
    assert row_of(found, 9) == ("happens", {code})
    assert row_of(found, 11) == ("expected", {code})


@pytest.mark.parametrize(
    ("number", "more"),
    [(9, "&show=solutions"), (11, "&search=mail"), (13, "&show=contact"), (14, "")],
)
def test_rows_9_11_13_and_14_are_told_apart_by_what_the_agent_did(
    number: int, more: str, world: World
) -> None:
    world.entra(aud="another")
    assert world.open(more) == []
    found = world.diagnose()
    seen = {row.situation.number for row in found.rows if row.seen}
    # The tab asks for service requests as well, whatever is selected there, and for
    # what was shown before unless something new is looked for.
    also = {9: {15}, 11: {15}, 13: {14}, 14: {15}}
    assert seen == {number} | also[number]


def test_row_9_when_the_secret_of_the_application_has_expired(world: World) -> None:
    directory = world.instance.app.entra.directory
    directory.register(Application(OUTBOUND, SECRET, "outbound", has_expired=True))
    assert world.open("&show=solutions") == []
    found = world.diagnose()
    assert present(found) == {"entra_refuses"}
    assert row_of(found, 9) == ("expected", {"entra_refuses"})
    words = [line.words for line in found.present[0].evidence]
    assert any("AADSTS7000222" in one for one in words)


def test_row_9_when_the_portal_cannot_be_reached(world: World) -> None:
    world.settings.SITE_URL = "http://127.0.0.1:9"
    world.properties()
    assert world.open("&show=solutions") == []
    found = world.diagnose()
    assert present(found) == {"portal_unreachable"}
    assert row_of(found, 9) == ("expected", {"portal_unreachable"})


def test_row_9_when_something_else_answers_in_the_portals_place(world: World) -> None:
    # The instance itself stands for a proxy that answers everything with a page.
    world.settings.SITE_URL = world.instance.url
    world.properties()
    world.open("&show=solutions")
    found = world.diagnose()
    assert present(found) == {"intercepted"}
    assert row_of(found, 9) == ("expected", {"intercepted"})


def test_row_9_when_the_app_has_another_address(world: World) -> None:
    world.properties(connector_url="http://127.0.0.1:9/api/support/v1/repositories/x")
    assert world.open("&show=solutions") == []
    found = world.diagnose()
    assert present(found) == {"address_wrong"}


def test_row_9_when_the_directory_changed_its_keys(world: World) -> None:
    world.instance.app.entra.directory.roll_over(forget=True)
    world.entra()
    assert world.open("&show=solutions") == []
    assert present(world.diagnose()) <= {"signing_keys_pending", "token_signature"}
    assert row_of(Diagnosis(world.repository), 9)[0] == "happens"


@pytest.mark.parametrize(
    ("number", "more"), [(10, "&show=solutions"), (12, "&search=m")]
)
def test_rows_10_and_12_when_the_portal_fails(
    number: int, more: str, world: World
) -> None:
    with _disk_full(Search):
        assert world.open(more) == [APP_SUPPORT]
    found = world.diagnose()
    assert present(found) == {"unexpected_error"}
    assert row_of(found, number) == ("happens", {"unexpected_error"})
    other = 22 - number
    assert row_of(found, other)[0] != "happens"
    assert row_of(found, number - 1)[1] == set()


def test_rows_10_and_12_when_there_are_too_many_calls(world: World) -> None:
    world.settings.CONNECTOR_CALLS_PER_MINUTE = 1
    world.open("&show=solutions")
    assert world.open("&search=mail") == [APP_SUPPORT]
    found = world.diagnose()
    assert present(found) == {"rate_limited"}
    # Which of the calls was refused first is chance: the log keeps that one only.
    for number in (10, 12):
        assert row_of(found, number)[1] == {"rate_limited"}


def test_row_14_when_the_instance_is_a_clone(world: World) -> None:
    """What was shown belongs to the original, which the clone calls in the name of."""
    world.open("&show=solutions")
    original, world.repository = (
        world.repository,
        RepositoryFactory(
            tenant=world.repository.tenant,
            repository_id="clone",
            endpoint=f"{world.instance.url}/",
            rest_username=USER["user_name"],
            rest_password=USER["password"],
        ),
    )
    Repository.objects.filter(pk=original.pk).update(endpoint="https://a.example")
    Repository.objects.filter(pk=world.repository.pk).update(
        endpoint=world.instance.url
    )
    world.repository.refresh_from_db()
    found = world.diagnose()
    assert present(found) == {"other_repository"}
    assert row_of(found, 14) == ("expected", {"other_repository"})
    assert row_of(found, 15) == ("expected", {"other_repository"})


def _link(world: World) -> None:
    SupportUserFactory(
        repository=world.repository,
        user_name="it.agent",
        linked_email="a@contoso.example",
        linked_at=timezone.now(),
    )


def test_row_15_when_the_role_was_taken_away(world: World) -> None:
    _link(world)
    assert world.send() == []
    assert ServiceRequest.objects.count() == 1
    world.entra(aud="another")
    page = world.agent.get(f"{TAB}?sys_id={world.sys_id}").text
    assert "Mail is lost" not in page.partition("Microsoft service requests")[2]
    found = world.diagnose()
    assert row_of(found, 15) == ("happens", {"token_audience"})


def test_row_16_when_the_portal_cannot_save(world: World) -> None:
    _link(world)
    with _disk_full(ServiceRequest):
        assert world.send() == [NOT_SAVED]
    found = world.diagnose()
    assert present(found) == {"save_failed"}
    assert row_of(found, 16) == ("happens", {"save_failed"})
    assert world.send() == []
    assert "save_failed" not in present(world.diagnose())


def test_row_16_when_the_instance_refuses_the_note(world: World) -> None:
    _link(world)
    assert world.send() == []
    support_app.apply(world.instance.store, {"user": {**USER, "roles": ["itil"]}})
    world.instance.faults.add("acl", table="incident", method="PATCH")
    delivery = RequestDelivery.objects.get(channel="note")
    tasks.deliver_request(delivery.pk)
    found = world.diagnose()
    assert "write_refused" in present(found)
    assert row_of(found, 16) == ("expected", {"write_refused"})
    words = " ".join(line.words for line in found.findings["write_refused"].evidence)
    assert "ACL" in words


def test_what_the_portal_wrote_into_the_log_is_no_call_of_the_app(world: World) -> None:
    world.diagnose()
    assert not ConnectorCall.objects.filter(direction="inbound").exists()
    assert present(Diagnosis(world.repository)) == set()


def test_an_ordinary_integration_user_sees_little_and_nothing_is_made_up(
    world: World,
) -> None:
    support_app.apply(world.instance.store, {"user": {**USER, "roles": ["itil"]}})
    world.properties(setup_state="agreed")
    world.app(ui_action="missing")
    found = world.diagnose()
    assert present(found) <= {"nobody_has_role"}
    for cause in ("completion_missing", "ui_action_missing", "connector_url_missing"):
        assert found.findings[cause].verdict == "unknown"
        assert "may not see" in found.findings[cause].evidence[0].text


def test_with_insights_only_the_instance_is_left_alone(world: World) -> None:
    SupportIntegration.objects.update(basic_auth_allowed=False, single_tenant=False)
    Repository.objects.update(entered_for="insights")
    world.repository.refresh_from_db()
    before = world.instance.app.api.requests["table"]
    found = world.diagnose()
    assert world.instance.app.api.requests["table"] == before
    missing = found.findings["connector_url_missing"]
    assert missing.verdict == "unknown"
    assert missing.evidence[0].text.startswith("With Insights only")
    [message] = world.open("&show=contact")
    assert "not part of the set-up" in message
    found = Diagnosis(world.repository)
    assert found.findings["no_call"].verdict == "absent"
    # Nobody should have the administrator role here.
    assert present(found) == {"feature_not_included"}
    assert row_of(found, 13) == ("expected", {"feature_not_included"})


def test_an_examination_is_carried_out_once(world: World) -> None:
    found = world.diagnose()
    assert found.run
    before = dict(world.instance.app.api.requests)
    tasks.diagnose(found.run.pk, ["sign_in"])
    assert dict(world.instance.app.api.requests) == before


def test_a_repository_that_is_removed_meanwhile_does_no_harm(world: World) -> None:
    run = runs.begin(world.repository, actor=world.actor)
    assert run
    world.repository.delete()
    tasks.diagnose(run.pk, [])


def test_what_was_seen_holds_no_secret(world: World) -> None:
    world.send()
    found = world.diagnose()
    assert found.run
    kept = str(found.run.seen) + str(list(ConnectorCall.objects.values()))
    for secret in (SECRET, USER["password"], INBOUND["client_secret"]):
        assert secret not in kept
