"""Service requests over the connector API, as the app on an instance uses them."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import RepositoryFactory, ServiceRequestFactory
from tests.support.conftest import INBOUND_SECRET, deliver_all
from tickets.support import accounts
from tickets.support.api import endpoints as registry
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import flow, references, schema
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.service_requests.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from tests.support.calling import Instance
    from tests.support.conftest import Incident
    from tests.support.smtp import MailServer

pytestmark = pytest.mark.django_db
PATH = "/service-requests"
# Valid, but longer than PostgreSQL's column.
LONG_EMAIL = f"robin@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example"


def wish(**changed: Any) -> dict[str, Any]:
    usual = {
        "id": str(uuid4()),
        "title": "Mail is late",
        "description": "Since this morning.",
        "severity": "high",
        "contact": {"name": "Robin Fields", "email": "robin@contoso.example"},
        "incident": {"sys_id": "a" * 32, "number": "INC0010023"},
    }
    return usual | changed


@pytest.fixture
def known(calling: Instance, admin: User) -> Instance:
    """An instance whose agent has a linked Microsoft 365 admin account."""
    accounts.link(calling.repository, "it.agent", "admin@contoso.example", actor=admin)
    return calling


def opened(known: Instance, **changed: Any) -> dict[str, Any]:
    answer = known.post(PATH, wish(**changed))
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_an_agent_opens_a_request_for_an_incident(known: Instance) -> None:
    said = opened(known)
    case = ServiceRequest.objects.get()
    assert references.found_in([said["reference"]]) == [case.reference]
    assert (said["state"], said["state_label"]) == ("new", "New")
    assert (said["transport"], said["is_test"]) == ("manual", False)
    assert "Microsoft offers no public interface" in said["transport_note"]
    assert said["incident"] == {"sys_id": "a" * 32, "number": "INC0010023"}
    assert said["url"].endswith(case.get_absolute_url())
    assert [one["from"] for one in said["updates"]] == ["agent"]
    assert (case.repository, case.opened_via) == (known.repository, "connector")
    assert (case.opened_by_name, case.opened_by_email) == (
        "it.agent",
        "admin@contoso.example",
    )
    event = AuditEvent.objects.get(action="support.request_opened")
    assert event.facts["by"] == "it.agent"


def test_the_same_id_opens_once_per_repository(known: Instance, admin: User) -> None:
    sent = wish()
    first = known.post(PATH, sent)
    again = known.post(PATH, sent | {"title": "Another title"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["reference"] == first.json()["reference"]
    assert again.json()["title"] == "Mail is late"
    known.repository = RepositoryFactory(tenant=known.repository.tenant)
    accounts.link(known.repository, "it.agent", "x@contoso.example", actor=admin)
    other = known.post(PATH, sent)
    assert other.status_code == 201
    assert ServiceRequest.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_open_one_request(known: Instance) -> None:
    sent, start = wish(), Barrier(4)
    answers: list[tuple[int, str]] = []
    token = known.directory.application_token()

    def work() -> None:
        mine = type(known)(known.repository, known.directory, Client())
        start.wait()
        try:
            answer = mine.post(PATH, sent, token=token)
            answers.append((answer.status_code, answer.json()["reference"]))
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(status for status, _name in answers) == [200, 200, 200, 201]
    assert len({name for _status, name in answers}) == 1
    assert ServiceRequest.objects.get().updates.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_close_once_and_both_succeed(known: Instance) -> None:
    path = f"{PATH}/{opened(known)['reference']}/updates"
    last, start = {"id": str(uuid4()), "text": "Found it.", "close": True}, Barrier(4)
    statuses: list[int] = []
    token = known.directory.application_token()

    def work() -> None:
        mine = type(known)(known.repository, known.directory, Client())
        start.wait()
        try:
            statuses.append(mine.post(path, last, token=token).status_code)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert statuses == [201] * 4
    assert ServiceRequest.objects.get().updates.count() == 2


def test_without_a_known_account_the_agent_reads_what_to_do(
    calling: Instance,
) -> None:
    answer = calling.post(PATH, wish())
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["code"], error["situations"]) == ("account_not_linked", [8])
    assert error["message"] == (
        "it.agent@contoso.example is not a valid Microsoft 365 admin account. You need "
        "Microsoft 365 admin privileges to open a service request. In the app, link the "
        "admin account."
    )
    assert "it.agent" in error["cause"]
    assert not ServiceRequest.objects.exists()


def test_only_administrators_and_not_with_insights_only(known: Instance) -> None:
    known.roles = "insights_user"
    answer = known.post(PATH, wish())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role_missing")
    known.roles = "administrator"
    SupportIntegration.objects.update(basic_auth_allowed=False, single_tenant=False)
    known.repository.entered_for = "insights"
    known.repository.save()
    answer = known.post(PATH, wish())
    assert answer.json()["error"]["code"] == "feature_not_included"
    assert not ServiceRequest.objects.exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": "1"}, "id"),
        ({"title": ""}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"description": 5}, "description"),
        ({"severity": "urgent"}, "severity"),
        ({"contact": {"name": "R"}}, "contact.email"),
        ({"contact": None}, "contact"),
        ({"contact": {"name": "R", "email": LONG_EMAIL}}, "contact.email"),
        ({"incident": {"sys_id": "../x", "number": "1"}}, "incident.sys_id"),
        ({"diagnostics": {"log": ["x"]}}, "diagnostics"),
        ({"priority": "1"}, "priority"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(
    changed: dict[str, Any], field: str, known: Instance
) -> None:
    answer = known.post(PATH, wish(**changed))
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not ServiceRequest.objects.exists()


def test_diagnostics_of_the_instance_join_those_of_the_portal(known: Instance) -> None:
    opened(known, diagnostics={"Browser": f"Edge, {INBOUND_SECRET}"})
    text = ServiceRequest.objects.get().diagnostics
    assert "Organization: Contoso Electronics" in text
    assert "Incident: INC0010023" in text
    assert "Browser:\nEdge, ********" in text


def test_the_requests_of_an_incident_are_listed(known: Instance) -> None:
    first, second = opened(known), opened(known)
    opened(known, incident={"sys_id": "b" * 32, "number": "INC2"})
    elsewhere = RepositoryFactory(tenant=known.repository.tenant)
    ServiceRequestFactory(
        tenant=elsewhere.tenant, repository=elsewhere, incident_sys_id="a" * 32
    )
    answer = known.get(PATH, data={"incident": "a" * 32})
    found = [one["reference"] for one in answer.json()["service_requests"]]
    assert found == [second["reference"], first["reference"]]
    assert known.get(PATH).status_code == 400
    assert known.get(PATH, data={"incident": "c" * 32}).json() == {
        "service_requests": []
    }


def test_a_request_is_read_with_what_microsoft_said(known: Instance) -> None:
    reference = opened(known)["reference"]
    case = ServiceRequest.objects.get()
    words = flow.Words("Kai", "We look into it.", uuid4(), case_number="12345678")
    flow.hear(case, words)
    said = known.get(f"{PATH}/{reference}").json()
    assert (said["state"], said["case_number"]) == ("open", "12345678")
    told = [(one["from"], one["author"]) for one in said["updates"]]
    assert told == [("microsoft", "Kai"), ("microsoft", "Kai"), ("agent", "it.agent")]
    assert said["updates"][1]["text"] == "We look into it."
    flow.say(case, "Thanks", by=flow.By("person", "support.admin"))
    newest = known.get(f"{PATH}/{reference}").json()["updates"][0]
    assert (newest["from"], newest["author"]) == ("portal", "support.admin")


def test_another_repositorys_request_does_not_exist(known: Instance) -> None:
    other = RepositoryFactory(tenant=known.repository.tenant)
    theirs = ServiceRequestFactory(tenant=other.tenant, repository=other)
    mine = ServiceRequestFactory(tenant=other.tenant)
    for case in (theirs, mine):
        assert known.get(f"{PATH}/{case.reference}").status_code == 404
        update = {"id": str(uuid4()), "text": "x"}
        path = f"{PATH}/{case.reference}/updates"
        assert known.post(path, update).status_code == 404


def test_a_reference_no_database_takes_does_not_exist(
    known: Instance, admin: User, client_for: Callable[[User], Client]
) -> None:
    assert known.get(f"{PATH}/SR-%00").status_code == 404
    assert known.get(f"{PATH}/{'x' * 300}").status_code == 404
    page = reverse("support:requests") + "SR-%00/"
    assert client_for(admin).get(page).status_code == 404


def test_a_long_list_takes_no_more_queries_than_a_short_one(known: Instance) -> None:
    for _ in range(5):
        opened(known)
    with CaptureQueriesContext(connection) as short:
        known.get(PATH, data={"incident": "a" * 32})
    for _ in range(5):
        opened(known)
    with CaptureQueriesContext(connection) as long:
        known.get(PATH, data={"incident": "a" * 32})
    assert len(long) == len(short)


def test_an_update_is_told_once_and_may_close_the_request(known: Instance) -> None:
    path = f"{PATH}/{opened(known)['reference']}/updates"
    case = ServiceRequest.objects.get()
    flow.number(case, "12345678", by=flow.PORTAL)
    sent = {"id": str(uuid4()), "text": "It is worse."}
    for _again in range(2):
        answer = known.post(path, sent)
        assert answer.status_code == 201
    [update] = [one for one in answer.json()["updates"] if one["id"] == sent["id"]]
    assert (update["from"], update["text"]) == ("agent", "It is worse.")
    last = {"id": str(uuid4()), "text": "It works again.", "close": True}
    for _again in range(2):
        assert known.post(path, last).json()["state"] == "closed"
    late = known.post(path, {"id": str(uuid4()), "text": "Hello?"})
    assert late.status_code == 400
    assert "Closed" in late.json()["error"]["fields"]["text"]
    assert case.updates.filter(state=State.CLOSED).count() == 1


def test_closing_what_microsoft_does_not_know_cancels_it(
    known: Instance, mail_server: MailServer
) -> None:
    SupportIntegration.objects.update(
        request_transport="email", support_address="support@microsoft.example"
    )
    path = f"{PATH}/{opened(known)['reference']}/updates"
    last = {"id": str(uuid4()), "text": "Found it.", "close": True}
    assert known.post(path, last).json()["state"] == "cancelled"
    RequestDelivery.objects.filter(channel="note").delete()
    deliver_all()
    assert mail_server.mails == []


def test_an_agents_answer_takes_a_waiting_request_back_to_work(
    known: Instance, incident: Incident
) -> None:
    known.repository.endpoint = incident.instance.url
    known.repository.save()
    about = {"sys_id": incident.sys_id, "number": incident.number}
    reference = opened(known, incident=about)["reference"]
    case = ServiceRequest.objects.get()
    flow.number(case, "12345678", by=flow.PORTAL)
    flow.move(case, State.WAITING, by=flow.PORTAL, text="They want logs.")
    sent = {"id": str(uuid4()), "text": "Here they are."}
    said = known.post(f"{PATH}/{reference}/updates", sent).json()
    assert said["state"] == "open"
    deliver_all()
    notes = "\n".join(incident.notes())
    assert "Waiting for you" in notes
    assert "Here they are." not in notes, "the agent wrote it there already"


def test_the_document_describes_every_operation_and_every_member(
    known: Instance,
) -> None:
    described = {
        operation["operationId"]
        for methods in schema.PATHS.values()
        for operation in methods.values()
    }
    assert described == {one for one in registry.REGISTRY if "requests." in one}
    said = opened(known)
    assert set(said) == set(schema.SCHEMAS["ServiceRequest"]["properties"])
    update = schema.SCHEMAS["ServiceRequestUpdate"]["properties"]
    assert set(said["updates"][0]) == set(update)
