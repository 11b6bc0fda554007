"""How an instance says no, and how it fails: facts 2.6, 2.7 and 2.10."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

CREATE = "POST table/incident"
LIST = "GET table/incident?sysparm_limit=1"
ONE: dict[str, Any] = {"incident": {}}
LARGE = b'{"description":"' + b"x" * (10 * 1024 * 1024) + b'"}'
CANCELLED = "Transaction cancelled: maximum execution time exceeded"
DEBUG = f"{CANCELLED}. Check logs for error trace or enable glide.rest.debug property to verify REST request processing"
RULE = {
    "policy": {
        "kind": "business_rule",
        "table": "incident",
        "name": "Only small ones",
        "condition": "short_description={same}",
    }
}


def refused(message: Any, detail: Any = ABSENT) -> dict[str, Any]:
    body = {"error/message": message, "status": "failure"}
    return body if detail is ABSENT else body | {"error/detail": detail}


def struck(
    kind: str,
    source: str,
    status: int,
    body: dict[str, Any],
    ask: str = LIST,
    headers: dict[str, Any] | None = None,
    **options: Any,
) -> Fact:
    """Say what a request meets when a fault of this kind strikes."""
    return Fact(
        f"{kind}_{ask[:4].strip().lower()}",
        source,
        ask,
        status,
        body,
        headers or {},
        json={} if ask == CREATE else None,
        given={**ONE, "fault": {"kind": kind, **options}},
    )


# fmt: off
FACTS = [
    Fact("no_such_table", "[M]", "GET table/no_such", 400, refused("Invalid table no_such", None)),
    Fact(
        "no_such_table_for_an_admin", "[M]", "GET table/no_such", 400, refused("Invalid table no_such", None),
        who="admin"
    ),
    Fact(
        "no_such_table_for_nobody_in_particular", "[M]", "GET table/no_such", 400,
        refused("Invalid table no_such", None), who="nobody"
    ),
    Fact("no_such_table_to_write", "[M]", "POST table/no_such", 400, refused("Invalid table no_such", None), json={}),
    Fact(
        "no_such_table_to_count", "[M]", "GET stats/no_such?sysparm_count=true", 400,
        refused("Invalid table no_such", None)
    ),
    Fact(
        "no_such_resource", "[C:mattermost] [D:r_RESTAPIHTTPResponseCodes.md]", "GET nothing/here", 400,
        refused("Requested URI does not represent any resource: /api/now/nothing/here", None)
    ),
    Fact(
        "no_such_resource_of_an_app", "[C:mattermost]", "GET /api/x_app/thing", 400,
        refused(re.compile("^Requested URI does not represent any resource"))
    ),
    Fact(
        "too_large", "[K:KB0747638]", CREATE, 400,
        refused("Exception while reading request", f"Rejected large REST payload with content-length = {len(LARGE)} bytes. Max allowed: 10485760 bytes."),
        data=LARGE, sent={"Content-Type": "application/json"}
    ),
    Fact(
        "a_property_allows_more", "[K:KB0747638]", CREATE, 201, data=LARGE,
        sent={"Content-Type": "application/json"}, given={"property": {"glide.rest.max_content_length": "25"}}
    ),
    Fact(
        "no_json", "(unverified)", CREATE, 400,
        refused("Exception while reading request", "The payload is not valid JSON."), data="{",
        sent={"Content-Type": "application/json"}
    ),
    Fact("no_way_to_ask", "[D] (words: unverified)", "DELETE table/incident", 405, refused("Method Not Allowed")),
    Fact(
        "no_way_to_put_a_list", "[D] (words: unverified)", "PUT table/incident", 405,
        refused("Method Not Allowed"), json={}
    ),
    Fact(
        "no_way_to_post_to_a_row", "[D] (words: unverified)", "POST table/incident/{incident}", 405,
        refused("Method Not Allowed"), json={}, given=ONE
    ),
    Fact(
        "no_way_to_read_short_addresses", "[D] (words: unverified)", "GET tinyurl", 405,
        refused("Method Not Allowed")
    ),
    Fact(
        "a_short_address_for_nothing", "(unverified)", "POST tinyurl", 400,
        refused("Exception while reading request"), data="nothing"
    ),
    Fact(
        "not_acceptable", "[M] pattern", LIST, 406,
        refused(re.compile("Supported response media types for this service are: ")), sent={"Accept": "image/png"}
    ),
    Fact(
        "not_found", "demisto fixture", "GET table/incident/x", 404,
        refused("No Record found", "Record doesn't exist or ACL restricts the record retrieval")
    ),
    Fact(
        "may_not_insert", "Azure ITSMC docs", CREATE, 403,
        refused("Operation Failed", "ACL Exception Insert Failed due to security constraints"), who="nobody",
        json={}
    ),
    Fact(
        "may_not_update", "Azure ITSMC docs", "PATCH table/sys_user/{lee_id}", 403,
        refused("Operation Failed", "ACL Exception Update Failed due to security constraints"), json={"title": "x"}
    ),
    Fact(
        "may_not_delete", "Azure ITSMC docs", "DELETE table/incident/{incident}", 403,
        refused("Operation Failed", "ACL Exception Delete Failed due to security constraints"), given=ONE
    ),
    Fact(
        "what_does_not_show_is_not_found", "[M:LH]", "GET table/incident/{incident}", 404,
        refused("No Record found"), who="nobody", given=ONE
    ),
    Fact(
        "nor_can_it_be_changed", "(unverified)", "PATCH table/incident/{incident}", 404,
        refused("No Record found"), who="nobody", json={}, given=ONE
    ),
    Fact(
        "a_hidden_row_is_not_found", "[M:LH]", "GET table/incident/{incident}", 404, refused("No Record found"),
        given={**ONE, "hidden": {"rows": ["{incident}"]}}
    ),
    Fact(
        "a_business_rule", "[M] [K:KB0813377]", CREATE, 403,
        refused("Operation Failed", re.compile(r"^Operation against file 'incident' was aborted by Business Rule 'Only small ones\^[0-9a-f]{32}'\. Business Rule Stack:Only small ones$")),
        json={"short_description": "{same}"}, given=RULE
    ),
    Fact("a_business_rule_for_others", "[M]", CREATE, 201, json={"short_description": "x"}, given=RULE),
    Fact(
        "a_business_rule_on_change", "[M]", "PATCH table/incident/{incident}", 403, refused("Operation Failed"),
        json={"short_description": "{same}"}, given={**ONE, **RULE}
    ),
    Fact(
        "a_business_rule_on_the_parent", "(unverified)", CREATE, 403, refused("Operation Failed"), json={},
        given={"policy": {"kind": "business_rule", "table": "task", "name": "Closed for today"}}
    ),
    Fact(
        "a_data_policy", "[M:LH] [DefectDojo]", CREATE, 403,
        refused("Operation Failed", "Data Policy Exception: The following fields are mandatory: Caller"), json={},
        given={"policy": {"kind": "data_policy", "table": "incident", "fields": "caller_id"}}
    ),
    Fact(
        "a_data_policy_that_is_met", "[M:LH]", CREATE, 201, json={"caller_id": "{lee_id}"},
        given={"policy": {"kind": "data_policy", "table": "incident", "fields": "caller_id"}}
    ),
    Fact(
        "a_data_policy_under_a_condition", "[M:LH]", CREATE, 201, json={"urgency": "3"},
        given={"policy": {"kind": "data_policy", "table": "incident", "fields": "caller_id", "condition": "urgency=1"}}
    ),
    Fact(
        "a_data_policy_about_notes", "(unverified)", CREATE, 403,
        refused("Operation Failed", "Data Policy Exception: The following fields are mandatory: Work notes"),
        json={"comments": "x"},
        given={"policy": {"kind": "data_policy", "table": "incident", "fields": "work_notes"}}
    ),
    Fact(
        "a_mandatory_field", "[D:c_DataPolicy.md] (in the dictionary: unverified)", CREATE, 403,
        refused("Operation Failed", "Data Policy Exception: The following fields are mandatory: Description, Location"),
        json={}, given={"policy": {"kind": "mandatory", "table": "incident", "fields": "location description"}}
    ),
    Fact("what_forms_ask_for_is_not_asked_for_here", "[M] empty insert", CREATE, 201, json={}),
    Fact(
        "unreadable_field_in_a_query", "[M:LH]", "GET table/incident?sysparm_query=due_dateISNOTEMPTY", 403,
        refused("Insufficient rights to query records", "Field(s) present in the query do not have permission to be read"),
        given={"hidden": {"fields": ["incident.due_date"]}}
    ),
    Fact(
        "unreadable_field_in_an_order", "[M:LH]", "GET table/incident?sysparm_query=ORDERBYdue_date", 403,
        refused("Insufficient rights to query records"), given={"hidden": {"fields": ["incident.due_date"]}}
    ),
    Fact(
        "unreadable_field_behind_a_reference", "[M:LH]",
        "GET table/incident?sysparm_query=opened_by.user_passwordSTARTSWITHp", 403,
        refused("Insufficient rights to query records")
    ),
    Fact(
        "an_unreadable_field_is_not_written", "(unverified)", "PATCH table/incident/{incident}",
        json={"due_date": "2026-12-01 10:00:00", "urgency": "1"},
        given={**ONE, "hidden": {"fields": ["incident.due_date"]}},
        body={"result/urgency": "1", "result/due_date": ABSENT, "result/sys_mod_count": "1"}
    ),
    Fact(
        "a_table_without_web_services", "[D:c_RESTAPI.md] (words: unverified)", LIST, 403,
        refused("User Not Authorized"), given={"table": {"incident": {"ws_access": "false"}}}
    ),
    struck("unauthorized", "[M]", 401, refused("User is not authenticated")),
    struck(
        "acl", "Azure ITSMC docs", 403,
        refused("Operation Failed", "ACL Exception Insert Failed due to security constraints"), CREATE
    ),
    struck(
        "business_rule", "[M] [K:KB0813377]", 403,
        refused("Operation Failed", re.compile("^Operation against file 'incident' was aborted by Business Rule")),
        CREATE
    ),
    struck(
        "data_policy", "[M:LH]", 403,
        refused("Operation Failed", "Data Policy Exception: The following fields are mandatory: Resolution code"),
        CREATE, rule="Resolution code"
    ),
    struck("insufficient_rights", "[M:LH]", 403, refused("Insufficient rights to query records")),
    struck("api_acl", "[M] [K:KB0686244]", 403, refused("User Not Authorized", "Failed API level ACL Validation")),
    struck(
        "missing_scope", "[D:rest-api-scope-troubleshooting.md]", 403,
        refused(re.compile("Missing required api access scope"))
    ),
    struck(
        "ip_filter", "[K:KB0793431] (body: unverified)", 403,
        refused("Security restricted", re.compile(r"Access restricted \([0-9.]+ not authorized\)"))
    ),
    struck(
        "rate_limit", "[D:inbound-REST-API-rate-limiting.md]", 429,
        refused("Rate limit exceeded", "Rate limit of 100 requests per hour for Table API exceeded"),
        headers={"Retry-After": "7", "X-RateLimit-Limit": "100", "X-RateLimit-Reset": re.compile(r"^\d{10}$"), "X-RateLimit-Rule": re.compile("^[0-9a-f]{32}$"), "X-RateLimit-Remaining": ABSENT},
        retry_after=7
    ),
    struck(
        "rate_limit", "[K:KB0546297] no room on the node", 429, refused(str), CREATE,
        {"Retry-After": ABSENT, "X-RateLimit-Rule": ABSENT}, retry_after=0
    ),
    struck("error", "[C:DataDog]", 500, refused(CANCELLED, DEBUG)),
    struck("error_after_commit", "[M]", 500, refused(CANCELLED, DEBUG), CREATE),
    struck("forbidden_after_commit", "[K:KB2697679]", 403, refused("Operation Failed"), CREATE),
    struck(
        "broken_off", "[K:KB0778443]", 200,
        {"result": list, "error/message": CANCELLED, "error/detail": DEBUG, "status": "failure"}
    ),
    struck(
        "truncated", "[K:KB0778443] malformed in a row", 200,
        {"": re.compile(f'"message":"{CANCELLED}".*"status":"failure"}}$')}
    ),
    struck(
        "bad_gateway", "[M:LH]", 502, {"": re.compile("snow_adc")},
        headers={"Content-Type": re.compile("^text/html")}
    ),
    struck(
        "unavailable", "[K:KB0546297]", 503, {"": re.compile("maintenance")},
        headers={"Content-Type": re.compile("^text/html")}
    ),
    struck(
        "hibernating", "[M:LH]", 200, {"": re.compile("Instance Hibernating page.*Your instance is hibernating")},
        headers={"Content-Type": re.compile("^text/html")}
    ),
    struck(
        "asleep", "mattermost mock", 302, {},
        headers={"Location": "https://developer.servicenow.com/dev.do#!/home?wu=true"}
    ),
    struck("redirect", "[D:authorization-code-grant.md]", 302, {}, headers={"Location": "/login.do"}),
    struck("accepted", "[K:KB0546297]", 202, {"": re.compile("^$")}, CREATE),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_an_instance_says_no_in_these_words(world: World, fact: Fact) -> None:
    world.check(fact)
