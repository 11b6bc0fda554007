from __future__ import annotations

import json
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from http.client import HTTPConnection
from itertools import pairwise
from threading import Thread
from types import SimpleNamespace
from urllib.parse import quote, urlencode, urlsplit

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from connector.sandbox import graph, graph_scores
from connector.sandbox.controls import CONTROLS

TODAY = date(2026, 11, 21)
SCORES = "/graph/v1.0/security/secureScores"
PROFILES = "/graph/v1.0/security/secureScoreControlProfiles"
TOKEN = "/graph/tenant.example/oauth2/v2.0/token"
VENDOR = {
    "provider": "SecureScore",
    "providerVersion": None,
    "subProvider": None,
    "vendor": "Microsoft",
}
BEARER = {"Authorization": "Bearer anything"}
FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "secret",
    "scope": "https://graph.microsoft.com/.default",
}


class QuietHandler(WSGIRequestHandler):
    def log(self, type, message, *args):
        pass


@Request.application
def application(request):
    return graph.handle(request) or Response("not Graph", status=418)


@pytest.fixture(scope="module")
def port():
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=QuietHandler
    )
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SANDBOX_GRAPH_{name}", raising=False)
    monkeypatch.setattr(graph_scores, "today", lambda: TODAY)
    graph.reset()


@pytest.fixture
def call(port):
    def send(path, method="GET", body=None, headers=BEARER, form=None):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        headers = dict(headers)
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None and not isinstance(body, str):
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return SimpleNamespace(
            status=answer.status,
            headers=answer.headers,
            json=json.loads(text) if is_json else None,
        )

    return send


def follow(call, path):
    pages = []
    while path:
        page = call(path)
        assert page.status == 200, page.json
        pages.append(page.json["value"])
        assert len(pages) < 10
        link = page.json.get("@odata.nextLink", "")
        path = link[link.index("/graph/") :] if link else ""
    return pages


def everything(call, path):
    return [row for page in follow(call, path) for row in page]


def query(path, **options):
    text = "&".join(f"${name}={quote(value)}" for name, value in options.items())
    return f"{path}?{text}"


# Tokens


