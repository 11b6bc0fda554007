"""Mails to Microsoft's support, over a real connection to a mail server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from tests.support.conftest import INBOUND_SECRET, WORD, deliver_all
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import (
    deliveries,
    flow,
    outbox,
    posting,
    progress,
    transport,
)
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.service_requests.states import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from tests.support.smtp import MailServer
    from tickets.support.models import Repository

    Open = Callable[..., ServiceRequest]

pytestmark = pytest.mark.django_db
Status = RequestDelivery.Status


@pytest.fixture
def by_mail(integration: SupportIntegration) -> SupportIntegration:
    integration.request_transport = "email"
    integration.support_address = "support@microsoft.example"
    integration.reply_address = "cases@contoso.example"
    integration.save()
    return integration


@pytest.fixture
def case(by_mail: SupportIntegration, open_request: Open) -> ServiceRequest:
    return open_request()


def step(delivery: RequestDelivery) -> RequestDelivery:
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def mail_of(case: ServiceRequest) -> RequestDelivery:
    return case.deliveries.get(channel="mail", is_opening=True)


def later(delivery: RequestDelivery, seconds: float = 10_000) -> None:
    shift = timedelta(seconds=seconds)
    row = RequestDelivery.objects.filter(pk=delivery.pk)
    row.update(due_at=timezone.now() - shift)
    row.exclude(claimed_at=None).update(claimed_at=timezone.now() - shift)


def test_the_request_is_mailed_and_goes_on(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    assert step(mail_of(case)).status == Status.DELIVERED
    [mail] = mail_server.mails
    assert mail["Subject"] == f"[{case.reference}] {case.title}"
    assert (mail["To"], mail["Reply-To"]) == (
        "support@microsoft.example",
        "cases@contoso.example",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert case.reference in mail["Message-ID"]
    body = mail.get_content()
    for part in ("All mailboxes, since this morning.", "High (Sev B)", "Kim Lee"):
        assert part in body
    case.refresh_from_db()
    assert case.state == State.SENT
    assert case.updates.filter(state="sent", source="portal").count() == 1


def test_an_update_follows_as_an_answer_to_the_first_mail(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    flow.say(case, "It is worse now.", by=flow.person(support))
    deliver_all()
    first, second = mail_server.mails
    assert second["References"] == second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "It is worse now." in second.get_content()


def test_no_update_overtakes_the_mail_that_opens_the_case(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    mail_server.moods.rcpt = "550 5.1.1 no such mailbox"
    step(mail_of(case))
    flow.say(case, "It is worse now.", by=flow.person(support))
    mail_server.moods.rcpt = ""
    deliver_all()
    assert mail_server.mails == []


@pytest.mark.parametrize("verb", ["rcpt", "data"])
def test_a_refused_mail_stops_with_the_servers_own_words(
    verb: str, case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    setattr(mail_server.moods, verb, "550 5.7.1 not from you")
    delivery = step(mail_of(case))
    assert (delivery.status, delivery.error_code) == (Status.STOPPED, "mail_refused")
    assert delivery.error_words == "550 5.7.1 not from you"
    case.refresh_from_db()
    assert case.state == State.NEW
    assert AuditEvent.objects.filter(action="support.request_stopped").exists()
    [item] = progress.of(case)
    assert item.can_retry
    setattr(mail_server.moods, verb, "")
    later(delivery)
    step(delivery)
    assert mail_server.mails == [], "waits for a person"
    assert deliveries.retry(delivery, actor=support)
    assert step(delivery).status == Status.DELIVERED


def test_greylisting_is_waited_for(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    mail_server.moods.rcpt = "451 4.7.1 try again later"
    delivery = step(mail_of(case))
    assert (delivery.status, delivery.error_code) == (Status.QUEUED, "mail_delayed")
    assert delivery.due_at > timezone.now()
    mail_server.moods.rcpt = ""
    later(delivery)
    assert step(delivery).status == Status.DELIVERED


def test_a_repeat_after_a_lost_answer_is_recognised_by_its_name(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    mail_server.moods.cuts_after_data = 1
    delivery = step(mail_of(case))
    assert (delivery.status, delivery.error_code) == (Status.QUEUED, "mail_unreachable")
    later(delivery)
    assert step(delivery).status == Status.DELIVERED
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


def test_what_the_server_took_is_not_sent_again_after_a_bad_goodbye(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    # More than the client reads of one line.
    mail_server.moods.quit = "221 " + 10_000 * "x"
    assert step(mail_of(case)).status == Status.DELIVERED
    later(mail_of(case))
    deliver_all()
    assert len(mail_server.mails) == 1


def test_what_the_server_took_is_not_sent_again_when_noting_it_fails(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    # A state nobody knows is what fails here.
    ServiceRequest.objects.update(state="odd")
    assert step(mail_of(case)).status == Status.DELIVERED
    later(mail_of(case))
    deliver_all()
    assert len(mail_server.mails) == 1
    ServiceRequest.objects.update(state="new")
    outbox.sweep()
    case.refresh_from_db()
    assert case.state == State.SENT
    outbox.sweep()
    assert case.updates.filter(state="sent").count() == 1


def test_a_wrong_sign_in_is_for_the_operator_and_asked_again_by_the_hour(
    case: ServiceRequest, mail_server: MailServer, settings: SettingsWrapper
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "word-of-mail"
    mail_server.moods.auth = "535 5.7.8 bad credentials"
    delivery = step(mail_of(case))
    assert (delivery.status, delivery.error_code) == (Status.QUEUED, "mail_sign_in")
    assert delivery.due_at > timezone.now() + timedelta(minutes=50)
    assert "word-of-mail" not in delivery.error_words


def test_a_server_that_is_away_is_tried_again(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    mail_server.close()
    delivery = step(mail_of(case))
    assert (delivery.status, delivery.error_code) == (Status.QUEUED, "mail_unreachable")


def test_two_workers_send_one_mail(
    case: ServiceRequest, mail_server: MailServer
) -> None:
    held = outbox.claim(mail_of(case).pk)
    assert held
    step(held)
    assert mail_server.mails == []
    posting.post(held)
    # The worker died before it could say so: the repeat is the same mail.
    later(held)
    assert step(held).status == Status.DELIVERED
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_test_environment_sends_nothing_and_still_goes_on(
    by_mail: SupportIntegration, open_request: Open, mail_server: MailServer
) -> None:
    by_mail.is_test = True
    by_mail.save()
    case = open_request()
    delivery = step(mail_of(case))
    assert delivery.status == Status.SKIPPED
    assert mail_server.mails == []
    case.refresh_from_db()
    assert (case.is_test, case.state) == (True, State.SENT)
    assert "not sent" in case.updates.get(state="sent").text
    by_mail.is_test = False
    by_mail.save()
    flow.say(case, "More", by=flow.PORTAL)
    deliver_all()
    assert mail_server.mails == [], "a test stays a test"


def test_a_request_cancelled_in_time_is_never_mailed(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    flow.move(case, State.CANCELLED, by=flow.person(support))
    deliver_all()
    assert mail_server.mails == []
    assert mail_of(case).status == Status.DISCARDED


def test_a_request_cancelled_too_late_is_taken_back_by_mail(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    deliver_all()
    flow.move(case, State.CANCELLED, by=flow.person(support), text="It went away.")
    deliver_all()
    assert len(mail_server.mails) == 2
    assert "cancelled" in mail_server.mails[1].get_content()
    assert "It went away." in mail_server.mails[1].get_content()


def test_a_mail_that_may_have_arrived_is_taken_back_as_well(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    mail_server.moods.cuts_after_data = 1
    step(mail_of(case))
    flow.move(case, State.CANCELLED, by=flow.person(support))
    deliver_all()
    assert len(mail_server.mails) == 2
    assert "cancelled" in mail_server.mails[1].get_content()


def test_a_solved_request_is_reopened_by_mail_and_a_closed_one_never(
    case: ServiceRequest, mail_server: MailServer, support: User
) -> None:
    by = flow.person(support)
    deliver_all()
    case.refresh_from_db()
    flow.number(case, "2305260050000123", by=by)
    flow.move(case, State.SOLVED, by=by)
    flow.move(case, State.OPEN, by=by, text="It is back.")
    deliver_all()
    assert "It is back." in mail_server.mails[-1].get_content()
    flow.move(case, State.CLOSED, by=by)
    with pytest.raises(flow.WrongState):
        flow.move(case, State.OPEN, by=by)
    with pytest.raises(flow.WrongState):
        flow.say(case, "Hello?", by=by)


def test_the_repositorys_secrets_are_in_no_mail(
    by_mail: SupportIntegration,
    open_request: Open,
    repository: Repository,
    mail_server: MailServer,
) -> None:
    open_request(repository=repository, diagnostics=f"log: {WORD} {INBOUND_SECRET} ok")
    deliver_all()
    body = mail_server.mails[0].get_content()
    assert "log: ******** ******** ok" in body


def test_without_a_mail_server_each_mail_becomes_a_file(
    case: ServiceRequest, settings: SettingsWrapper, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    settings.EMAIL_HOST = ""
    assert step(mail_of(case)).status == Status.DELIVERED
    [path] = tmp_path.iterdir()
    assert case.reference in path.read_text()
    integration = SupportIntegration.objects.get()
    words = transport.TRANSPORTS["email"].explanation(integration)
    assert "becomes a file" in words


def test_by_hand_nothing_is_mailed(
    integration: SupportIntegration, open_request: Open, mail_server: MailServer
) -> None:
    case = open_request()
    flow.say(case, "More", by=flow.PORTAL)
    deliver_all()
    assert mail_server.mails == []
    assert not case.deliveries.exists()
    assert case.state == State.NEW
