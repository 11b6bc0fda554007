"""Print the sandbox's figures: seeding, large pages, creates by several clients.

Timing is judged by people, not by tests: `python -m tests.benchmarks.sandbox`.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
INCIDENTS = 100_000
PAGES = 15
CLIENTS = 8
CREATES = 1600
KEY = "key-of-the-benchmark"
FIELDS = (
    *("sys_id", "number", "short_description", "state", "priority", "assigned_to"),
    *("assignment_group", "opened_by", "due_date", "sys_updated_on"),
)
QUERIES = {
    "keyset": "sys_updated_on>2020-01-01 00:00:00^ORDERBYsys_updated_on^ORDERBYsys_id",
    "any order": "",
    "open ones": "active=true^priority<=2^ORDERBYDESCnumber",
}


@dataclass
class Client:
    """One keep-alive connection of the integration user."""

    address: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=60
        )

    def send(self, method: str, path: str, body: object = None) -> bytes:
        headers = {"x-sn-apikey": KEY, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in {200, 201}:
            raise RuntimeError(content[:200])
        return content


def main() -> None:
    """Start an instance with many incidents and measure it."""
    with tempfile.TemporaryDirectory(prefix="sandbox-bench-") as folder:
        data = Path(folder) / "data.sqlite3"
        started = time.perf_counter()
        with sandbox(data) as address:
            seconds = time.perf_counter() - started
            say(f"sandbox: {INCIDENTS} incidents seeded in {seconds:.1f} s")
            for name, query in QUERIES.items():
                say(f"sandbox: 1000 rows, {name}: {page(address, query):.0f} ms")
            say(f"sandbox: {creates(address):.0f} creates/s with {CLIENTS} clients")


@contextmanager
def sandbox(data: Path) -> Iterator[str]:
    """Run the sandbox in its own process and yield its address."""
    command = [
        *(sys.executable, "-m", "connector.sandbox", "--port", "0", "--installed"),
        *("--data", str(data), "--incidents", str(INCIDENTS)),
    ]
    environment = {**os.environ, "SANDBOX_API_KEY": KEY}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if line.startswith("sandbox ready "):
            return line.split()[2]
    message = "the sandbox did not start"
    raise RuntimeError(message)


def page(address: str, query: str) -> float:
    """Return the median milliseconds of a page of 1,000 rows with ten fields."""
    client = Client(address)
    wanted = urlencode(
        {
            "sysparm_query": query,
            "sysparm_fields": ",".join(FIELDS),
            "sysparm_limit": "1000",
            "sysparm_display_value": "all",
        }
    )
    times = []
    for _ in range(PAGES):
        started = time.perf_counter()
        content = client.send("GET", f"/api/now/table/incident?{wanted}")
        times.append((time.perf_counter() - started) * 1000)
        if len(json.loads(content)["result"]) != 1000:
            message = "the page is not full"
            raise RuntimeError(message)
    return median(times)


def creates(address: str) -> float:
    """Return how many incidents several clients create in a second."""

    def work(number: int) -> None:
        client = Client(address)
        for index in range(CREATES // CLIENTS):
            values = {"short_description": "x", "correlation_id": f"{number}-{index}"}
            client.send("POST", "/api/now/table/incident", values)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CREATES / (time.perf_counter() - started)


def say(text: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
