"""The log of the portal's own calls: each request once, and no secret in any of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector import exchanges, http
from connector.exchanges import Exchange
from tests.support import entra
from tests.support.conftest import INBOUND_SECRET, WORD
from tickets.support import call_log, checks
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.server import Running
    from tests.support.entra import Directory
    from tickets.support.models import Repository

pytestmark = pytest.mark.django_db


def test_each_request_of_a_check_is_logged_with_what_it_was_for(
    repository: Repository, prepare: Callable[..., None], directory: Directory
) -> None:
    prepare()
    checks.run(repository, ["metadata", "sign_in"])
    calls = ConnectorCall.objects.for_tenant(repository.tenant).order_by("pk")
    assert {call.purpose for call in calls} == {"check metadata", "check sign_in"}
    [first, *_] = calls
    assert first.address == f"{entra.LOGIN}/.well-known/openid-configuration"
    assert (first.status, first.direction, first.code) == (200, "outbound", "")
    assert {call.repository for call in calls} == {repository}


def test_what_the_other_side_said_is_kept_without_the_password(
    repository: Repository, prepare: Callable[..., None]
) -> None:
    prepare(user={"user_name": "integration.user", "password": "another"})
    checks.run(repository, ["sign_in", "inbound_token"])
    refused = ConnectorCall.objects.filter(status=401).first()
    assert refused
    assert "User is not authenticated" in refused.words
    written = str(list(ConnectorCall.objects.values()))
    assert WORD not in written
    assert INBOUND_SECRET not in written


def test_a_call_without_an_answer_has_a_code_and_no_status(
    repository: Repository, prepare: Callable[..., None], instance: Running
) -> None:
    prepare()
    instance.faults.add("cut", method="GET")
    checks.run(repository, ["sign_in"])
    call = ConnectorCall.objects.first()
    assert call
    assert (call.status, call.code) == (None, "connection_lost")


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_written_does_not_stop_the_call(
    repository: Repository, instance: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody removed the repository while a worker was at it."""
    type(repository).objects.filter(pk=repository.pk).delete()
    with call_log.outbound(repository, "note"):
        url = f"{instance.url}/api/now/table/incident"
        answer = http.send(http.session(private_ok=True), http.Call("GET", url))
    assert answer.status == 401
    assert "call for note not logged" in caplog.text


def test_words_no_database_takes_are_logged_without_them(
    repository: Repository,
) -> None:
    odd = "a\0b\ud800"
    exchange = Exchange("GET", f"https://x.example/{odd}", 400, "", odd, odd, 1)
    with call_log.outbound(repository, "note"):
        told = exchanges._observer.get()
        assert told
        told(exchange)
    call = ConnectorCall.objects.get()
    assert (call.words, call.request_id) == ("ab?", "ab?")


def test_old_calls_are_forgotten(repository: Repository) -> None:
    usual: dict[str, Any] = {"repository": repository, "tenant": repository.tenant}
    usual |= {"direction": "inbound", "purpose": "p", "method": "GET", "address": "/"}
    ConnectorCall.objects.create(**usual)
    ConnectorCall.objects.create(**usual, at=timezone.now() - timedelta(days=31))
    call_log.tidy()
    assert ConnectorCall.objects.count() == 1
