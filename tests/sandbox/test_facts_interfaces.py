"""The interfaces beside the Table API: facts 4."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

API = "[D:batch-api.md]"
TABLE = "/api/now/table/incident"
ONE: dict[str, Any] = {"incident": {"urgency": "1"}}
THREE = {"incidents": [{"urgency": "1"}, {"urgency": "1"}, {"urgency": "3"}]}
FIRST = "serviced_requests/0"
STATS = "GET stats/incident?sysparm_query=correlation_id={same}"
AGGREGATE = "[D:c_AggregateAPI.md]"
FILE = "table_name=incident&table_sys_id={incident}&file_name=a.txt"
FILES = "[D:c_AttachmentAPI.md]"
HELLO = {**ONE, "file": "hello"}
UPLOAD: dict[str, Any] = {
    "data": b"hello",
    "sent": {"Content-Type": "text/plain"},
    "given": ONE,
}
CHG = "/api/sn_chg_rest/v1/change"
CHANGES = "[D:change-management-api.md]"
KB = "GET /api/sn_km_api/knowledge/articles"
ARTICLES = "[D:knowledge-api.md]"
NEW: dict[str, Any] = {"change": {}}
ASKED: dict[str, Any] = {"change": {"type": "emergency"}, "moved": [{"state": "-3"}]}


def batch(
    id: str,
    source: str,
    item: dict[str, Any],
    body: dict[str, Any],
    number: Any = "1",
    **more: Any,
) -> Fact:
    """Say what comes back for one request in a batch."""
    text = item.pop("json", None)
    if text is not None:
        item["body"] = base64.b64encode(json.dumps(text).encode()).decode()
    sent = {
        "batch_request_id": number,
        "rest_requests": [
            {"id": "7", "method": "GET", "url": f"{TABLE}?sysparm_limit=1", **item}
        ],
    }
    return Fact(
        id,
        source,
        "POST v1/batch",
        json=sent,
        body=body,
        given=more.pop("given", ONE),
        **more,
    )


# fmt: off
FACTS = [
    batch(
        "a_list_in_a_batch", API, {},
        {f"{FIRST}/id": "7", f"{FIRST}/status_code": 200, f"{FIRST}/status_text": "OK", f"{FIRST}/body": re.compile("^[A-Za-z0-9+/=]+$"), f"{FIRST}/execution_time": int, "unserviced_requests": []}
    ),
    batch("the_number_is_a_text", "[T] [P]", {}, {"batch_request_id": "1"}, number=1),
    batch("headers_of_a_list", "[P]", {}, {f"{FIRST}/headers": list, "": re.compile('"name":"X-Total-Count"')}),
    batch("without_headers", API, {"exclude_response_headers": True}, {f"{FIRST}/headers": []}),
    batch(
        "a_create_in_a_batch", API, {"method": "POST", "url": TABLE, "json": {}},
        {f"{FIRST}/status_code": 201, f"{FIRST}/status_text": "Created"}
    ),
    batch(
        "an_update_in_a_batch", "[P]",
        {"method": "PATCH", "url": f"{TABLE}/{{incident}}", "json": {"urgency": "2"}}, {f"{FIRST}/status_code": 200}
    ),
    batch(
        "a_delete_in_a_batch", "[P]", {"method": "DELETE", "url": f"{TABLE}/{{incident}}"},
        {f"{FIRST}/status_code": 204}, who="admin"
    ),
    batch(
        "rights_in_a_batch", API, {"method": "DELETE", "url": f"{TABLE}/{{incident}}"},
        {f"{FIRST}/status_code": 403}
    ),
    batch(
        "a_rule_in_a_batch", "[P test_multi_update_with_failures]",
        {"method": "PATCH", "url": f"{TABLE}/{{incident}}", "json": {"state": "6"}}, {f"{FIRST}/status_code": 403}
    ),
    batch("nothing_in_a_batch", API, {"url": f"{TABLE}/nothing"}, {f"{FIRST}/status_code": 404}),
    batch(
        "a_batch_in_a_batch", "(unverified)", {"method": "POST", "url": "/api/now/batch"},
        {f"{FIRST}/status_code": 400}
    ),
    batch(
        "another_host", "(unverified)", {"url": "http://elsewhere.example/api/now/table/incident"},
        {f"{FIRST}/status_code": 400}
    ),
    batch(
        "a_long_address_in_a_batch", "[P]",
        {"url": f"{TABLE}?sysparm_query={'AAAA=BBBB^' * 2300}sys_id={{incident}}"},
        {f"{FIRST}/status_code": 200, "": re.compile("X-Total-Count\",\"value\":\"1\"")}
    ),
    Fact("no_batch", "(unverified)", "POST batch", 400, {"error/message": "Exception while reading request"}, json=[]),
    Fact("count", "[M]", f"{STATS}&sysparm_count=true", given=THREE, body={"result": {"stats": {"count": "3"}}}),
    Fact("count_of_nothing", "[M]", f"{STATS}&sysparm_count=true", body={"result/stats/count": "0"}),
    Fact(
        "groups", AGGREGATE, f"{STATS}&sysparm_count=true&sysparm_group_by=urgency", given=THREE,
        body={"result": [{"stats": {"count": "2"}, "groupby_fields": [{"field": "urgency", "value": "1"}]}, {"stats": {"count": "1"}, "groupby_fields": [{"field": "urgency", "value": "3"}]}]}
    ),
    Fact(
        "groups_by_label", AGGREGATE,
        f"{STATS}&sysparm_count=true&sysparm_group_by=urgency&sysparm_display_value=true", given=THREE,
        body={"result/0/groupby_fields/0/value": "1 - High"}
    ),
    Fact(
        "groups_with_both", AGGREGATE, f"{STATS}&sysparm_group_by=urgency&sysparm_display_value=all", given=THREE,
        body={"result/0/groupby_fields/0": {"field": "urgency", "value": "1", "display_value": "1 - High"}}
    ),
    Fact(
        "groups_under_a_condition", AGGREGATE,
        f"{STATS}&sysparm_count=true&sysparm_group_by=urgency&sysparm_having=count^urgency^>^1", given=THREE,
        body={"result/#": 1}
    ),
    Fact(
        "groups_in_another_order", AGGREGATE,
        f"{STATS}&sysparm_count=true&sysparm_group_by=urgency&sysparm_order_by=count", given=THREE,
        body={"result/0/stats/count": "1"}
    ),
    Fact(
        "sums", AGGREGATE, f"{STATS}&sysparm_sum_fields=urgency", given=THREE,
        body={"result/stats/sum/urgency": "5"}
    ),
    Fact(
        "averages", AGGREGATE, f"{STATS}&sysparm_avg_fields=urgency", given=THREE,
        body={"result/stats/avg/urgency": "1.6667"}
    ),
    Fact(
        "extremes", AGGREGATE, f"{STATS}&sysparm_min_fields=urgency&sysparm_max_fields=urgency,priority",
        given=THREE, body={"result/stats": {"min": {"urgency": "1"}, "max": {"urgency": "3", "priority": "5"}}}
    ),
    Fact(
        "counts_are_blind_to_rows", "(unverified)", f"{STATS}&sysparm_count=true", who="nobody", given=THREE,
        body={"result/stats/count": "3"}
    ),
    Fact(
        "a_file", FILES, f"POST attachment/file?{FILE}", 201,
        {"result/file_name": "a.txt", "result/size_bytes": "5", "result/content_type": "text/plain", "result/hash": hashlib.sha256(b"hello").hexdigest(), "result/state": "available", "result/chunk_size_bytes": "700000", "result/table_name": "incident", "result/table_sys_id": "{incident}", "result/download_link": re.compile("/api/now/attachment/[0-9a-f]{32}/file$")},
        {"Location": re.compile("/api/now/attachment/[0-9a-f]{32}/file$")}, **UPLOAD
    ),
    Fact(
        "a_file_in_version_1", "[P]", f"POST v1/attachment/file?{FILE}", 201,
        headers={"Location": re.compile("^http://[^/]+/api/now/v1/attachment/[0-9a-f]{32}/file$")}, **UPLOAD
    ),
    Fact(
        "a_file_without_its_name", FILES, "POST attachment/file?table_name=incident&table_sys_id={incident}", 400,
        **UPLOAD
    ),
    Fact("a_file_without_its_row", FILES, "POST attachment/file?table_name=incident&file_name=a", 400, **UPLOAD),
    Fact(
        "a_file_of_no_row", FILES, "POST attachment/file?table_name=incident&table_sys_id=x&file_name=a", 404,
        **UPLOAD
    ),
    Fact(
        "a_file_of_no_table", FILES, "POST attachment/file?table_name=no_such&table_sys_id=x&file_name=a", 400,
        {"error/message": "Invalid table no_such"}, **UPLOAD
    ),
    Fact(
        "a_file_as_it_came", FILES, "GET attachment/{file}/file", given=HELLO, body={"": "hello"},
        headers={"Content-Type": "text/plain"}
    ),
    Fact("about_a_file", FILES, "GET attachment/{file}", given=HELLO, body={"result/file_name": "a.txt"}),
    Fact(
        "files_of_a_row", FILES, "GET attachment?sysparm_query=table_name=incident^table_sys_id={incident}",
        given=HELLO, body={"result/#": 1, "result/0/sys_id": "{file}"}, headers={"X-Total-Count": "1"}
    ),
    Fact(
        "files_by_pairs", "[A]", "GET attachment?table_name=incident&table_sys_id={incident}", given=HELLO,
        body={"result/#": 1}
    ),
    Fact("files_are_rows", FILES, "GET table/sys_attachment/{file}", given=HELLO, body={"result/size_bytes": "5"}),
    Fact("a_file_is_deleted", FILES, "DELETE attachment/{file}", 204, given=HELLO),
    Fact("a_file_of_a_hidden_row", FILES, "GET attachment/{file}", 404, given=HELLO, who="nobody"),
    Fact(
        "files_go_with_their_row", "(unverified)", "GET attachment/{file}", 404, given=HELLO, who="admin",
        before=[("DELETE table/incident/{incident}", None)]
    ),
    Fact(
        "a_change", CHANGES, f"GET {CHG}/{{change}}", given=NEW,
        body={"result/state": {"display_value": "New", "value": "-5"}, "result/number/value": "{change_number}", "result/sys_created_on/display_value_internal": str}
    ),
    Fact(
        "changes_of_a_type", CHANGES, f"GET {CHG}/emergency?sysparm_query=correlation_id={{same}}", given=NEW,
        body={"result": []}
    ),
    Fact(
        "a_change_of_a_type", CHANGES, f"POST {CHG}/emergency", 200,
        {"result/type/value": "emergency", "result/chg_model/display_value": "Emergency"}, json={}
    ),
    Fact(
        "a_change_of_a_template", CHANGES, f"POST {CHG}/standard/{{template}}", 200,
        {"result/type/value": "standard", "result/std_change_producer_version/value": "{template}"}, given={"template": "x"}, json={}
    ),
    Fact("a_template_that_is_none", "(unverified)", f"POST {CHG}/standard/nothing", 404, json={}),
    Fact(
        "fields_that_are_none", CHANGES, f"PATCH {CHG}/{{change}}", 200,
        {"result/__meta/ignoredFields": ["nothing", "sys_created_by"]},
        json={"nothing": "x", "sys_created_by": "x", "risk": "2"}, given=NEW
    ),
    Fact(
        "a_state_by_its_label", CHANGES, f"PATCH {CHG}/normal/{{change}}?state=assess", 200,
        {"result/state/value": "-4"}, given=NEW
    ),
    Fact(
        "a_step_that_is_none", "[M]", f"PATCH {CHG}/{{change}}", 403,
        {"error/message": re.compile(r"^Change Request record could not be updated\. Operation against file 'change_request' was aborted by Business Rule 'Change Model: Check State Transition\^"), "error/detail": ""},
        json={"state": "-1"}, given=NEW
    ),
    Fact(
        "next_states", CHANGES, f"GET {CHG}/{{change}}/nextstates", given=NEW,
        body={"result/available_states": ["-4", "4", "-5"], "result/state_label": {"-4": "Assess", "4": "Canceled", "-5": "New"}, "result/state_transitions/0/0/from_state": "-5", "result/state_transitions/0/0/to_state": "-4", "result/state_transitions/0/0/transition_available": True, "result/state_transitions/0/0/automatic_transition": False, "result/state_transitions/0/0/conditions": []}
    ),
    Fact(
        "next_states_on_hold", "[D:t_PlaceAChangeRequestOnHold.md]", f"GET {CHG}/{{change}}/nextstates",
        given={"change": {"state": "-2", "on_hold": "true", "on_hold_reason": "x"}},
        body={"result/available_states": ["4", "-2"]}
    ),
    Fact(
        "next_states_in_review", "[D:normal-standard-emergency-states.md]", f"GET {CHG}/{{change}}/nextstates",
        given={"change": {"state": "0"}}, body={"result/available_states": ["3", "0"]}
    ),
    Fact(
        "an_approver_approves", CHANGES, f"PATCH {CHG}/{{change}}/approvals", 200, {"result/state/value": "-2"},
        json={"state": "approved", "comments": "ok"}, given=ASKED, who="board"
    ),
    Fact(
        "an_approver_rejects", CHANGES, f"PATCH {CHG}/{{change}}/approvals", 200, {"result/state/value": "-5"},
        json={"state": "rejected"}, given=ASKED, who="board"
    ),
    Fact("no_approver", CHANGES, f"PATCH {CHG}/{{change}}/approvals", 400, json={"state": "approved"}, given=ASKED),
    Fact(
        "no_answer", CHANGES, f"PATCH {CHG}/{{change}}/approvals", 400, json={"state": "maybe"}, given=ASKED,
        who="board"
    ),
    Fact(
        "tasks_of_a_change", CHANGES, f"GET {CHG}/{{change}}/task",
        given={"change": {}, "task": {"change_request": "{change}"}},
        body={"result/#": 1, "result/0/sys_id/value": "{task}"}
    ),
    Fact(
        "models", CHANGES, f"GET {CHG}/model?sysparm_query=ORDERBYname",
        body={"result/#": 3, "result/0/name/value": "Emergency"}
    ),
    Fact(
        "articles", ARTICLES, f"{KB}?query=multifactor",
        body={"result/articles/0/number": "KB0000101", "result/articles/0/id": re.compile("^kb_knowledge:"), "result/articles/0/title": str, "result/articles/0/snippet": str, "result/articles/0/rank": 1, "result/articles/0/score": float, "result/articles/0/link": str, "result/meta/count": 2, "result/meta/start": 0, "result/meta/end": 2, "result/meta/status": {"code": 200}}
    ),
    Fact(
        "articles_of_a_page", ARTICLES, f"{KB}?query=multifactor&limit=1&offset=1",
        body={"result/articles/#": 1, "result/articles/0/number": "KB0000102"}
    ),
    Fact(
        "articles_with_fields", ARTICLES, f"{KB}?query=multifactor&fields=number,author",
        body={"result/articles/0/fields/number": "KB0000101", "result/articles/0/fields/author": str, "result/articles/0/fields/text": ABSENT}
    ),
    Fact("articles_under_a_condition", ARTICLES, f"{KB}?filter=number=KB0000102", body={"result/articles/#": 1}),
    Fact("articles_in_another_language", ARTICLES, f"{KB}?language=de", body={"result/articles": []}),
    Fact("no_drafts", ARTICLES, f"{KB}?filter=number=KB0000103", body={"result/articles": []}),
    Fact(
        "the_release", "[M:LH Q9]", "GET table/sys_properties?sysparm_query=name=glide.war", who="admin",
        body={"result/0/value": re.compile(r"^glide-australia-\d\d-\d\d-\d{4}__patch\d")}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_other_interfaces_answer_as_on_an_instance(world: World, fact: Fact) -> None:
    world.check(fact)
