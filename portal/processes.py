"""Child processes that are restarted when they fall and never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from portal.installation import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

_LOG_LIMIT = 10 * 1024 * 1024
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# A process that ran this long has recovered: the next pause is short again.
_STEADY_AFTER = 30.0
# What a person at the terminal should see; refused and unknown pages are daily life.
_WORTH_SHOWING = re.compile(
    r"^\S+ \S+ (WARNING|ERROR|CRITICAL) "
    r"(?!py\.warnings|django\.request (Not Found|Forbidden|Unauthorized|Method Not)|django\.security\.csrf)"
)


class Log:
    """A child's log file; the child writes, the parent reads what is worth showing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0
        if path.exists():
            path.replace(self._previous)

    @property
    def _previous(self) -> Path:
        return self.path.with_suffix(".log.1")

    def open(self) -> BinaryIO:
        """Return the file for a child to append to."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "wb")

    def new_warnings(self) -> Iterator[str]:
        """Yield the warnings and errors written since the last call."""
        for line in self._new_lines():
            if _WORTH_SHOWING.search(line):
                yield line
        if self._position > _LOG_LIMIT:
            self._rotate()

    def tail(self, count: int = 15) -> str:
        """Return the last lines."""
        if not self.path.exists():
            return ""
        lines = self.path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-count:])

    def _new_lines(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._position)
            complete, newline, _rest = file.read().rpartition(b"\n")
        self._position += len(complete + newline)
        return complete.decode(errors="replace").splitlines()

    def _rotate(self) -> None:
        # The children append, so they go on at the start of the emptied file.
        self._previous.write_bytes(self.path.read_bytes())
        os.truncate(self.path, 0)
        self._position = 0


class Process:
    """One child with its own process group, log and restarts."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log: Log,
        *,
        environment: Mapping[str, str],
        patience: float = 10,
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        # How long it may take to finish what it does when asked to stop.
        self._patience = patience
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._restart_at: float | None = None
        self.falls = 0

    def start(self) -> None:
        """Start the child; the kernel kills it should this process die."""
        parent = os.getpid()
        with self.log.open() as log:
            self._child = subprocess.Popen(  # noqa: S603 - the command is our own
                self._command,
                cwd=ROOT,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=lambda: _die_with(parent),
            )
        self._started_at = time.monotonic()
        self._restart_at = None

    @property
    def exit_code(self) -> int | None:
        return self._child.poll() if self._child else None

    def revive(self) -> str | None:
        """Restart a fallen child when its pause is over; return what to tell people."""
        now = time.monotonic()
        if self._restart_at is not None:
            if now >= self._restart_at:
                self.start()
            return None
        if self.exit_code is None:
            return None
        self._kill_group()
        self.falls += 1
        if now - self._started_at > _STEADY_AFTER:
            self._pause = _FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        self._restart_at = now + pause
        return f"ended ({_describe(self.exit_code)}), starts again in {pause:g} s; see {self.log.path}"

    def stop(self, is_urgent: Callable[[], bool]) -> None:
        """End the child: politely first, by force when it takes too long or is urgent."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.terminate()
        deadline = time.monotonic() + self._patience
        while self._child.poll() is None and time.monotonic() < deadline:
            if is_urgent():
                break
            time.sleep(0.05)
        self._kill_group()
        self._child.wait()

    def _kill_group(self) -> None:
        if self._child:
            try:
                os.killpg(self._child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def _die_with(parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the kernel was told.
    if os.getppid() != parent:
        os._exit(1)


def _describe(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit {code}"
