"""Batch, Aggregate and Attachment API."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.wire import error_of, mark

if TYPE_CHECKING:
    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api


def item(number: str, method: str, url: str, body: Any = None) -> dict[str, Any]:
    headers = [{"name": "Content-Type", "value": "application/json"}]
    text = "" if body is None else base64.b64encode(json.dumps(body).encode()).decode()
    return {
        "id": number,
        "method": method,
        "url": url,
        "headers": headers,
        "body": text,
    }


def batch(api: Api, *items: dict[str, Any]) -> dict[str, dict[str, Any]]:
    body = {"batch_request_id": 1, "rest_requests": list(items)}
    answer = api.send("POST", "v1/batch", json=body).json()
    assert answer["batch_request_id"] == "1"
    assert answer["unserviced_requests"] == []
    return {one["id"]: one for one in answer["serviced_requests"]}


def body_of(one: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(one["body"]))


def test_a_batch_answers_each_request_by_itself(api: Api) -> None:
    same = mark()
    row = api.create("incident", correlation_id=same)
    path = "/api/now/table/incident"
    done = batch(
        api,
        item("1", "GET", f"{path}?sysparm_query=correlation_id={same}"),
        item("2", "POST", path, {"correlation_id": same}),
        item("3", "PATCH", f"{path}/{row['sys_id']}", {"state": "7"}),
        item("4", "PUT", f"{path}/{row['sys_id']}", {"urgency": "1"}),
        item("5", "GET", f"{path}/{'0' * 32}"),
        item("6", "POST", "/api/now/batch", {}),
        item("7", "GET", "http://elsewhere.example/api/now/table/incident"),
    )
    statuses = {number: one["status_code"] for number, one in done.items()}
    assert statuses == {
        "1": 200,
        "2": 201,
        "3": 403,
        "4": 200,
        "5": 404,
        "6": 400,
        "7": 400,
    }
    assert done["2"]["status_text"] == "Created"
    headers = {one["name"]: one["value"] for one in done["1"]["headers"]}
    assert headers["X-Total-Count"] == "1"
    assert [found["sys_id"] for found in body_of(done["1"])["result"]] == [
        row["sys_id"]
    ]
    assert body_of(done["4"])["result"]["priority"] == "3"
    assert len(api.list("incident", f"correlation_id={same}")) == 2


def test_faults_strike_single_requests_of_a_batch(instance: Running, api: Api) -> None:
    instance.faults.add("business_rule", table="incident", method="POST", count=1)
    path = "/api/now/table/incident"
    done = batch(api, item("1", "POST", path, {}), item("2", "POST", path, {}))
    assert [one["status_code"] for one in done.values()] == [403, 201]


@pytest.mark.parametrize("body", ["nothing", "[]", '{"rest_requests": 1}'])
def test_what_is_no_batch_is_refused(api: Api, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.send("POST", "batch", data=body, headers=headers)
    assert error_of(answer)[0] == 400


@pytest.fixture
def counted(api: Api) -> str:
    same = mark()
    for urgency in ("1", "1", "2", "3"):
        api.create("incident", correlation_id=same, urgency=urgency, impact=urgency)
    return f"correlation_id={same}"


def stats(api: Api, query: str, **options: str) -> Any:
    params = {f"sysparm_{name}": value for name, value in options.items()}
    answer = api.send(
        "GET", "stats/incident", params={"sysparm_query": query, **params}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_numbers_are_summed_up(api: Api, counted: str) -> None:
    found = stats(
        api,
        counted,
        avg_fields="urgency",
        min_fields="urgency,no_such_field",
        max_fields="urgency,priority",
        sum_fields="urgency",
    )
    assert found["stats"] == {
        "avg": {"urgency": "1.7500"},
        "min": {"urgency": "1"},
        "max": {"urgency": "3", "priority": "5"},
        "sum": {"urgency": "7"},
    }


def groups(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(g["groupby_fields"][0]["value"], g["stats"]["count"]) for g in found]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("1", "2"), ("2", "1"), ("3", "1")]),
        ({"order_by": "urgency^DESC"}, [("3", "1"), ("2", "1"), ("1", "2")]),
        ({"order_by": "count^DESC"}, [("1", "2"), ("2", "1"), ("3", "1")]),
        ({"having": "count^urgency^>^1"}, [("1", "2")]),
        ({"having": "max^impact^>=^2,count^urgency^=^1"}, [("2", "1"), ("3", "1")]),
        ({"having": "nonsense"}, [("1", "2"), ("2", "1"), ("3", "1")]),
        (
            {"display_value": "true"},
            [("1 - High", "2"), ("2 - Medium", "1"), ("3 - Low", "1")],
        ),
    ],
)
def test_rows_are_counted_in_groups(
    api: Api, counted: str, options: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    found = stats(api, counted, count="true", group_by="urgency", **options)
    assert groups(found) == expected


def upload(api: Api, record: str, **changed: str) -> Any:
    params = {
        "table_name": "incident",
        "table_sys_id": record,
        "file_name": "a.txt",
        **changed,
    }
    return api.send(
        "POST",
        "v1/attachment/file",
        params=params,
        data=b"hello",
        headers={"Content-Type": "text/plain"},
    )


def test_a_file_may_come_in_a_form(api: Api) -> None:
    row = api.create("incident")
    answer = api.send(
        "POST",
        "attachment/upload",
        data={"table_name": "incident", "table_sys_id": row["sys_id"]},
        files={"uploadFile": ("b.csv", b"1,2", "text/csv")},
    )
    made = answer.json()["result"]
    assert (answer.status_code, made["file_name"]) == (201, "b.csv")
    assert (made["content_type"], made["size_bytes"]) == ("text/csv", "3")


def test_files_show_for_who_reads_the_record(api: Api, nobody_api: Api) -> None:
    row = api.create("incident")
    made = upload(api, row["sys_id"]).json()["result"]
    assert nobody_api.send("GET", f"attachment/{made['sys_id']}").status_code == 404
    assert upload(nobody_api, row["sys_id"]).status_code == 404


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"url": "/api/now/table/incident", "headers": 5},
        {"url": "/api/now/table/incident", "headers": ["x"]},
        {"url": "/api/now/table/incident", "headers": [{"name": "a\nb"}]},
        {"url": "/api/now/table/incident", "method": "\u00e9"},
        {"url": "/api/now/table/incident", "body": "no base 64"},
        {"url": 7},
    ],
)
def test_a_request_that_is_none_fails_by_itself(api: Api, item: dict[str, Any]) -> None:
    body = {"batch_request_id": "1", "rest_requests": [{"id": "1", **item}]}
    answer = api.send("POST", "batch", json=body)
    [one] = answer.json()["serviced_requests"]
    assert one["status_code"] in {400, 405}


def test_nothing_asked_for_is_nothing_counted(api: Api) -> None:
    assert stats(api, "number=INC0") == {"stats": {}}
