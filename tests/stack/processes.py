"""The product's processes one by one, so that a test can kill and restart each."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from tests.servers import Redis, dies_with_us, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
SANDBOX_WORDS = {
    "SANDBOX_ADMIN_PASSWORD": "admin-of-the-tests",
    "SANDBOX_AGENT_PASSWORD": "agent-of-the-tests",
    "SANDBOX_INTEGRATION_PASSWORD": "integration-of-the-tests",
    "SANDBOX_CLIENT_ID": "client-of-the-tests",
    "SANDBOX_CLIENT_SECRET": "secret-of-the-tests",
    "SANDBOX_REDIRECT_URL": "http://testserver/oauth/complete/servicenow/",
}


class Processes:
    """A Redis, a sandbox and any number of workers around one database.

    `settings` are environment variables of the product; `database_url` may be empty
    for a SQLite file in `folder`.
    """

    def __init__(self, folder: Path, database_url: str = "", **settings: str) -> None:
        self.folder = folder
        self.redis = Redis()
        self.sandbox_url = f"http://127.0.0.1:{free_port()}"
        (folder / "secrets.env").touch()
        self.environment = {
            **{k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}},
            **SANDBOX_WORDS,
            "DATA_DIR": str(folder),
            "SECRET_KEY": secrets.token_hex(32),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'portal.sqlite3'}",
            "REDIS_URL": self.redis.url,
            "SERVICENOW_SANDBOX_URL": self.sandbox_url,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            **settings,
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start one process in a group of its own; its output goes to NAME.log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )
        self.running.append(process)
        return process

    def start_sandbox(self, *options: str) -> None:
        port = self.sandbox_url.rpartition(":")[2]
        data = str(self.folder / "sandbox.sqlite3")
        words = ["--port", port, "--data", data, "--installed", *options]
        self.start("sandbox", "-m", "connector.sandbox", *words)
        wait_until(lambda: self.sandbox_stats(), 20, "the sandbox")

    def start_worker(self, name: str = "worker") -> subprocess.Popen[bytes]:
        """Start one of the workers of `make run`."""
        words = ["worker", "--pool", "threads", "--concurrency", "8"]
        words += ["--hostname", f"{name}@%h"]
        words += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        return self.start(name, "-m", "celery", "-A", "portal", *words)

    def start_beat(self) -> None:
        schedule = str(self.folder / "beat")
        self.start("beat", "-m", "celery", "-A", "portal", "beat", "-s", schedule)

    def run(self, *command: str) -> Any:
        """Run one of the product's side scripts to its end; return its JSON, if any."""
        done = subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        last = done.stdout.strip().rpartition("\n")[2]
        return json.loads(last) if last.startswith(("{", "[")) else None

    def script(self, *words: str) -> Any:
        return self.run("-m", "tests.stack.scripts", *words)

    def migrate(self) -> None:
        self.run(str(ROOT / "manage.py"), "migrate", "-v0")

    def sandbox_stats(self) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(  # noqa: S310
                f"{self.sandbox_url}/_sandbox/stats", timeout=5
            ) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return None

    def close(self) -> None:
        for process in reversed(self.running):
            kill(process)
        self.redis.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its whole group, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def batches(total: int, size: int) -> Iterator[int]:
    """Yield how many to do next until `total` is reached."""
    for done in range(0, total, size):
        yield min(size, total - done)
