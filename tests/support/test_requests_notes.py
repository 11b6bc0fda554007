"""What a request writes into its incident, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from tests.support.conftest import WORD, deliver_all
from tickets.support import checks, configuration
from tickets.support.call_models import ConnectorCall
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests import deliveries, flow, notes, outbox
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.service_requests.states import State
from tickets.support.setups import BASIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from connector.sandbox.server import Running
    from tests.support.conftest import Incident
    from tests.support.entra import Directory

pytestmark = pytest.mark.django_db
Status = RequestDelivery.Status


def step(delivery: RequestDelivery) -> RequestDelivery:
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def later(delivery: RequestDelivery, seconds: float) -> None:
    """Let time pass for one delivery: all its moments move into the past."""
    delivery.refresh_from_db()
    for name in ("due_at", "claimed_at", "unanswered_at"):
        if moment := getattr(delivery, name):
            setattr(delivery, name, moment - timedelta(seconds=seconds))
    delivery.save()


@pytest.fixture
def note(request_of: ServiceRequest) -> RequestDelivery:
    """The note that says the request was opened."""
    return request_of.deliveries.get(channel="note")


def test_the_incident_is_told_of_the_request_and_carries_its_name(
    note: RequestDelivery, request_of: ServiceRequest, incident: Incident
) -> None:
    assert step(note).status == Status.DELIVERED
    [text] = incident.notes()
    assert f"Microsoft service request {request_of.reference}" in text
    assert "Mail from outside is late" in text
    assert incident.row()["correlation_display"] == request_of.reference
    assert {call.purpose for call in ConnectorCall.objects.all()} == {"request note"}


def test_every_transition_leaves_a_line_an_event_and_a_note(
    request_of: ServiceRequest, incident: Incident, support: User
) -> None:
    by = flow.person(support)
    flow.move(request_of, State.SENT, by=by)
    flow.number(request_of, "2305260050000123", by=by)
    flow.move(request_of, State.WAITING, by=by, text="They want logs.")
    flow.move(request_of, State.SOLVED, by=by)
    deliver_all()
    told = "\n".join(incident.notes())
    states = ["Sent to Microsoft", "Open at Microsoft", "Waiting for you", "Solved"]
    assert [f"State: {one}" in told for one in states] == [True] * 4
    assert "They want logs." in told
    assert incident.row()["correlation_display"] == (
        f"{request_of.reference} · 2305260050000123"
    )
    lines = request_of.updates.exclude(state="").order_by("pk")
    assert [one.state for one in lines] == ["new", "sent", "open", "waiting", "solved"]
    events = AuditEvent.objects.filter(action="support.request_moved")
    assert [one.facts["state"] for one in reversed(events)] == [
        *("sent", "open", "waiting", "solved")
    ]


def test_the_name_another_system_gave_the_incident_stays(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    sql = "UPDATE task SET correlation_display = 'Security center portal'"
    instance.store.execute(sql)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1
    assert incident.row()["correlation_display"] == "Security center portal"


def test_a_lost_answer_does_not_write_the_note_twice(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    instance.faults.add("cut_after_commit", method="PATCH", count=1)
    assert step(note).status == Status.QUEUED
    assert note.unanswered_at
    later(note, 10)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


def test_a_note_that_may_still_arrive_is_not_repeated_yet(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    instance.faults.add("cut", method="PATCH", count=1)
    step(note)
    later(note, 10)
    assert step(note).status == Status.QUEUED
    assert incident.notes() == []
    later(note, 100)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


def test_a_killed_worker_is_made_good_by_the_sweep(
    note: RequestDelivery, incident: Incident
) -> None:
    """It had written the note, but died before it could say so."""
    held = outbox.claim(note.pk)
    assert held
    notes.write(held)
    assert step(note).status == Status.SENDING, "still somebody's"
    later(note, 100)
    assert note.pk in RequestDelivery.objects.due().values_list("pk", flat=True)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


def test_two_workers_write_it_once(note: RequestDelivery, incident: Incident) -> None:
    assert outbox.claim(note.pk)
    outbox.deliver(note.pk)
    assert incident.notes() == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("business_rule", "business_rule"),
        ("acl", "acl"),
        ("data_policy", "data_policy"),
    ],
)
def test_a_refusal_stops_with_the_instances_own_words(
    note: RequestDelivery,
    incident: Incident,
    instance: Running,
    support: User,
    fault: str,
    code: str,
) -> None:
    instance.faults.add(fault, method="PATCH", count=1)
    assert step(note).status == Status.STOPPED
    assert note.error_code == code
    assert note.error_words
    assert AuditEvent.objects.filter(action="support.request_stopped").count() == 1
    later(note, 10_000)
    assert step(note).status == Status.STOPPED, "waits for a person"
    assert deliveries.retry(note, actor=support)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


def test_refused_but_written_is_found(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    instance.faults.add("forbidden_after_commit", method="PATCH", count=1)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


def test_a_limit_is_waited_for_as_long_as_the_instance_says(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    instance.faults.add("rate_limit", count=1, retry_after=120)
    before = timezone.now()
    assert step(note).status == Status.QUEUED
    assert note.error_code == "rate_limited"
    assert note.due_at >= before + timedelta(seconds=120)
    assert step(note).attempts == 1, "not before its time"
    later(note, 200)
    assert step(note).status == Status.DELIVERED


def test_a_hibernating_instance_is_asked_again(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    instance.faults.add("hibernating", count=1)
    assert (step(note).status, note.error_code) == (Status.QUEUED, "hibernating")
    later(note, 10)
    assert step(note).status == Status.DELIVERED
    assert len(incident.notes()) == 1


@pytest.fixture
def another(
    open_request: Callable[..., ServiceRequest],
    repository: Repository,
    incident: Incident,
) -> ServiceRequest:
    """A second request for the incident, with a note of its own."""
    return open_request(repository=repository, incident_sys_id=incident.sys_id)


@pytest.fixture
def locked_out(
    note: RequestDelivery, repository: Repository, incident: Incident
) -> RequestDelivery:
    """A note that waits: the password was changed on the instance."""
    Repository.objects.update(rest_password="another")
    step(note)
    return note


def test_a_wrong_password_is_tried_once_and_stops_all_notes(
    another: ServiceRequest,
    locked_out: RequestDelivery,
    request_of: ServiceRequest,
    instance: Running,
    support: User,
) -> None:
    assert locked_out.status == Status.WAITING
    assert locked_out.error_code == "basic_rejected"
    flow.move(request_of, State.SENT, by=flow.person(support))
    assert another.deliveries.get().status == Status.WAITING
    tried = instance.app.control.requests.total()
    deliver_all()
    assert instance.app.control.requests.total() == tried


def test_notes_go_out_by_themselves_once_the_repository_is_mended(
    locked_out: RequestDelivery,
    repository: Repository,
    incident: Incident,
    support: User,
) -> None:
    values = {
        "repository_id": "contoso",
        "endpoint": repository.endpoint,
        "is_test": False,
        **{name: getattr(repository, name) for name in BASIC.fields},
    }
    values["rest_password"] = WORD
    configuration.enter(repository, values, setup=BASIC, actor=support)
    deliver_all()
    assert len(incident.notes()) == 1


def test_one_note_tries_a_new_password_and_lets_the_others_out(
    another: ServiceRequest,
    locked_out: RequestDelivery,
    repository: Repository,
    incident: Incident,
    instance: Running,
) -> None:
    RequestDelivery.objects.update(status=Status.WAITING)
    deliveries.try_one(repository)
    before = instance.app.control.requests.total()
    deliver_all()
    assert instance.app.control.requests.total() == before + 1, "still wrong"
    assert another.deliveries.get().status == Status.WAITING
    Repository.objects.update(rest_password=WORD)
    deliveries.try_one(repository)
    deliver_all()
    assert len(incident.notes()) == 2


def test_trying_a_later_note_again_sends_the_earlier_ones_first(
    locked_out: RequestDelivery,
    request_of: ServiceRequest,
    incident: Incident,
    support: User,
) -> None:
    flow.move(request_of, State.SENT, by=flow.person(support))
    RequestDelivery.objects.update(status=Status.WAITING)
    Repository.objects.update(rest_password=WORD)
    second = request_of.deliveries.order_by("pk").last()
    assert second
    assert deliveries.retry(second, actor=support)
    deliver_all()
    assert ["Opened:" in text for text in incident.notes()] == [True, False]


def test_a_note_is_shown_as_text_whatever_was_written(
    request_of: ServiceRequest, incident: Incident
) -> None:
    text = "See [code]<img src=x>[/CODE] here"
    flow.hear(request_of, flow.Words("Kai", text, uuid4()))
    deliver_all()
    assert "See (code)<img src=x>(/code) here" in incident.notes()[-1]


def test_a_sign_in_that_works_again_lets_the_notes_out(
    locked_out: RequestDelivery, incident: Incident
) -> None:
    Repository.objects.update(rest_password=WORD)
    repository = Repository.objects.get()
    checks.run(repository, ["sign_in"])
    deliver_all()
    assert len(incident.notes()) == 1


def test_a_draft_is_not_called_at_all(
    note: RequestDelivery, incident: Incident, instance: Running
) -> None:
    Repository.objects.update(entered_for="")
    before = instance.app.control.requests.total()
    assert step(note).status == Status.WAITING
    assert note.error_code == "repository_incomplete"
    assert instance.app.control.requests.total() == before


def test_the_token_of_entra_is_used_where_there_is_no_password(
    aad_repository: Repository,
    directory: Directory,
    instance: Running,
    open_request: Callable[..., ServiceRequest],
    incident: Incident,
) -> None:
    case = open_request(repository=aad_repository, incident_sys_id=incident.sys_id)
    deliver_all()
    assert len(incident.notes()) == 1, case.deliveries.values(
        "error_code", "error_words"
    )
    case.refresh_from_db()
    assert case.incident_number == incident.number


def test_an_incident_named_by_its_number_is_looked_up(
    repository: Repository,
    incident: Incident,
    open_request: Callable[..., ServiceRequest],
) -> None:
    case = open_request(repository=repository, incident_number=incident.number)
    deliver_all()
    case.refresh_from_db()
    assert case.incident_sys_id == incident.sys_id
    assert len(incident.notes()) == 1
    other = open_request(repository=repository, incident_number="INC9999999")
    deliver_all()
    assert other.deliveries.get().error_code == "incident_not_found"


@pytest.mark.parametrize("where", ["integration", "repository", "request"])
def test_a_test_environment_writes_nothing(
    where: str,
    repository: Repository,
    incident: Incident,
    open_request: Callable[..., ServiceRequest],
) -> None:
    case = open_request(repository=repository, incident_sys_id=incident.sys_id)
    if where == "request":
        ServiceRequest.objects.update(is_test=True)
    else:
        model: Any = {"integration": SupportIntegration, "repository": Repository}[
            where
        ]
        model.objects.update(is_test=True)
    deliver_all()
    assert case.deliveries.get().status == Status.SKIPPED
    case = ServiceRequest.objects.get()
    flow.move(case, State.SENT, by=flow.PORTAL)
    deliver_all()
    assert incident.notes() == []
    assert case.deliveries.count() == 1


def test_with_insights_only_nothing_is_written(
    request_of: ServiceRequest, incident: Incident
) -> None:
    SupportIntegration.objects.update(basic_auth_allowed=False, single_tenant=False)
    deliver_all()
    assert request_of.deliveries.get().status == Status.SKIPPED
    assert "Insights only" in notes.reason_against(request_of)
    assert incident.notes() == []


def test_notes_arrive_in_their_order(
    note: RequestDelivery, request_of: ServiceRequest, incident: Incident, support: User
) -> None:
    flow.move(request_of, State.SENT, by=flow.person(support))
    second = request_of.deliveries.order_by("pk").last()
    assert second
    assert step(second).status == Status.QUEUED
    step(note)
    assert step(second).status == Status.DELIVERED
    assert ["Opened:" in text for text in incident.notes()] == [True, False]


def test_a_note_that_cannot_be_verified_is_left_to_a_person(
    note: RequestDelivery, incident: Incident, instance: Running, support: User
) -> None:
    instance.faults.add("cut_after_commit", method="PATCH", count=1)
    step(note)
    later(note, 100)
    hidden = {"fields": ["incident.work_notes"], "tables": ["sys_journal_field"]}
    instance.app.control.restrictions.replace(hidden)
    assert (step(note).status, note.error_code) == ("stopped", "note_unverifiable")
    assert deliveries.discard(note, actor=support)
    assert not deliveries.discard(note, actor=support)
    assert len(incident.notes()) == 1


def test_removing_the_repository_keeps_the_request(
    request_of: ServiceRequest, repository: Repository, support: User
) -> None:
    configuration.remove(repository, actor=support)
    deliver_all()
    case = ServiceRequest.objects.get()
    assert (case.repository, case.repository_name) == (None, "contoso")
    assert case.deliveries.get().status == Status.SKIPPED


def test_a_note_that_waited_for_a_repository_ends_with_it(
    note: RequestDelivery, request_of: ServiceRequest, admin: User
) -> None:
    RequestDelivery.objects.update(status=Status.WAITING, error_code="basic_rejected")
    assert request_of.repository
    configuration.remove(request_of.repository, actor=admin)
    assert step(note).status == Status.SKIPPED
