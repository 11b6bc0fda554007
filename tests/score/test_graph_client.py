"""The Graph client over the wire."""

from __future__ import annotations

import re
import time

import pytest

from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.graph.client import Graph
from tests.score.conftest import TOKEN, GraphServer

SCORES = "secureScores"
PROFILES = "secureScoreControlProfiles"
EMPTY = {"value": []}
ERROR = {
    "error": {
        "code": "accessDenied",
        "message": "Missing SecurityEvents.Read.All.",
        "innerError": {"request-id": "8f0d"},
    }
}


def test_follows_pages_until_all_wanted_days_are_there(
    graph: Graph, graph_server: GraphServer
) -> None:
    scores = graph.secure_scores(days=90)
    assert len(scores) == 90
    assert len({score.created_at for score in scores}) == 90
    assert scores[0].created_at > scores[-1].created_at
    assert len(graph_server.seen) == 3


def test_asks_only_for_the_wanted_days(graph: Graph, graph_server: GraphServer) -> None:
    assert len(graph.secure_scores(days=3)) == 3
    assert [request.args["$top"] for request in graph_server.seen] == ["3"]


def test_reads_all_improvement_actions(graph: Graph) -> None:
    profiles = {profile.id: profile for profile in graph.control_profiles()}
    assert len(profiles) > 50
    mfa = profiles["AdminMFAV2"]
    assert (mfa.category, mfa.max_score, mfa.user_impact) == ("Identity", 10.0, "low")
    assert mfa.threats == (
        "Password cracking",
        "Account breach",
        "Elevation of privilege",
    )


def test_sends_the_token_with_every_page(
    graph: Graph, graph_server: GraphServer
) -> None:
    graph.secure_scores(days=90)
    sent = {request.headers["Authorization"] for request in graph_server.seen}
    assert sent == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/graph/v1.0/security/secureScores?$skiptoken=x",
        "http://127.0.0.1:1/graph/v1.0/security/secureScores?$skiptoken=x",
        "//evil.example/x",
    ],
)
def test_never_takes_the_token_to_another_origin(
    graph: Graph, graph_server: GraphServer, link: str
) -> None:
    graph_server.say(SCORES, {"value": [], "@odata.nextLink": link})
    with pytest.raises(Unavailable, match="unexpected_answer"):
        graph.secure_scores(days=5)
    assert len(graph_server.seen) == 1


def test_pages_in_a_circle_end(graph: Graph, graph_server: GraphServer) -> None:
    again = f"{graph.base_url}/security/{SCORES}?page=2"
    page = {"value": [], "@odata.nextLink": again}
    graph_server.say(SCORES, page, page, page)
    with pytest.raises(Unavailable, match="unexpected_answer"):
        graph.secure_scores(days=5)
    assert len(graph_server.seen) == 2


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Refused, "graph_refused"),
        (401, Unauthorized, "graph_unauthorized"),
        (403, Misconfigured, "graph_forbidden"),
        (404, Misconfigured, "graph_not_found"),
        (429, Unavailable, "rate_limited"),
        (500, Unavailable, "server_error"),
        (302, Unavailable, "unexpected_answer"),
    ],
)
def test_error_keeps_kind_and_the_words_of_graph(
    graph: Graph,
    graph_server: GraphServer,
    status: int,
    kind: type[ConnectorError],
    code: str,
) -> None:
    graph_server.say(PROFILES, ERROR, status=status, request_id="8f0d")
    with pytest.raises(kind) as caught:
        graph.control_profiles()
    error = caught.value
    assert error.code == code
    assert error.committed == "no"
    assert error.evidence.words == "accessDenied: Missing SecurityEvents.Read.All."
    assert error.evidence.status == status
    assert error.evidence.request_id == "8f0d"
    assert error.evidence.url == f"{graph.base_url}/security/{PROFILES}"


def test_a_wrong_token_is_unauthorized(graph_server: GraphServer) -> None:
    stranger = Graph(graph_server.base_url, lambda: "other", private_ok=True)
    with pytest.raises(Unauthorized):
        stranger.secure_scores(days=1)


def test_a_short_pause_is_waited_for(graph: Graph, graph_server: GraphServer) -> None:
    graph_server.say(SCORES, ERROR, status=429, Retry_After="1")
    started = time.monotonic()
    assert len(graph.secure_scores(days=1)) == 1
    assert time.monotonic() - started >= 1
    assert len(graph_server.seen) == 2


def test_a_long_pause_is_left_to_the_caller(
    graph: Graph, graph_server: GraphServer
) -> None:
    graph_server.say(SCORES, ERROR, status=429, Retry_After="120")
    with pytest.raises(Unavailable) as caught:
        graph.secure_scores(days=1)
    assert caught.value.retry_after == 120
    assert len(graph_server.seen) == 1


def test_an_outage_of_a_moment_is_repeated(
    graph: Graph, graph_server: GraphServer
) -> None:
    graph_server.say(SCORES, ERROR, status=503)
    assert len(graph.secure_scores(days=1)) == 1


@pytest.mark.parametrize(
    "body", ["<html>Sign in</html>", '{"no": "value"}', '{"value": {}}', "[]", ""]
)
def test_something_else_than_a_collection_is_no_answer(
    graph: Graph, graph_server: GraphServer, body: str
) -> None:
    graph_server.say(SCORES, body)
    with pytest.raises(Unavailable, match="unexpected_answer"):
        graph.secure_scores(days=1)


def test_one_unreadable_row_does_not_hide_the_others(
    graph: Graph, graph_server: GraphServer, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"createdDateTime": "2026-11-20T00:00:00Z", "currentScore": 1}
    graph_server.say(SCORES, {"value": [None, "text", {}, good]})
    assert [score.current for score in graph.secure_scores(days=5)] == [1.0]
    assert len(re.findall("skipped", caplog.text)) == 3


def test_nobody_listening_is_unavailable() -> None:
    nobody = Graph("http://127.0.0.1:9/v1.0", lambda: TOKEN, private_ok=True)
    with pytest.raises(Unavailable, match="connection_refused"):
        nobody.secure_scores(days=1)


def test_the_token_never_shows_in_the_evidence(
    graph: Graph, graph_server: GraphServer
) -> None:
    graph_server.say(SCORES, f"Bad token {TOKEN}", status=401)
    with pytest.raises(Unauthorized) as caught:
        graph.secure_scores(days=1)
    assert TOKEN not in caught.value.evidence.words