def test_client_credentials_earn_a_token_that_is_accepted(call, monkeypatch):
    monkeypatch.setenv("SANDBOX_GRAPH_TOKEN", "the-right-one")
    answer = call(TOKEN, "POST", form=FORM, headers={})
    assert answer.status == 200
    assert answer.json == {
        "token_type": "Bearer",
        "expires_in": 3599,
        "ext_expires_in": 3599,
        "access_token": "the-right-one",
    }
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert call(f"{SCORES}?$top=1", headers=headers).status == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"scope": "SecurityEvents.Read.All"}, 400, "invalid_scope"),
        ({"client_id": "another"}, 400, "unauthorized_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_a_wrong_token_request_is_refused(call, monkeypatch, change, status, error):
    monkeypatch.setenv("SANDBOX_GRAPH_CLIENT_ID", "app")
    monkeypatch.setenv("SANDBOX_GRAPH_CLIENT_SECRET", "secret")
    answer = call(TOKEN, "POST", form=FORM | change, headers={})
    assert (answer.status, answer.json["error"]) == (status, error)
    assert "access_token" not in answer.json
    assert answer.json["error_description"].startswith("AADSTS")


@pytest.mark.parametrize(
    ("expected", "header", "status"),
    [
        (None, None, 401),
        (None, "Bearer ", 401),
        (None, "Basic YTpi", 401),
        (None, "Bearer anything", 200),
        ("the-right-one", "Bearer another", 401),
        ("the-right-one", "Bearer the-right-one", 200),
        ("with=inside=", "Bearer with=inside=", 200),
    ],
)
def test_bearer_token_is_required(call, monkeypatch, expected, header, status):
    if expected:
        monkeypatch.setenv("SANDBOX_GRAPH_TOKEN", expected)
    headers = {"Authorization": header} if header else {}
    answer = call(f"{SCORES}?$top=1", headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.json["error"]["code"] == "InvalidAuthenticationToken"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


# Errors, headers, faults


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/graph/v1.0/security/alerts", 404, "itemNotFound"),
        ("GET", "/graph/beta/security/secureScores", 404, "itemNotFound"),
        ("GET", "/graph/", 404, "itemNotFound"),
        ("GET", f"{SCORES}/nothing", 404, "itemNotFound"),
        ("GET", f"{PROFILES}/nothing", 404, "itemNotFound"),
        ("PATCH", f"{PROFILES}/nothing", 404, "itemNotFound"),
        ("POST", SCORES, 405, "notAllowed"),
        ("DELETE", f"{PROFILES}/AdminMFAV2", 405, "notAllowed"),
    ],
)
def test_errors_have_the_shape_of_graph(call, method, path, status, code):
    answer = call(path, method, headers=BEARER | {"client-request-id": "mine"})
    assert answer.status == status
    assert answer.json["error"]["code"] == code
    assert answer.json["error"]["message"]
    inner = answer.json["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["client-request-id"] == answer.headers["client-request-id"] == "mine"


def test_paths_elsewhere_are_left_to_others(call):
    assert call("/api/now/table/incident").status == 418
    assert call("/graphics").status == 418


def test_answers_carry_the_headers_of_odata(call):
    answer = call(f"{SCORES}?$top=1")
    assert answer.headers["OData-Version"] == "4.0"
    assert "odata.metadata=minimal" in answer.headers["Content-Type"]
    assert answer.headers["request-id"] == answer.headers["client-request-id"]


@pytest.mark.parametrize(
    ("wish", "status", "code", "retry_after"),
    [
        ({"throttle": 2, "retry_after": 3}, 429, "activityLimitReached", "3"),
        ({"throttle": 2}, 429, "activityLimitReached", None),
        ({"throttle": 2, "error": 503}, 503, "serviceNotAvailable", None),
        ({"throttle": 2, "error": 403}, 403, "accessDenied", None),
        ({"throttle": 2, "error": 502}, 502, "generalException", None),
    ],
)
def test_faults_hit_the_next_requests_only(call, wish, status, code, retry_after):
    assert call("/graph/_control", "PUT", wish, headers={}).json == {"waiting": 2}
    for _ in range(2):
        answer = call(SCORES)
        assert (answer.status, answer.json["error"]["code"]) == (status, code)
        assert answer.headers.get("Retry-After") == retry_after
    assert call(f"{SCORES}?$top=1").status == 200


@pytest.mark.parametrize(
    "wish", [{"throttle": "x"}, {"error": 200}, {"retry_after": "soon"}, [], "{"]
)
def test_an_unclear_fault_is_refused(call, wish):
    assert call("/graph/_control", "PUT", wish, headers={}).status == 400
    assert graph.faults == []


def test_reset_forgets_faults_and_states(call):
    call(f"{PROFILES}/AdminMFAV2", "PATCH", {"vendorInformation": VENDOR})
    call("/graph/_control", "PUT", {"throttle": 5}, headers={})
    call("/graph/_control", "DELETE", headers={})
    profile = call(f"{PROFILES}/AdminMFAV2").json
    assert [row["updatedDateTime"] for row in profile["controlStateUpdates"]] == [None]


# Scores


def test_ninety_days_come_newest_first_in_pages(call):
    pages = follow(call, SCORES)
    assert [len(page) for page in pages] == [30, 30, 30]
    days = [row["createdDateTime"] for page in pages for row in page]
    wanted = [TODAY - timedelta(days=age) for age in range(90)]
    assert days == [f"{day}T00:00:00Z" for day in wanted]


def test_page_carries_an_odata_envelope(call, port):
    page = call(f"{SCORES}?$count=true").json
    root = f"http://127.0.0.1:{port}/graph/v1.0/"
    assert page["@odata.context"] == f"{root}$metadata#security/secureScores"
    assert page["@odata.nextLink"].startswith(f"{root}security/secureScores?")
    assert page["@odata.count"] == 90


@pytest.mark.parametrize(
    ("options", "sizes", "first_age"),
    [
        ({"top": "1"}, [1], 0),
        ({"top": "0"}, [0], None),
        ({"top": "45"}, [30, 15], 0),
        ({"top": "500"}, [30, 30, 30], 0),
        ({"skip": "80"}, [10], 80),
        ({"top": "35", "skip": "10"}, [30, 5], 10),
        ({"skip": "500"}, [0], None),
        ({"filter": "createdDateTime ge 2026-11-15T00:00:00Z"}, [7], 0),
        ({"filter": "createdDateTime gt 2026-11-15T00:00:00Z"}, [6], 0),
        ({"filter": "createdDateTime ge 2026-11-15T01:00:00+01:00"}, [7], 0),
        (
            {
                "filter": "createdDateTime ge 2026-09-01T00:00:00Z"
                " and createdDateTime lt 2026-11-01T00:00:00Z",
                "top": "40",
            },
            [30, 10],
            21,
        ),
        ({"orderby": "createdDateTime asc"}, [30, 30, 30], 89),
        ({"orderby": "createdDateTime desc", "top": "3"}, [3], 0),
    ],
)
def test_query_options_choose_the_days(call, options, sizes, first_age):
    pages = follow(call, query(SCORES, **options))
    assert [len(page) for page in pages] == sizes
    if first_age is not None:
        first = TODAY - timedelta(days=first_age)
        assert pages[0][0]["createdDateTime"] == f"{first}T00:00:00Z"


def test_count_ignores_paging_but_not_the_filter(call):
    wanted = "createdDateTime ge 2026-11-15T00:00:00Z"
    page = call(query(SCORES, count="true", top="2", filter=wanted)).json
    assert (page["@odata.count"], len(page["value"])) == (7, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"top": "-1"},
        {"top": "many"},
        {"skip": "x"},
        {"skiptoken": "x"},
        {"skiptoken": "LTU6OQ=="},
        {"filter": "createdDateTime ge yesterday"},
        {"filter": "createdDateTime ge 2026-11-15T00:00:00"},
        {"filter": "createdDateTime ge 5"},
        {"filter": "createdDateTime near 2026-11-15T00:00:00Z"},
        {"filter": "createdDateTime ge 2026-11-15T00:00:00Z and"},
        {"filter": "currentScore gt 1 or currentScore lt 1"},
        {"filter": "colour eq 'red'"},
        {"select": "colour"},
        {"orderby": "controlScores"},
        {"expand": "controlScores"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(call, options):
    answer = call(query(SCORES, **options))
    assert answer.status == 400
    assert answer.json["error"]["code"] == "invalidRequest"


def test_select_keeps_the_chosen_properties(call):
    rows = everything(call, query(SCORES, select="id,currentScore"))
    assert len(rows) == 90
    assert all(set(row) == {"id", "currentScore"} for row in rows)


def test_one_score_is_found_by_its_id(call):
    newest = call(f"{SCORES}?$top=1").json["value"][0]
    found = call(f"{SCORES}/{newest['id']}").json
    assert found.pop("@odata.context").endswith("#security/secureScores/$entity")
    assert found == newest
    assert newest["id"] == f"{newest['azureTenantId']}_{TODAY}"


def test_score_has_the_types_of_graph(call):
    score = call(f"{SCORES}?$top=1").json["value"][0]
    wanted = {
        "id": str,
        "azureTenantId": str,
        "activeUserCount": int,
        "createdDateTime": str,
        "currentScore": float,
        "enabledServices": list,
        "licensedUserCount": int,
        "maxScore": float,
        "vendorInformation": dict,
        "averageComparativeScores": list,
        "controlScores": list,
    }
    assert {key: type(value) for key, value in score.items()} == wanted
    assert score["vendorInformation"] == VENDOR


def test_points_add_up_every_day(call):
    most = {key: control["maxScore"] for key, control in CONTROLS.items()}
    for score in everything(call, SCORES):
        rows = score["controlScores"]
        total = sum(row["score"] for row in rows)
        assert score["currentScore"] == pytest.approx(total, abs=0.001)
        scored = [row["controlName"] for row in rows if row["controlName"] in most]
        assert score["maxScore"] == sum(most[name] for name in scored)
        assert len(scored) == len(set(scored)) >= 70


def test_every_control_score_is_plausible(call):
    sentence = re.compile(r"[A-Z0-9][^{}]+\.")
    for row in call(f"{SCORES}?$top=1").json["value"][0]["controlScores"]:
        control = CONTROLS.get(row["controlName"])
        if control is None:
            assert row["score"] == 0
            continue
        assert row["controlCategory"] == control["controlCategory"]
        assert 0 <= row["score"] <= control["maxScore"] <= 10
        share = 100 * row["score"] / control["maxScore"]
        assert row["scoreInPercentage"] == pytest.approx(share, abs=1)
        assert sentence.fullmatch(row["implementationStatus"])
        assert row["lastSynced"] < f"{TODAY}T00:00:00Z"
        if "on" in row:
            assert row["on"] == ("true" if row["score"] else "false")
        else:
            assert 0 <= int(row["count"]) <= int(row["total"])
            missing = str(int(row["total"]) - int(row["count"]))
            assert missing in row["implementationStatus"].split()


def test_history_rises_with_setbacks_and_one_jump(call):
    scores = everything(call, SCORES)[::-1]
    percents = [100 * score["currentScore"] / score["maxScore"] for score in scores]
    steps = [after - before for before, after in pairwise(percents)]
    assert 47 < percents[-1] < 49
    assert 8 < percents[-1] - percents[0] < 20
    assert sum(step > 3.5 for step in steps) == 1
    assert 3 <= sum(step < -0.4 for step in steps) <= 12
    assert min(steps) > -3


def test_a_day_keeps_its_numbers_as_time_goes_on(call, monkeypatch):
    key = call(f"{SCORES}?$top=1").json["value"][0]["id"]
    before = call(f"{SCORES}/{key}").json
    graph_scores.score.cache_clear()
    monkeypatch.setattr(graph_scores, "today", lambda: TODAY + timedelta(days=60))
    assert call(f"{SCORES}/{key}").json == before
    monkeypatch.setattr(graph_scores, "today", lambda: TODAY + timedelta(days=90))
    assert call(f"{SCORES}/{key}").status == 404


@pytest.mark.parametrize("years", [-5, 1, 5, 20])
def test_any_clock_gives_a_believable_score(years):
    score = graph_scores.score(TODAY + timedelta(days=365 * years))
    assert 0.25 < score["currentScore"] / score["maxScore"] < 0.6
    assert all(
        0 < row["averageScore"] < 60 for row in score["averageComparativeScores"]
    )


def test_comparison_carries_the_undeclared_extras(call):
    score = call(f"{SCORES}?$top=1").json["value"][0]
    rows = {row["basis"]: row for row in score["averageComparativeScores"]}
    assert set(rows) == {"AllTenants", "TotalSeats", "IndustryTypes"}
    for row in rows.values():
        for category in ("apps", "data", "device", "identity", "infrastructure"):
            assert row[f"{category}Score"] <= row[f"{category}ScoreMax"]
        most = [value for key, value in row.items() if key.endswith("ScoreMax")]
        assert sum(most) == score["maxScore"]
    assert rows["TotalSeats"]["SeatSizeRangeLowerValue"] == "1001"
    assert "SeatSizeRangeLowerValue" not in rows["AllTenants"]


def test_the_whole_history_is_worked_out_once(call):
    graph_scores.score.cache_clear()
    graph_scores.scores()
    worked_out = graph_scores.score.cache_info().misses
    graph_scores.scores()
    assert graph_scores.score.cache_info().misses == worked_out > 0


# Profiles


def test_profiles_come_in_pages(call):
    pages = follow(call, PROFILES)
    assert [len(page) for page in pages] == [50, len(CONTROLS) - 50]
    assert "$skiptoken=" in call(PROFILES).json["@odata.nextLink"]
    assert len(follow(call, f"{PROFILES}?$top=999")) == 2
    assert len(everything(call, f"{PROFILES}?$top=60")) == 60


def test_profiles_can_be_filtered_by_service(call):
    rows = everything(call, query(PROFILES, filter="service eq 'MDATP'"))
    assert {row["service"] for row in rows} == {"MDATP"}
    assert len(rows) > 15


def test_profile_has_the_properties_of_graph(call):
    profile = call(f"{PROFILES}/AdminMFAV2").json
    assert profile.pop("@odata.context").endswith("ControlProfiles/$entity")
    assert profile["title"] == "Require MFA for administrative roles"
    assert (profile["maxScore"], profile["rank"]) == (10.0, 1)
    assert set(profile) == {
        "id",
        "azureTenantId",
        "actionType",
        "actionUrl",
        "controlCategory",
        "title",
        "deprecated",
        "implementationCost",
        "userImpact",
        "lastModifiedDateTime",
        "maxScore",
        "rank",
        "remediation",
        "remediationImpact",
        "service",
        "threats",
        "tier",
        "vendorInformation",
        "complianceInformation",
        "controlStateUpdates",
    }


def test_the_oddities_of_the_real_service_are_there(call):
    profiles = {row["id"]: row for row in everything(call, PROFILES)}
    rows = call(f"{SCORES}?$top=1").json["value"][0]["controlScores"]
    scored = {row["controlName"] for row in rows}
    impacts = {row["userImpact"] for row in profiles.values()}
    assert {"Low", "low", "Moderate", "moderate", "Unknown", None} <= impacts
    threats = {threat for row in profiles.values() for threat in row["threats"]}
    assert {"Account Breach", "Account breach", "dataExfiltration"} <= threats
    assert set(profiles) - scored
    assert scored - set(profiles)
    assert any(row["deprecated"] for row in profiles.values())
    assert {row["lastModifiedDateTime"] for row in profiles.values()} == {None}
    assert {row["actionType"] for row in profiles.values()} == {
        "Config",
        "Review",
        "Behavior",
    }


def test_categories_are_balanced():
    count = {}
    for control in CONTROLS.values():
        category = control["controlCategory"]
        count[category] = count.get(category, 0) + 1
    assert set(count) == {"Identity", "Data", "Device", "Apps"}
    assert count["Identity"] >= 18
    assert count["Data"] >= 8
    assert count["Device"] >= 16
    assert count["Apps"] <= len(CONTROLS) / 2


@pytest.mark.parametrize(
    "title",
    [
        "Require MFA for administrative roles",
        "Ensure all users can complete multi-factor authentication",
        "Enable self-service password reset",
        "Turn on audit data recording",
        "Store user documents in OneDrive for Business",
        "Turn on Attack Surface Reduction rules",
    ],
)
def test_titles_of_the_original_screens_exist(title):
    assert title in {control["title"] for control in CONTROLS.values()}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_texts_are_complete_and_well_formed(control):
    tags = Tags()
    tags.feed(control["remediation"] + control["remediationImpact"])
    assert tags.open == []
    assert {"p", "ol", "li", "b", "a"} == set(tags.seen)
    assert 2 <= tags.seen.count("li") <= 5
    assert len(control["description"]) > 40
    assert urlsplit(control["actionUrl"]).scheme == "https"


# State changes


def test_patch_adds_to_the_state_history(call):
    path = f"{PROFILES}/AdminMFAV2"
    body = {"state": "Reviewed", "comment": "seen", "vendorInformation": VENDOR}
    answer = call(path, "PATCH", body)
    assert (answer.status, answer.json) == (204, None)
    call(path, "PATCH", {"assignedTo": "Sam", "vendorInformation": VENDOR})
    first, last = call(path).json["controlStateUpdates"]
    assert (first["state"], first["comment"]) == ("Reviewed", "seen")
    assert (last["state"], last["assignedTo"]) == ("Reviewed", "Sam")
    assert last["updatedDateTime"] > first["updatedDateTime"]


def test_patch_returns_the_profile_on_request(call):
    headers = BEARER | {"Prefer": "return=representation"}
    body = {"state": "ThirdParty", "vendorInformation": VENDOR}
    answer = call(f"{PROFILES}/AdminMFAV2", "PATCH", body, headers)
    assert answer.status == 200
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert answer.json["controlStateUpdates"][-1]["state"] == "ThirdParty"


def test_untouched_profile_carries_one_empty_row(call):
    assert call(f"{PROFILES}/OneAdmin").json["controlStateUpdates"] == [
        {
            "assignedTo": None,
            "comment": None,
            "state": "Default",
            "updatedBy": None,
            "updatedDateTime": None,
        }
    ]


@pytest.mark.parametrize(
    ("control", "body"),
    [
        ("AdminMFAV2", {"state": "Reviewed"}),
        ("AdminMFAV2", {"vendorInformation": {"vendor": "Microsoft"}}),
        ("AdminMFAV2", {"state": "Planned", "vendorInformation": VENDOR}),
        ("AdminMFAV2", {"state": None, "vendorInformation": VENDOR}),
        ("AdminMFAV2", {"comment": 5, "vendorInformation": VENDOR}),
        ("AdminMFAV2", "{"),
        ("AdminMFAV2", []),
        ("scid_2010", {"state": "Ignored", "vendorInformation": VENDOR}),
    ],
)
def test_a_wrong_patch_changes_nothing(call, control, body):
    path = f"{PROFILES}/{control}"
    answer = call(path, "PATCH", body)
    assert answer.status == 400
    assert answer.json["error"]["code"] == "invalidRequest"
    assert len(call(path).json["controlStateUpdates"]) == 1
    assert call(path).json["controlStateUpdates"][0]["updatedDateTime"] is None


def test_writes_fail_in_the_ways_that_were_ordered(call):
    path, body = f"{PROFILES}/AdminMFAV2", {"vendorInformation": VENDOR}
    body["state"] = "Ignored"
    wish = {"writes": ["forbidden", "lost", "bounced"]}
    assert call("/graph/_control", "PUT", wish, headers={}).status == 200

    statuses = [call(path, "PATCH", body).status for _ in range(4)]

    assert statuses == [403, 504, 204, 204]
    updates = call(path).json["controlStateUpdates"]
    states = [update["state"] for update in updates]
    assert states == ["Ignored", "Ignored", "Default", "Ignored"]


@pytest.mark.parametrize("wish", ["lost", ["burnt"], 1])
def test_an_unclear_order_for_writes_is_refused(call, wish):
    body = {"writes": wish}
    assert call("/graph/_control", "PUT", body, headers={}).status == 400
