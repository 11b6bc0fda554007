"""The client against every kind of answer, over the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.servicenow.client import ServiceNow
from connector.servicenow.oauth import OAuthClient, revoke
from connector.servicenow.query import Query
from tests.connector.wire import Reply, Script, ok, refusal, scripted
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SYS_ID = "a" * 32
ROW = {
    "sys_id": {"value": SYS_ID, "display_value": SYS_ID},
    "state": {"value": "-5", "display_value": "New"},
}
HIBERNATING = (
    "<html><title>Instance Hibernating page</title>Your instance is hibernating</html>"
)
SIGN_IN = "<html><body><form>User name <input type='password'> Log in</form></html>"


def client(url: str, tokens: list[str] | None = None) -> ServiceNow:
    given = tokens or ["first-token", "second-token"]
    return ServiceNow(
        url, lambda renew: given[int(renew)], private_ok=True, timeout=(0.5, 0.5)
    )


def create(url: str) -> object:
    return client(url).create("incident", {"short_description": "x"}, fields=["state"])


def read(url: str) -> object:
    return client(url).list("incident", "active=true", fields=["state"])


def error_of(act: Callable[[str], object], *replies: Reply) -> ConnectorError:
    with scripted(*replies) as server, pytest.raises(ConnectorError) as caught:
        act(server.url)
    return caught.value


ANSWERS = [
    (Reply(202), Unavailable, "dropped", "maybe"),
    (Reply(302, "", {"Location": "/login.do"}), Unavailable, "sign_in_page", "maybe"),
    (
        Reply(
            302,
            "",
            {"Location": "https://developer.servicenow.com/dev.do#!/home?wu=true"},
        ),
        Unavailable,
        "hibernating",
        "maybe",
    ),
    (Reply(200, HIBERNATING), Unavailable, "hibernating", "maybe"),
    (Reply(200, SIGN_IN), Unavailable, "sign_in_page", "maybe"),
    (Reply(503, "<html>Maintenance</html>"), Unavailable, "maintenance", "maybe"),
    (Reply(200, "<html>Hello</html>"), Unavailable, "unexpected_answer", "maybe"),
    (Reply(200, '{"result": [{"sys'), Unavailable, "incomplete_answer", "maybe"),
    (Reply(200, "[]"), Unavailable, "unexpected_answer", "maybe"),
    (Reply(200, '{"result": {}}'), Unavailable, "unexpected_answer", "maybe"),
    (
        Reply(200, '{"result": [], "error": {"message": "Transaction cancelled"}}'),
        Unavailable,
        "incomplete_answer",
        "maybe",
    ),
    (
        refusal(500, "Transaction cancelled: maximum execution time exceeded"),
        Unavailable,
        "transaction_cancelled",
        "maybe",
    ),
    (Reply(500, "boom"), Unavailable, "server_error", "maybe"),
    (Reply(502, "<html>snow_adc</html>"), Unavailable, "bad_gateway", "maybe"),
    (refusal(429, "Rate limit exceeded"), Unavailable, "rate_limited", "no"),
    (refusal(400, "Invalid table incidnt"), Misconfigured, "invalid_table", "no"),
    (
        refusal(400, "Requested URI does not represent any resource"),
        Misconfigured,
        "invalid_path",
        "no",
    ),
    (refusal(400, "Exception while reading request"), Refused, "bad_request", "no"),
    (
        refusal(
            403,
            "Operation Failed",
            "Operation against file 'incident' was aborted by Business Rule 'No'",
        ),
        Refused,
        "business_rule",
        "maybe",
    ),
    (
        refusal(
            403,
            "Operation Failed",
            "Data Policy Exception: The following fields are mandatory: Category",
        ),
        Refused,
        "data_policy",
        "maybe",
    ),
    (
        refusal(
            403,
            "Operation Failed",
            "ACL Exception Insert Failed due to security constraints",
        ),
        Refused,
        "acl",
        "maybe",
    ),
    (
        refusal(403, "Missing required api access scope"),
        Misconfigured,
        "scope",
        "no",
    ),
    (
        refusal(
            403, "Security restricted: Access restricted (10.1.1.1 not authorized)"
        ),
        Misconfigured,
        "ip_restricted",
        "no",
    ),
    (refusal(403, "No"), Refused, "forbidden", "maybe"),
    (refusal(404, "No Record found"), Refused, "not_found", "no"),
    (Reply(414, "<html>URI too long</html>"), Refused, "address_too_long", "no"),
    (refusal(415, "Invalid content-type"), Misconfigured, "not_supported", "no"),
]


@pytest.mark.parametrize(
    ("reply", "kind", "code", "committed"),
    ANSWERS,
    ids=[f"{n}-{a[2]}" for n, a in enumerate(ANSWERS)],
)
def test_each_answer_to_a_create_is_an_error_of_its_kind(
    reply: Reply, kind: type[ConnectorError], code: str, committed: str
) -> None:
    error = error_of(create, reply)

    assert (type(error), error.code, error.committed) == (kind, code, committed)


@pytest.mark.parametrize("reply", [Reply(202), Reply(500, "boom"), Reply(200, SIGN_IN)])
def test_a_read_never_leaves_something_behind(reply: Reply) -> None:
    assert error_of(read, reply).committed == "no"


def test_the_remote_words_status_and_request_id_are_kept() -> None:
    words = "Operation against file 'incident' was aborted by Business Rule 'Check^1'"
    error = error_of(
        create, refusal(403, "Operation Failed", words, X_Transaction_ID="0123456789ab")
    )

    assert error.evidence.words == f"Operation Failed: {words}"
    assert error.evidence.status == 403
    assert error.evidence.request_id == "0123456789ab"
    assert error.evidence.method == "POST"
    assert error.evidence.url.endswith("/api/now/table/incident")


def test_a_page_is_kept_as_its_text_within_bounds() -> None:
    error = error_of(create, Reply(200, "<html><script>x()</script>" + 900 * "<p>abc"))

    assert error.evidence.words.startswith("abc abc")
    assert len(error.evidence.words) == 2000


def test_a_token_that_comes_back_is_not_kept() -> None:
    error = error_of(create, Reply(500, "sent: Authorization: Bearer first-token"))

    assert "first-token" not in error.evidence.words
    assert "first-token" not in str(error)


@pytest.mark.parametrize("wait", ["120", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_the_wait_that_was_asked_for_is_passed_on(wait: str) -> None:
    error = error_of(create, refusal(429, "Rate limit exceeded", Retry_After=wait))

    assert isinstance(error, Unavailable)
    assert error.retry_after is not None
    assert error.retry_after >= 120


@pytest.mark.parametrize("wait", ["9" * 400, "Wed, 21 Oct 9999 07:28:00 GMT"])
def test_no_wait_is_longer_than_a_day(wait: str) -> None:
    error = error_of(create, refusal(429, "Rate limit exceeded", Retry_After=wait))

    assert isinstance(error, Unavailable)
    assert error.retry_after == 86_400


def test_a_body_that_is_nested_too_deep_is_no_json() -> None:
    error = error_of(create, Reply(200, 100_000 * "["))

    assert error.code == "unexpected_answer"


def test_a_rejected_token_is_renewed_once_and_the_call_repeated() -> None:
    with scripted(refusal(401, "User is not authenticated"), ok(ROW)) as server:
        create(server.url)

    tokens = [seen.headers["Authorization"] for seen in server.seen]
    assert tokens == ["Bearer first-token", "Bearer second-token"]
    assert server.seen[0].body == server.seen[1].body


def test_a_token_rejected_twice_asks_for_a_new_authorization() -> None:
    error = error_of(create, refusal(401, "User Not Authenticated"))

    assert isinstance(error, Unauthorized)
    assert error.code == "token_rejected"
    assert error.committed == "no"


def test_cookies_are_never_sent_back() -> None:
    cookie = {"Set-Cookie": "JSESSIONID=1; Path=/"}
    reply = Reply(200, json.dumps({"result": []}), cookie)
    with scripted(reply) as server:
        read(server.url)
        read(server.url)

    assert [seen.headers.get("Cookie") for seen in server.seen] == [None, None]


def test_redirects_are_not_followed() -> None:
    with (
        scripted(Reply(302, "", {"Location": "/elsewhere"})) as server,
        pytest.raises(Unavailable),
    ):
        read(server.url)

    assert [seen.path for seen in server.seen] == ["/api/now/table/incident"]


def test_a_read_is_repeated_when_the_instance_is_busy() -> None:
    with scripted(Reply(503, ""), Reply(502, ""), ok([ROW])) as server:
        page = client(server.url).list("incident", fields=[])

    assert len(page.records) == 1
    assert len(server.seen) == 3


def test_a_write_is_never_repeated() -> None:
    with (
        scripted(Reply(503, "", {"Retry-After": "0"}), ok(ROW)) as server,
        pytest.raises(Unavailable),
    ):
        create(server.url)

    assert len(server.seen) == 1


def test_a_long_wait_is_not_waited_here() -> None:
    with (
        scripted(Reply(503, "", {"Retry-After": "600"}), ok([])) as server,
        pytest.raises(Unavailable) as caught,
    ):
        read(server.url)

    assert caught.value.retry_after == 600
    assert len(server.seen) == 1


def test_a_timeout_after_sending_leaves_it_open() -> None:
    with (
        scripted(Reply(201, "", delay=1)) as server,
        pytest.raises(Unavailable) as caught,
    ):
        create(server.url)

    assert (caught.value.code, caught.value.committed) == ("timeout", "maybe")
    assert len(server.seen) == 1


def test_a_connection_cut_in_mid_answer_leaves_it_open() -> None:
    error = error_of(create, Reply(201, '{"result": {', cut=True))

    assert (error.code, error.committed) == ("connection_lost", "maybe")


def test_a_refused_connection_has_not_happened() -> None:
    with pytest.raises(Unavailable) as caught:
        create(f"http://127.0.0.1:{free_port()}")

    assert (caught.value.code, caught.value.committed) == ("connection_refused", "no")
    assert "refused" in caught.value.evidence.words.lower()


def test_an_unknown_host_has_not_happened() -> None:
    with pytest.raises(Unavailable) as caught:
        create("http://no-such-host.invalid")

    assert (caught.value.code, caught.value.committed) == ("unknown_host", "no")


def test_addresses_inside_the_network_are_refused() -> None:
    with scripted(ok([])) as server:
        guarded = ServiceNow(server.url, lambda _: "token")
        with pytest.raises(Misconfigured) as caught:
            guarded.list("incident", fields=[])

    assert caught.value.code == "private_address"
    assert server.seen == []


def test_behind_a_proxy_the_proxy_resolves_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted(ok([])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        outside = ServiceNow("http://acme.invalid", lambda _: "token")
        outside.list("incident", fields=[])

    assert proxy.seen[0].headers["Host"] == "acme.invalid"


def test_credentials_of_the_machine_do_not_replace_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else")
    monkeypatch.setenv("NETRC", str(netrc))
    with scripted(ok([])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        outside = ServiceNow("http://acme.invalid", lambda _: "token")
        outside.list("incident", fields=[])

    assert proxy.seen[0].headers["Authorization"] == "Bearer token"


def test_a_token_in_an_address_is_not_kept() -> None:
    gone = OAuthClient(f"http://127.0.0.1:{free_port()}", "id", "secret", True)
    with pytest.raises(Unavailable) as caught:
        revoke(gone, "a/token+with=signs")

    assert "token" not in caught.value.evidence.words
    assert caught.value.evidence.url.endswith("/oauth_revoke_token.do")


def list_of(server: Script) -> dict[str, str]:
    client(server.url).list(
        "task", Query().equals("number", "CHG1"), fields=["number"], limit=5, offset=10
    )
    return server.seen[0].query


def test_a_list_asks_for_values_and_labels_of_named_fields_only() -> None:
    with scripted(ok([])) as server:
        assert list_of(server) == {
            "sysparm_query": "number=CHG1",
            "sysparm_fields": "sys_id,number",
            "sysparm_limit": "5",
            "sysparm_offset": "10",
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_suppress_pagination_header": "true",
        }


def test_a_list_says_how_many_rows_there_are_in_all() -> None:
    with scripted(ok([], X_Total_Count="103")) as server:
        page = client(server.url).list("incident", fields=[])

    assert page.total == 103
    assert page.is_hidden


def test_distinct_values_come_from_the_aggregate_api() -> None:
    groups = [
        {
            "stats": {"count": "3"},
            "groupby_fields": [
                {"field": "state", "value": "1", "display_value": "New"}
            ],
        },
        {
            "stats": {"count": "1"},
            "groupby_fields": [{"field": "state", "value": "20"}],
        },
        {"stats": {"count": "9"}},
    ]
    with scripted(ok(groups)) as server:
        found = client(server.url).distinct("incident", "state")
    [request] = server.seen
    assert request.path == "/api/now/stats/incident"
    assert request.query == {
        "sysparm_group_by": "state",
        "sysparm_count": "true",
        "sysparm_display_value": "all",
    }
    assert [(one.value, one.display) for one in found] == [("1", "New"), ("20", "20")]


def test_a_created_row_is_returned_with_values_and_labels() -> None:
    with scripted(Reply(201, json.dumps({"result": ROW}))) as server:
        record = client(server.url).create(
            "change_request", {"description": "ä\nb"}, fields=["state"]
        )

    assert (record.sys_id, record.value("state")) == (SYS_ID, "-5")
    assert record.display("state") == "New"
    assert not record.has("priority")
    assert json.loads(server.seen[0].body) == {"description": "ä\nb"}


@pytest.mark.parametrize("name", ["../sys_user", "incident/x", "Incident", ""])
def test_a_table_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="not usable"):
        client("http://127.0.0.1:1").list(name, fields=[])
