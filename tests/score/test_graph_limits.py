"""At most so many requests at once, and none while Graph asks for a pause."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.exceptions import Unavailable
from connector.graph import limits
from connector.graph.client import Graph
from portal.supervisor import WORKERS
from tests.score.conftest import TOKEN, GraphServer


def test_all_workers_together_send_four_at_once_at_most() -> None:
    assert WORKERS * limits.AT_ONCE <= 4


def test_more_wait_for_their_turn() -> None:
    gate, inside, most = limits.Gate(at_once=2), 0, 0
    lock, both_in = threading.Lock(), threading.Barrier(2, timeout=10)

    def work(_: int) -> None:
        nonlocal inside, most
        with gate.passage():
            with lock:
                inside += 1
                most = max(most, inside)
            both_in.wait()
            with lock:
                inside -= 1

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert most == 2


def test_clients_of_one_application_share_the_pause(graph_server: GraphServer) -> None:
    first, second = (
        Graph(
            graph_server.base_url,
            lambda: TOKEN,
            private_ok=True,
            gate=limits.gate_of("directory/application"),
        )
        for _ in range(2)
    )
    graph_server.say("secureScores", {}, status=429, Retry_After="120")
    with pytest.raises(Unavailable):
        first.secure_scores(days=1)
    seen = len(graph_server.seen)
    with pytest.raises(Unavailable, match="rate_limited") as caught:
        second.control_profiles()
    assert 100 < (caught.value.retry_after or 0) <= 120
    assert len(graph_server.seen) == seen, "requests while throttled count"


def test_another_application_is_not_held_up(graph_server: GraphServer) -> None:
    limits.gate_of("a").close(120)
    other = Graph(
        graph_server.base_url, lambda: TOKEN, private_ok=True, gate=limits.gate_of("b")
    )
    assert len(other.secure_scores(days=1)) == 1
