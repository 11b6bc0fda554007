from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api

ROOT = Path(__file__).resolve().parent.parent.parent


def connection_to(instance: Running) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(instance.url.removeprefix("http://"), timeout=10)


def test_one_connection_takes_many_requests(instance: Running, api: Api) -> None:
    connection = connection_to(instance)
    sockets = []
    for _ in range(3):
        connection.request(
            "GET",
            "/api/now/table/incident?sysparm_limit=1",
            headers={"Authorization": f"Bearer {api.token}"},
        )
        answer = connection.getresponse()
        assert len(answer.read()) == int(answer.headers["Content-Length"])
        sockets.append(connection.sock)
    connection.close()
    assert len(set(map(id, sockets))) == 1
    assert sockets[0] is not None


def test_the_date_is_the_true_one(api: Api) -> None:
    answer = api.send("GET", "table/incident?sysparm_limit=1")
    shown = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(shown - time.time()) < 3
    assert answer.headers["X-Transaction-ID"]
    assert answer.headers["X-Is-Logged-In"] == "true"


def test_the_graph_lies_beside_it(instance: Running) -> None:
    url = f"{instance.url}/graph/v1.0/security/secureScores?$top=1"
    assert requests.get(url, timeout=10).status_code == 401
    unknown = requests.get(f"{instance.url}/graph/nothing", timeout=10)
    assert unknown.status_code in {401, 404}


def test_the_command_says_when_it_is_ready_and_ends_at_once(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "connector.sandbox", "--port", "0", "--installed"),
        *("--data", str(tmp_path / "data.sqlite3"), "--faults", "latency:ms=1"),
    ]
    words = ("ADMIN_PASSWORD", "AGENT_PASSWORD", "INTEGRATION_PASSWORD")
    environment = {**os.environ, **{f"SANDBOX_{word}": "x" for word in words}}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    with process:
        word, state, url = process.stdout.readline().split()
        assert (word, state) == ("sandbox", "ready")
        assert requests.get(f"{url}/_sandbox/stats", timeout=10).json()["tables"] == {
            "incident": 0,
            "change_request": 0,
        }
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert (tmp_path / "data.sqlite3").stat().st_mode & 0o077 == 0
