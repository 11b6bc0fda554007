"""Servers the tests start for themselves: PostgreSQL, Redis and the whole product."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.demonstration import PEOPLE, SANDBOX_PEOPLE
from portal.installation import ROOT
from portal.supervisor import redis_program

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def dies_with_us(signum: int) -> Callable[[], None]:
    """Return what a child runs before exec so that the kernel ends it with this process."""

    def arrange() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signum)

    return arrange


def free_port() -> int:
    """Return a TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `condition`; fail by name after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    message = f"{what}: not within {seconds} s"
    raise TimeoutError(message)


def can_connect(address: tuple[str, int] | str) -> bool:
    """Say whether something listens at a TCP address or unix socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def postgres_folder() -> Path | None:
    """Return the folder of PostgreSQL's server programs, or None."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


def chromium() -> str | None:
    """Return the path of the Chromium of this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


class Postgres:
    """A private PostgreSQL cluster on a free port, gone with its folder on close."""

    def __init__(self) -> None:
        programs = postgres_folder()
        if programs is None:
            message = "PostgreSQL is not installed: apt-get install postgresql"
            raise FileNotFoundError(message)
        self.folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self.port = free_port()
        self._init(programs)
        self._process = self._start(programs)
        wait_until(lambda: can_connect(("127.0.0.1", self.port)), 20, "PostgreSQL")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def _init(self, programs: Path) -> None:
        options = f"-D {self.folder}/data -U postgres -A trust -E UTF8 --no-sync"
        subprocess.run(
            [programs / "initdb", "--locale=C", *options.split()],
            check=True,
            capture_output=True,
            cwd="/",
            **self._user,
        )

    def _start(self, programs: Path) -> subprocess.Popen[bytes]:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        options |= {"unix_socket_directories": "", "synchronous_commit": "off"}
        words = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [programs / "postgres", "-D", self.folder / "data", *words],
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=dies_with_us(signal.SIGINT),
                **self._user,
            )

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    """A private Redis on a unix socket in a short temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portal-redis-"))
        self.socket = str(self.folder / "redis.sock")
        self.url = f"redis+socket://{self.socket}"
        options = {"port": "0", "unixsocket": self.socket, "dir": str(self.folder)}
        self._process = subprocess.Popen(
            [redis_program(), "--save", ""]
            + [
                word for name, value in options.items() for word in (f"--{name}", value)
            ],
            stdout=subprocess.DEVNULL,
            preexec_fn=dies_with_us(signal.SIGKILL),
        )
        wait_until(lambda: can_connect(self.socket), 10, "Redis")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Product:
    """The whole product as `make run` starts it, on free ports and a folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.output = folder.parent / f"{folder.name}.out"
        self._environment = _own_environment() | {
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            **environment,
        }
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "portal.supervisor"],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )

    def restart(self) -> None:
        """Start it again, once it has ended."""
        self.output.write_bytes(b"")
        self.process = self._start()

    def wait_until_ready(self, seconds: float = 90) -> Product:
        """Return when it said that it is ready; fail with its words when it ended."""
        wait_until(self._is_settled, seconds, "the whole product")
        assert self.process.poll() is None, self.words()
        return self

    def _is_settled(self) -> bool:
        return self.process.poll() is not None or "Press Ctrl-C" in self.words()

    def words(self) -> str:
        """Return what it said at the terminal."""
        return self.output.read_text()

    def secrets(self) -> dict[str, str]:
        """Return what the first start made up."""
        lines = (self.folder / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def password(self, username: str) -> str:
        """Return the password of a person of the portal or of the sandbox."""
        people = (*PEOPLE, *SANDBOX_PEOPLE)
        [name] = [p.password_name for p in people if p.username == username]
        return self.secrets()[name]

    def run(self, script: str) -> None:
        """Run lines of Python inside the product's Django."""
        words = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", script]
        subprocess.run(words, cwd=ROOT, env=self._environment, check=True)

    def close(self) -> int:
        """End it politely, if it runs; return its exit code."""
        self.process.terminate()
        return self.process.wait(60)


def _own_environment() -> dict[str, str]:
    """Return this machine's environment without the tests' settings."""
    names = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "CI")
    return {name: os.environ[name] for name in names if name in os.environ}
