from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox import faults
from connector.sandbox.faults import Fault, Faults, WrongFault
from tests.sandbox.wire import CLIENT, INTEGRATION_WORD, error_of, mark, token_answer
from tests.servers import wait_until

if TYPE_CHECKING:
    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api


def count(api: Api, correlation_id: str) -> int:
    return len(api.list("task", f"correlation_id={correlation_id}"))


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("unauthorized", 401, "User is not authenticated"),
        ("business_rule", 403, "Operation Failed"),
        ("data_policy", 403, "Operation Failed"),
        ("acl", 403, "Operation Failed"),
        ("insufficient_rights", 403, "Insufficient rights to query records"),
        ("missing_scope", 403, "Missing required api access scope"),
        ("ip_filter", 403, "Security restricted"),
        ("rate_limit", 429, "Rate limit exceeded"),
        ("error", 500, "Transaction cancelled: maximum execution time exceeded"),
    ],
)
def test_a_refusal_writes_nothing(
    instance: Running, api: Api, kind: str, status: int, message: str
) -> None:
    same = mark()
    instance.faults.add(kind, method="POST", count=1)
    answer = api.send("POST", "table/incident", json={"correlation_id": same})
    assert error_of(answer)[:2] == (status, message)
    assert count(api, same) == 0


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("unavailable", 503, "maintenance"),
        ("bad_gateway", 502, "snow_adc"),
        ("hibernating", 200, "Your instance is hibernating"),
        ("redirect", 302, ""),
        ("accepted", 202, ""),
    ],
)
def test_some_answers_are_no_json_and_write_nothing(
    instance: Running, api: Api, kind: str, status: int, words: str
) -> None:
    same = mark()
    instance.faults.add(kind, method="POST", count=1)
    answer = api.send("POST", "table/incident", json={"correlation_id": same})
    assert answer.status_code == status
    assert words in answer.text
    assert not answer.text.startswith("{")
    assert count(api, same) == 0


@pytest.mark.parametrize(
    ("kind", "status"), [("error_after_commit", 500), ("forbidden_after_commit", 403)]
)
def test_some_failures_come_after_the_row_is_there(
    instance: Running, api: Api, kind: str, status: int
) -> None:
    same = mark()
    instance.faults.add(kind, method="POST", count=1)
    answer = api.send("POST", "table/incident", json={"correlation_id": same})
    assert answer.status_code == status
    assert count(api, same) == 1


@pytest.mark.parametrize(("kind", "rows"), [("cut_after_commit", 1), ("cut", 0)])
def test_a_cut_connection_gives_no_answer(
    instance: Running, api: Api, kind: str, rows: int
) -> None:
    same = mark()
    instance.faults.add(kind, method="POST", count=1)
    with pytest.raises(requests.ConnectionError):
        api.send("POST", "table/incident", json={"correlation_id": same})
    assert count(api, same) == rows


def test_a_truncated_answer_is_no_json_but_has_its_length(
    instance: Running, api: Api
) -> None:
    api.create("incident")
    instance.faults.add("truncated", method="GET", count=1)
    answer = api.send("GET", "table/incident?sysparm_limit=5")
    assert (answer.status_code, len(answer.content)) == (
        200,
        int(answer.headers["Content-Length"]),
    )
    assert "maximum execution time exceeded" in answer.text
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_rate_limit_says_when_to_come_back(instance: Running, api: Api) -> None:
    instance.faults.add("rate_limit", retry_after=7, count=1)
    answer = api.send("GET", "table/incident")
    assert answer.headers["Retry-After"] == "7"
    assert int(answer.headers["X-RateLimit-Reset"]) >= time.time() + 5
    assert answer.headers["X-RateLimit-Rule"]


def test_latency_comes_on_top_of_other_faults(instance: Running, api: Api) -> None:
    instance.faults.add("latency", ms=150)
    instance.faults.add("unavailable")
    start = time.monotonic()
    answer = api.send("GET", "table/incident")
    assert answer.status_code == 503
    assert time.monotonic() - start >= 0.15


def test_a_fault_strikes_only_its_table_method_and_count(
    instance: Running, api: Api
) -> None:
    fault = instance.faults.add("unavailable", table="incident", method="POST", count=2)
    api.create("change_request")
    api.list("incident", "urgency=1", limit=1)
    found = [api.send("POST", "table/incident", json={}).status_code for _ in range(3)]
    assert found == [503, 503, 201]
    assert fault.struck == 2


def test_oauth_fails_only_when_a_rule_says_so(instance: Running) -> None:
    form = {
        "grant_type": "password",
        "username": "m365.integration",
        "password": INTEGRATION_WORD,
        **CLIENT,
    }
    instance.faults.add("unavailable")
    assert token_answer(instance, **form).status_code == 200
    instance.faults.add("hibernating", path="oauth")
    answer = token_answer(instance, **form)
    assert "hibernating" in answer.text
    page = requests.get(f"{instance.url}/oauth_auth.do", timeout=10)
    assert "hibernating" in page.text


