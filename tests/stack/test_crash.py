"""Nothing is lost and nothing is doubled, whatever dies or is cut in the middle."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import missing
from tests.servers import Postgres, postgres_folder, wait_until
from tests.stack.processes import Processes, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.stack

TICKETS = 200
KILLS = 10
FAULTS = ";".join(
    [
        "cut_after_commit:method=POST,share=0.1",
        "rate_limit:method=POST,share=0.05,retry_after=1",
        "error:method=POST,share=0.05",
    ]
)
# Short waits, so that a killed worker's claims lapse within the test.
SHORT = {
    "OUTBOX_LEASE": "6",
    "OUTBOX_SETTLE": "8",
    "OUTBOX_BACK_OFF": "2,4,8",
    "OUTBOX_SWEEP_INTERVAL": "2",
    "HTTP_READ_TIMEOUT": "4",
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    if postgres_folder() is None:
        missing("PostgreSQL")
    server = Postgres()
    yield server.url
    server.close()


@pytest.fixture
def processes(tmp_path: Path, database_url: str) -> Iterator[Processes]:
    processes = Processes(tmp_path, database_url, **SHORT)
    yield processes
    processes.close()


def test_killed_workers_and_cut_answers_lose_and_double_nothing(
    processes: Processes,
) -> None:
    processes.migrate()
    processes.start_sandbox("--faults", FAULTS)
    processes.script("prepare")
    processes.start_beat()
    worker = processes.start_worker()

    for _ in range(KILLS):
        processes.script("share", str(TICKETS // KILLS))
        time.sleep(0.7)
        kill(worker)
        worker = processes.start_worker()

    wait_until(lambda: _all_delivered(processes), 240, "all tickets in ServiceNow")
    report = processes.script("report")
    stats = processes.sandbox_stats()
    assert stats is not None
    assert report["linked"] == report["distinct"] == TICKETS
    assert stats["duplicates"] == []
    assert sum(stats["correlated"].values()) == TICKETS
    assert stats["faults"]["cut_after_commit"] > 0, "the faults must have struck"


def _all_delivered(processes: Processes) -> dict[str, Any] | None:
    time.sleep(1)
    report: dict[str, Any] = processes.script("report")
    # Shown by pytest when it fails.
    print(report["deliveries"], report["errors"])  # noqa: T201
    return report if report["deliveries"] == {"delivered": TICKETS} else None
