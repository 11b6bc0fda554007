"""What the connector API answers to odd calls, how many it answers, what it logs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django import forms
from django.db import connection, transaction
from django.test import Client
from django.urls import path
from django.utils import timezone

from portal import urls as portal_urls
from tests.factories import RepositoryFactory, UserFactory
from tests.support.calling import Instance
from tests.support.entra import OUTBOUND
from tickets.support.api import bodies, limits, urls
from tickets.support.api.endpoints import Agent, ApiCall, Endpoint, Reply
from tickets.support.api.error_texts import PROBLEMS
from tickets.support.api.errors import ApiError
from tickets.support.api.limit_models import CallCount
from tickets.support.api.parsing import LARGEST_BODY
from tickets.support.api.serving import serve
from tickets.support.call_models import ConnectorCall
from tickets.support.setups import REQUESTS

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db
WRITE = "/test/write"


class _Inner(bodies.BodyForm):
    sys_id = forms.CharField(max_length=32)


class _Body(bodies.BodyForm):
    text = forms.CharField(max_length=10)
    number = forms.IntegerField(required=False, min_value=1)
    helpful = bodies.Flag(required=False)
    inner = bodies.ObjectField(_Inner, required=False)
    files = bodies.TextsField(most=2, longest=5, required=False)


def _write(call: ApiCall) -> Reply:
    """Do what an endpoint does: check, write in a transaction, answer; or fail."""
    values = call.read(_Body)
    with transaction.atomic():
        call.repository.repository_id = "written"
        call.repository.save()
        if values["text"] == "fail":
            raise ZeroDivisionError
        if values["text"] == "odd":
            raise ApiError("no_such_code")
        if values["text"] == "bare":
            raise ApiError("account_not_linked")
        if values["text"] == "refuse":
            raise ApiError("account_not_linked", email="a@b.example", user="abel")
    return Reply({"seen": values["text"], "by": call.agent.user_name}, status=201)


class _Urls:
    urlpatterns = [
        path(
            f"api/support/v1/repositories/<str:key>{WRITE}",
            serve(
                Endpoint("requests.open", _write, ("POST",), REQUESTS, "administrator")
            ),
        ),
        *portal_urls.urlpatterns,
    ]


@pytest.fixture
def writing(calling: Instance, settings: SettingsWrapper) -> Instance:
    """An instance that knows one more address, which writes."""
    settings.ROOT_URLCONF = _Urls
    return calling


def error_of(answer: HttpResponse) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-ID"] == error["request_id"] != ""
    assert answer.cookies == {}
    return error


def test_an_endpoint_reads_writes_and_is_logged(writing: Instance) -> None:
    writing.user_name = "jürgen"
    answer = writing.post(WRITE, {"text": "secret words"[:10]})
    assert answer.status_code == 201
    assert answer.json() == {"seen": "secret wor", "by": "jürgen"}
    call = ConnectorCall.objects.get()
    assert call.purpose == "requests.open"
    assert call.direction == "inbound"
    assert (call.method, call.status, call.code) == ("POST", 201, "")
    assert call.repository == writing.repository
    assert call.tenant == writing.repository.tenant
    assert (call.user_name, call.app_id) == ("jürgen", OUTBOUND)
    assert call.request_id == answer["X-Request-ID"]
    assert call.ip_address == "127.0.0.1"


def test_nothing_secret_is_in_the_log(writing: Instance, caplog: Any) -> None:
    token = writing.directory.application_token()
    writing.post(f"{WRITE}?q=asked", {"text": "typed"}, token=token)
    writing.post(f"{WRITE}?q=asked", {"text": "typed", "odd": "typed"}, token=token)
    writing.post(WRITE, {"text": "fail"}, token=token)
    writing.post(WRITE, {"text": "typed"}, token=token + "x")
    written = str(list(ConnectorCall.objects.values())) + caplog.text
    for word in (token, token.split(".")[2], "typed", "asked"):
        assert word not in written


def test_a_failure_is_answered_in_json_undone_and_logged(
    writing: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    answer = writing.post(WRITE, {"text": "fail"})
    assert answer.status_code == 500
    error = error_of(answer)
    assert error["code"] == "save_failed"
    assert error["situations"] == [16]
    assert (
        error["message"] == "Unable to save ticket details. Please contact App support."
    )
    assert "ZeroDivisionError" in caplog.text
    writing.repository.refresh_from_db()
    assert writing.repository.repository_id != "written"
    call = ConnectorCall.objects.get()
    assert (call.status, call.code) == (500, "save_failed")


def test_a_refusal_never_fails_itself(writing: Instance) -> None:
    assert error_of(writing.post(WRITE, {"text": "odd"}))["code"] == "save_failed"
    error = error_of(writing.post(WRITE, {"text": "bare"}))
    assert error["message"].startswith("- is not a valid Microsoft 365 admin account.")


def test_only_saving_fails_with_the_words_for_saving() -> None:
    other = Endpoint("solutions.search", _write, ("POST",), None, "")
    assert other.on_failure == "unexpected_error"


def test_the_document_s_words_name_the_person(writing: Instance) -> None:
    error = error_of(writing.post(WRITE, {"text": "refuse"}))
    assert error["message"] == (
        "a@b.example is not a valid Microsoft 365 admin account. You need Microsoft 365"
        " admin privileges to open a service request. In the app, link the admin"
        " account."
    )
    assert error["situations"] == [8]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "text", "required"),
        ({"text": "x" * 11}, "text", "at most 10"),
        ({"text": None}, "text", "required"),
        ({"text": 5}, "text", "Must be a text, not int"),
        ({"text": "a\0b"}, "text", "Null characters"),
        ({"text": "x", "number": "5"}, "number", "an integer"),
        ({"text": "x", "number": True}, "number", "an integer"),
        ({"text": "x", "number": 0}, "number", "greater than"),
        ({"text": "x", "helpful": "yes"}, "helpful", "true or false"),
        ({"text": "x", "inner": []}, "inner", "an object"),
        ({"text": "x", "inner": {}}, "inner.sys_id", "required"),
        ({"text": "x", "inner": {"sys_id": "a", "b": 1}}, "inner.b", "Unknown"),
        ({"text": "x", "files": {"a": 1}}, "files", "texts alone"),
        ({"text": "x", "files": {"a": "123456"}}, "files", "At most 5"),
        ({"text": "x", "files": dict.fromkeys("abc", "x")}, "files", "At most 2"),
        ({"text": "x", "colour": "red"}, "colour", "Unknown member."),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_member_is_said_by_its_name(
    writing: Instance, body: dict[str, Any], field: str, words: str
) -> None:
    answer = writing.post(WRITE, body)
    assert answer.status_code == 400
    error = error_of(answer)
    assert error["code"] == "invalid_request"
    assert list(error["fields"]) == [field]
    assert words in error["fields"][field]


def test_members_that_fit_are_read_with_their_types() -> None:
    given = {"text": "x", "number": 3, "helpful": False, "inner": {"sys_id": "a"}}
    read = bodies.read(_Body, {**given, "files": {"log": "text"}})
    assert read == {**given, "files": {"log": "text"}}


def test_a_flood_of_unknown_members_is_not_sent_back(writing: Instance) -> None:
    odd = {f"{n}" + "x" * 200: 1 for n in range(100)}
    error = error_of(writing.post(WRITE, odd))
    assert len(error["fields"]) == 20
    assert max(map(len, error["fields"])) == 100


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"[1]", "application/json"),
        (b'"text"', "application/json"),
        (b'{"text": NaN}', "application/json"),
        (b'{"text": "\\ud800"}', "application/json"),
        (b'{"text": "\xff"}', "application/json"),
        ('{"text": "x"}'.encode("utf-16"), "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"text": "x"}', "text/plain"),
        (b'{"text": "x"}', "application/json-patch"),
        (b"text=x", "application/x-www-form-urlencoded"),
        (b'{"text": ' + b"9" * 5000 + b"}", "application/json"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_json_object_is_refused(
    writing: Instance, sent: bytes, kind: str
) -> None:
    answer = writing.post(WRITE, sent, content_type=kind)
    assert answer.status_code == 415
    assert error_of(answer)["code"] == "not_json"


def test_a_charset_beside_the_type_is_fine(writing: Instance) -> None:
    kind = "application/json; charset=utf-8"
    assert writing.post(WRITE, {"text": "x"}, content_type=kind).status_code == 201


def test_a_body_is_bounded(writing: Instance) -> None:
    frame = len(json.dumps({"text": ""}))
    fitting = writing.post(WRITE, {"text": "x" * (LARGEST_BODY - frame)})
    assert fitting.status_code == 400
    answer = writing.post(WRITE, {"text": "x" * (LARGEST_BODY - frame + 1)})
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "too_large"
    assert "256 KB" in answer.json()["error"]["cause"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_method_is_refused_with_those_there_are(
    writing: Instance, method: str
) -> None:
    answer = writing.call(method, WRITE)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST, OPTIONS"
    assert error_of(answer)["code"] == "method_not_allowed"
    assert writing.call(method, WRITE, token="").status_code == 401


def test_options_and_head_are_answered_sensibly(calling: Instance) -> None:
    answer = calling.call("options", token="")
    assert (answer.status_code, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert calling.call("head").status_code == 200
    assert calling.call("head", token="").status_code == 401
    # No page of another site may call it.
    asked = {"Origin": "https://evil.example"}
    answer = calling.client.options(f"{calling.base}/", headers=asked)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ("administrator", 201),
        ("x_mioms_m365_assis.administrator", 201),
        ("itil, administrator ,x", 201),
        ("insights_user", 403),
        ("x_other.administrator", 403),
        ("administrators", 403),
        ("", 403),
    ],
)
def test_the_role_is_asked_for(writing: Instance, roles: str, status: int) -> None:
    writing.roles = roles
    answer = writing.post(WRITE, {"text": "x"})
    assert answer.status_code == status
    if status == 403:
        assert error_of(answer)["code"] == "role_missing"
        assert "x_mioms_m365_assis.administrator" in answer.json()["error"]["repair"]


def test_an_administrator_may_do_what_an_insights_user_may() -> None:
    agent = Agent("it.agent", "", frozenset({"administrator"}))
    assert agent.has("insights_user")


def test_insights_only_has_no_requests(
    writing: Instance, integration: SupportIntegration
) -> None:
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    writing.repository.entered_for = "insights"
    writing.repository.save()
    answer = writing.post(WRITE, {"text": "x"})
    assert answer.status_code == 403
    assert error_of(answer)["code"] == "feature_not_included"
    assert "Insights only" in answer.json()["error"]["cause"]


@pytest.mark.parametrize("case", ["no answers", "other set-up"])
def test_an_incomplete_repository_asks_for_the_final_step(
    writing: Instance, integration: SupportIntegration, case: str
) -> None:
    if case == "no answers":
        integration.basic_auth_allowed = None
        integration.save()
    else:
        writing.repository.entered_for = "aad"
        writing.repository.save()
    answer = writing.post(WRITE, {"text": "x"})
    assert answer.status_code == 409
    assert error_of(answer)["situations"] == [3, 5, 7]


@pytest.mark.parametrize(
    "key", ["11111111-2222-3333-4444-555555555555", "contoso", "%00", "a" * 600]
)
def test_an_unknown_repository_is_not_found(calling: Instance, key: str) -> None:
    token = calling.directory.application_token()
    headers = {"Authorization": f"Bearer {token}"}
    answer = calling.client.get(f"/api/support/v1/repositories/{key}/", headers=headers)
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "repository_unknown"
    call = ConnectorCall.objects.get()
    assert (call.tenant, call.repository, call.code) == (
        None,
        None,
        "repository_unknown",
    )


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("rest", ["", "nothing", "repositories/", "repositories/x/y/z"])
def test_an_unknown_address_is_answered_in_json(
    client: Client, method: str, rest: str
) -> None:
    answer = getattr(client, method)(f"/api/support/v1/{rest}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "not_found"


def test_calls_of_a_repository_are_limited_by_the_minute(
    calling: Instance, tenant: Tenant, settings: SettingsWrapper
) -> None:
    settings.CONNECTOR_CALLS_PER_MINUTE = 2
    other = Instance(RepositoryFactory(tenant=tenant), calling.directory)
    assert [calling.get().status_code for _ in range(4)] == [200, 200, 429, 429]
    answer = calling.get()
    error = error_of(answer)
    assert error["code"] == "rate_limited"
    assert error["message"] == "Please contact app support."
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert other.get().status_code == 200
    # The first one too many is in the log, its hundred followers are not.
    codes = [call.code for call in ConnectorCall.objects.order_by("pk")]
    assert codes == ["", "", "rate_limited", ""]
    CallCount.objects.update(ends_at=timezone.now())
    assert calling.get().status_code == 200


def test_strangers_are_limited_by_their_address_and_leave_no_more_rows(
    calling: Instance, settings: SettingsWrapper
) -> None:
    settings.CONNECTOR_REFUSALS_PER_MINUTE = 2
    statuses = [calling.get(token="x").status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
    answer = calling.get(token="x")
    assert error_of(answer)["code"] == "rate_limited"
    assert "Retry-After" in answer.headers
    assert ConnectorCall.objects.count() == 2
    # An unknown repository counts as well, and another address has its own limit.
    unknown = "/api/support/v1/repositories/unknown/"
    assert calling.client.get(unknown).status_code == 429
    elsewhere = calling.client.get(unknown, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 404
    # The instance behind the same address still gets in.
    assert calling.get().status_code == 200


def test_all_strangers_together_cannot_fill_the_log(
    calling: Instance, settings: SettingsWrapper
) -> None:
    settings.CONNECTOR_REFUSALS_PER_MINUTE = 1
    for n in range(limits.ADDRESSES + 5):
        answer = calling.get(token="x", REMOTE_ADDR=f"192.0.2.{n}")
        assert answer.status_code == 401
    assert ConnectorCall.objects.count() == limits.ADDRESSES


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix:", True),
    ],
)
def test_an_address_of_ipv6_counts_with_its_network(
    db: None, one: str, other: str, are_one: bool
) -> None:
    limits.refusal_of(one)
    assert limits.refusal_of(other).calls == (2 if are_one else 1)


def test_a_minute_that_another_process_began_is_gone_on_with(db: None) -> None:
    now = timezone.now()
    limits._begin("x", now)
    limits._begin("x", now)
    assert CallCount.objects.get().calls == 2


def test_a_clock_that_was_set_back_keeps_nobody_out(
    calling: Instance, settings: SettingsWrapper
) -> None:
    settings.CONNECTOR_CALLS_PER_MINUTE = 1
    assert [calling.get().status_code for _ in range(2)] == [200, 429]
    CallCount.objects.update(ends_at=timezone.now() + timedelta(days=1))
    assert calling.get().status_code == 200
    answer = calling.get()
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 60


def test_minutes_that_are_over_are_forgotten(db: None) -> None:
    limits.refusal_of("192.0.2.1")
    limits.refusal_of("192.0.2.2")
    CallCount.objects.filter(subject__endswith="2.1").update(
        ends_at=timezone.now() - timedelta(minutes=2)
    )
    limits.tidy()
    assert [row.subject for row in CallCount.objects.all()] == ["address:192.0.2.2"]


def test_a_log_that_cannot_be_written_does_not_stop_the_call(
    calling: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tickets_connectorcall RENAME TO elsewhere")
    assert calling.get().status_code == 200
    assert "call of self_test not logged" in caplog.text


def test_no_session_and_no_cookie_counts(calling: Instance, client: Client) -> None:
    # Whoever is signed in without an organisation would see a page of the portal.
    client.force_login(UserFactory())
    calling.client = client
    answer = calling.get()
    assert (answer.status_code, answer.cookies) == (200, {})
    refused = calling.get(token="")
    assert refused.status_code == 401


def test_a_call_needs_no_csrf_token(writing: Instance) -> None:
    writing.client = Client(enforce_csrf_checks=True)
    assert writing.post(WRITE, {"text": "x"}).status_code == 201


def test_every_address_of_the_api_asks_for_a_token(calling: Instance) -> None:
    for pattern in urls.urlpatterns:
        view = pattern.callback
        if not hasattr(view, "takes_token"):
            assert pattern.name in {"unknown", "document"}
            continue
        assert view.login_required is False
        assert view.csrf_exempt is True
        assert hasattr(view, "takes_token")


def test_every_error_has_its_texts() -> None:
    for code, problem in PROBLEMS.items():
        facts = dict.fromkeys(_FACTS, "x")
        for text in (problem.message, problem.cause, problem.repair):
            assert str(text) % facts, code
        assert set(problem.situations) <= set(range(1, 17))


_FACTS = (
    *("algorithm", "at", "now", "found", "role", "setup", "feature", "user", "email"),
    *("limit", "method", "allowed"),
)


@pytest.mark.django_db(transaction=True)
def test_it_works_over_the_wire(
    live_server: Any, calling: Instance, settings: SettingsWrapper
) -> None:
    token = calling.directory.application_token()
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{live_server}{calling.base}/", headers=headers, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["organization"] == "Contoso Electronics"
    refused = requests.get(f"{live_server}{calling.base}/", timeout=10)
    assert refused.status_code == 401
    assert refused.headers["Content-Type"] == "application/json"
    assert requests.head(f"{live_server}{calling.base}/", timeout=10).text == ""
    # Without its slash as well, and never by a redirect.
    bare = requests.get(
        f"{live_server}{calling.base}",
        headers=headers,
        timeout=10,
        allow_redirects=False,
    )
    assert bare.status_code == 200


@pytest.mark.parametrize(
    ("said", "kept"), [("search", "search"), ("=1+1", ""), ("x" * 300, "")]
)
def test_what_the_agent_did_is_logged_in_words_that_are_known(
    said: str, kept: str, calling: Instance
) -> None:
    calling.client.get(f"{calling.base}/", headers={"X-ServiceNow-Occasion": said})
    assert ConnectorCall.objects.get().occasion == kept