def test_a_share_strikes_the_same_requests_again_with_the_same_seed() -> None:
    def strikes() -> list[bool]:
        some = Faults([Fault("error", share=0.3)])
        return [some._strike("table", "GET", "")[1] is not None for _ in range(200)]

    first = strikes()
    assert first == strikes()
    assert 30 < sum(first) < 90


def test_rules_are_read_from_one_line() -> None:
    [first, second] = faults.parse(
        "cut_after_commit:table=incident,method=POST,share=0.1;rate_limit:retry_after=9"
    )
    assert (first.kind, first.table, first.method, first.share) == (
        *("cut_after_commit", "incident", "POST"),
        0.1,
    )
    assert (second.retry_after, second.count, second.path) == (9, None, "table")


@pytest.mark.parametrize(
    "text", ["nothing", "error:share=2", "error:share=x", "error:foo=1", "cut:path=x"]
)
def test_a_wrong_rule_is_refused(text: str) -> None:
    with pytest.raises(WrongFault):
        faults.parse(text)


def test_rules_are_set_and_removed_over_http(instance: Running, api: Api) -> None:
    url = f"{instance.url}/_sandbox/faults"
    rules = [{"kind": "unavailable", "method": "GET", "share": 1}]
    assert requests.put(url, json=rules, timeout=10).json()[0]["kind"] == "unavailable"
    assert api.send("GET", "table/incident").status_code == 503
    assert requests.get(url, timeout=10).json()[0]["struck"] == 1
    assert requests.put(url, json=[{"kind": "x"}], timeout=10).status_code == 400
    assert requests.delete(url, timeout=10).json() == []
    assert api.send("GET", "table/incident").status_code == 200


def test_another_site_cannot_turn_the_knobs(instance: Running) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    for path in ("reset", "faults"):
        method = "POST" if path == "reset" else "DELETE"
        url = f"{instance.url}/_sandbox/{path}"
        answer = requests.request(method, url, headers=headers, timeout=10)
        assert answer.status_code == 403


def test_the_figures_show_correlations_used_twice(instance: Running, api: Api) -> None:
    url, twice = f"{instance.url}/_sandbox/stats", mark()
    before = requests.get(url, timeout=10).json()
    for table in ("incident", "incident", "change_request"):
        api.create(table, correlation_id=twice if table == "incident" else mark())
    api.create("incident")
    after = requests.get(url, timeout=10).json()
    grown = {
        part: {name: after[part][name] - before[part][name] for name in after[part]}
        for part in ("tables", "correlated")
    }
    assert grown == {
        "tables": {"incident": 3, "change_request": 1},
        "correlated": {"incident": 2, "change_request": 1},
    }
    assert twice in after["duplicates"]


def test_requests_of_one_session_wait_for_each_other(
    instance: Running, api: Api
) -> None:
    path = "table/incident?sysparm_limit=1"
    cookie = api.send("GET", path).cookies["JSESSIONID"]
    headers = {"Cookie": f"JSESSIONID={cookie}"}
    sessions = instance.app.api.sessions
    session = sessions._known[cookie]

    with ThreadPoolExecutor() as pool:
        # The session is busy until the block ends.
        with sessions.enter(cookie):
            waits = [pool.submit(api.send, "GET", path, headers=headers)]
            waits.append(pool.submit(api.send, "GET", path, headers=headers))
            wait_until(lambda: session.waiting == 2, 20, "both in the queue")
            assert api.send("GET", path).status_code == 200
            assert not any(one.done() for one in waits)
        assert [one.result(20).status_code for one in waits] == [200, 200]


def test_the_queue_of_a_session_drops_what_is_too_much(
    instance: Running, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "table/incident?sysparm_limit=1"
    cookie = api.send("GET", path).cookies["JSESSIONID"]
    headers = {"Cookie": f"JSESSIONID={cookie}"}
    sessions = instance.app.api.sessions
    monkeypatch.setattr(sessions, "queue_limit", 1)
    monkeypatch.setattr(sessions, "patience", 0.0)
    session = sessions._known[cookie]

    def send() -> int:
        return api.send("GET", path, headers=headers).status_code

    with ThreadPoolExecutor() as pool:
        # The session is busy until the block ends: the next waits, the third is one
        # too many.
        with sessions.enter(cookie):
            waits = pool.submit(send)
            wait_until(lambda: session.waiting == 1, 20, "the second in the queue")
            assert send() == 202
            assert not waits.done()
        assert waits.result(20) == 200
    assert send() == 200


def test_a_cookie_alone_needs_the_token_of_its_session(
    instance: Running, api: Api
) -> None:
    cookie = api.send("GET", "table/incident?sysparm_limit=1").cookies["JSESSIONID"]
    url = f"{instance.url}/api/now/table/incident?sysparm_limit=1"
    headers = {"Cookie": f"JSESSIONID={cookie}"}
    refused = requests.get(url, headers=headers, timeout=10)
    assert refused.status_code == 401
    headers["X-UserToken"] = refused.headers["X-UserToken-Response"]
    assert requests.get(url, headers=headers, timeout=10).status_code == 200
