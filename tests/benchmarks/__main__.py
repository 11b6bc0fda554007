"""Print the product's figures: `make bench`. Timing is judged by people, not by tests.

Delivery: tickets per second through outbox, Celery and SQLite against a plain
sequential `requests` loop that posts the same bodies, both at 20 ms latency.
Pages: time, queries and bytes of the home page and the list with 10,000 tickets.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.stack.processes import Processes

LATENCY = "latency:ms=20"
TICKETS = 400
ROUNDS = 3
PAGE_TICKETS = 10_000
PAGE_ROUNDS = 40


def main() -> None:
    """Run both benchmarks and print a line per figure."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        delivery(Path(folder))
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        pages(Path(folder))


def delivery(folder: Path) -> None:
    """Measure deliveries and the plain loop in turns, so that both see the same machine."""
    processes = Processes(folder)
    try:
        processes.migrate()
        processes.start_sandbox("--faults", LATENCY)
        processes.script("prepare")
        processes.start_worker()
        processes.script("share", "16")
        processes.script("wait", "60")
        for number in range(1, ROUNDS + 1):
            _delivery_round(processes, number)
    finally:
        processes.close()


def _delivery_round(processes: Processes, number: int) -> None:
    processes.script("hold", str(TICKETS))
    ours = TICKETS / processes.script("release_and_wait", "120")["seconds"]
    plain = TICKETS / processes.script("plain", str(TICKETS))["seconds"]
    say(
        f"delivery round {number}: {ours:.0f} tickets/s, plain loop {plain:.0f}/s",
        ours / plain,
    )


def pages(folder: Path) -> None:
    """Measure the two pages inside one process, through Django's whole middleware."""
    processes = Processes(folder)
    try:
        processes.migrate()
        processes.start_sandbox()
        processes.script("prepare")
        processes.script("fill", str(PAGE_TICKETS))
        for row in processes.script("pages", str(PAGE_ROUNDS)):
            say(
                f"{row['page']}: p50 {row['p50']:.0f} ms, p95 {row['p95']:.0f} ms, "
                f"{row['queries']} queries, {row['kilobytes']:.0f} kB"
            )
    finally:
        processes.close()


def say(text: str, factor: float | None = None) -> None:
    """Print one figure, with the factor between two of them if there is one."""
    tail = "" if factor is None else f", factor {factor:.1f}"
    sys.stdout.write(f"{text}{tail}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
