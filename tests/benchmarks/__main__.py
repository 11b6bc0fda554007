"""Print the product's figures beside their goals: `make bench`.

People judge them, not tests: the machine has its moods. Parts can be named, and
`--postgres` takes a PostgreSQL of its own instead of SQLite:

    python -m tests.benchmarks [delivery] [pages] [sync] [score] [solutions] [--postgres]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.supervisor import WORKERS
from tests.servers import Postgres
from tests.stack.processes import ROOT, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LATENCY = "latency:ms=20"
DELIVERIES = 400
ROUNDS = 5
TICKETS = 10_000
PAGE_ROUNDS = 100
CHANGES = 100
CONTROLS = 500
YEARS = 3
DOCUMENTS = 20_000
CLOSED_TICKETS = 2_000


class Bench(Processes):
    """The product's processes, with the benchmarks' scripts."""

    def script(self, *words: str) -> Any:
        return self.run("-m", "tests.benchmarks.scripts", *words)

    def score_script(self, *words: str) -> Any:
        return self.run("-m", "tests.benchmarks.score_scripts", *words)

    def solutions_script(self, *words: str) -> Any:
        return self.run("-m", "tests.benchmarks.solutions_scripts", *words)


def main() -> None:
    """Run the parts that were asked for and print a line per figure."""
    wishes = _wishes()
    say("what", "figure", "goal")
    for name in wishes.parts or PARTS:
        with _bench(postgres=wishes.postgres) as bench:
            PARTS[name](bench)


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--postgres", action="store_true")
    wishes = parser.parse_args()
    if unknown := set(wishes.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    return wishes


@contextmanager
def _bench(*, postgres: bool) -> Iterator[Bench]:
    """Yield the product on a new database, gone afterwards."""
    with ExitStack() as undo:
        server = Postgres() if postgres else None
        if server:
            undo.callback(server.close)
        folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-"))
        bench = Bench(Path(folder), server.url if server else "")
        undo.callback(bench.close)
        yield bench


def delivery(bench: Bench) -> None:
    """Measure deliveries and a plain loop in turns, so that both see the same machine.

    Deliveries go through outbox, Celery and database; the loop posts the same bodies
    one after the other with `requests`. Every answer comes 20 ms late.
    """
    _connect(bench, "--faults", LATENCY)
    for number in range(WORKERS):
        bench.start_worker(f"worker-{number}")
    bench.script("share", "16")
    bench.script("wait", "60")
    rounds = [_delivery_round(bench) for _ in range(ROUNDS)]
    ours, plain = (statistics.median(figures) for figures in zip(*rounds, strict=True))
    factor = statistics.median(ours / plain for ours, plain in rounds)
    say("delivered tickets", f"{ours:.0f}/s")
    say("plain loop", f"{plain:.0f}/s")
    say("delivered tickets to plain loop", f"{factor:.1f}", "at least 4")


def _delivery_round(bench: Bench) -> tuple[float, float]:
    bench.script("hold", str(DELIVERIES))
    ours: float = DELIVERIES / bench.script("release_and_wait", "120")["seconds"]
    plain: float = DELIVERIES / bench.script("plain", str(DELIVERIES))["seconds"]
    return ours, plain


def pages(bench: Bench) -> None:
    """Measure pages inside one process, through Django's whole middleware."""
    bench.run(str(ROOT / "manage.py"), "collectstatic", "--noinput", "-v0")
    _connect(bench)
    bench.script("fill", str(TICKETS))
    for row in bench.script("pages", str(PAGE_ROUNDS)):
        name = f"page {row['page']} with {TICKETS:,} tickets"
        say(f"{name}, median", f"{row['p50']:.0f} ms")
        say(f"{name}, p95", f"{row['p95']:.0f} ms", "under 100 ms")
        say(f"{name}, queries", f"{row['queries']}", "at most 15")
        say(f"{name}, HTML", f"{row['kilobytes']:.0f} kB", "under 100 kB")


def sync(bench: Bench) -> None:
    """Measure polls of many tickets, and what the sandbox gives them."""
    _connect(bench)
    created = bench.script("create", str(TICKETS))
    say("sandbox: creates with 8 clients", f"{TICKETS / created['seconds']:.0f}/s")
    page = bench.script("page", "5")
    say(f"sandbox: page of {page['rows']:,} rows", f"{page['milliseconds']:.0f} ms")
    polls = bench.script("follow", str(CHANGES))
    goal = "under 60 s, the interval"
    say(f"poll that takes over {TICKETS:,} tickets", f"{polls['first']:.1f} s", goal)
    say(f"poll that compares {TICKETS:,} tickets", f"{polls['again']:.1f} s", goal)
    name = f"poll of {CHANGES} changes among {TICKETS:,}"
    say(name, f"{polls['delta']:.2f} s", "under 2 s")


def score(bench: Bench) -> None:
    """Measure the sync of many controls, and the pages after years of snapshots."""
    bench.migrate()
    bench.run(str(ROOT / "manage.py"), "collectstatic", "--noinput", "-v0")
    bench.start_sandbox()
    bench.environment["GRAPH_BASE_URL"] = f"{bench.sandbox_url}/graph/v1.0"
    bench.environment["GRAPH_ACCESS_TOKEN"] = "of-the-bench"
    took = bench.score_script("sync", str(CONTROLS))
    name = f"score: sync of {took['controls']} controls"
    say(f"{name}, {took['days']} days", f"{took['first']:.1f} s", "under 60 s")
    say(f"{name}, 3 days", f"{took['again']:.1f} s")
    bench.score_script("fill", str(YEARS * 365))
    judged = bench.score_script("close", str(CLOSED_TICKETS))
    name = f"score: judge {CLOSED_TICKETS:,} closed tickets"
    say(name, f"{judged['seconds']:.1f} s", "under 60 s")
    for row in bench.score_script("pages", str(PAGE_ROUNDS)):
        name = f"page {row['page']}, {YEARS} years"
        most = 300 if "ledger" in row["page"] else 150
        say(f"{name}, median", f"{row['p50']:.0f} ms")
        say(f"{name}, p95", f"{row['p95']:.0f} ms", f"under {most} ms")
        say(f"{name}, queries", f"{row['queries']}", "at most 15")
        say(f"{name}, HTML", f"{row['kilobytes']:.0f} kB")


def solutions(bench: Bench) -> None:
    """Measure how good the order of solutions is, then how quickly many are searched.

    The goal is on the queries that were held out: nothing was tuned on them.
    """
    bench.migrate()
    for row in bench.solutions_script("quality"):
        name = f"nDCG@5 of {row['queries']} queries, {row['part']}"
        goal = "at least 0.80" if row["part"] == "held out" else ""
        say(f"{name}, ranked", f"{row['ranked']:.2f}", goal)
        say(f"{name}, plain", f"{row['plain']:.2f}")
        beyond = f"{row['ranked'] / row['plain']:.2f}"
        say(f"{name}, ranked/plain", beyond, "at least 1.10")
    took = bench.solutions_script("speed", str(DOCUMENTS))
    name = f"search among {took['documents']:,} documents"
    say(f"{name}, median", f"{took['p50']:.0f} ms")
    say(f"{name}, p95", f"{took['p95']:.0f} ms", "under 150 ms")
    say("index: put of 5,000 documents", f"{took['put']:.1f} s", "under 20 s")
    say("index: put of the same again", f"{took['again']:.1f} s", "under 2 s")


def _connect(bench: Bench, *options: str) -> None:
    bench.migrate()
    bench.start_sandbox(*options)
    bench.script("prepare")


def say(what: str, figure: str, goal: str = "") -> None:
    """Print one figure and its goal."""
    sys.stdout.write(f"{what:<44}{figure:>12}   {goal}".rstrip() + "\n")
    sys.stdout.flush()


PARTS: dict[str, Callable[[Bench], None]] = {
    "delivery": delivery,
    "pages": pages,
    "sync": sync,
    "score": score,
    "solutions": solutions,
}


if __name__ == "__main__":
    main()
