"""One installation on this machine: its folder, secrets, ports and environment."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from environ import FileAwareEnv

from portal.demonstration import PEOPLE, SANDBOX_PEOPLE, new_password

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
SECRETS = "secrets.env"

# A unix socket's path has 108 bytes in the kernel; one ends it.
_SOCKET_PATH_LIMIT = 107
# What the sandbox gets of our environment: it is a foreign system.
_FOREIGN = ("PATH", "HOME", "LANG", "LC_", "TMPDIR", "TZ", "PYTHON")


class CannotStart(Exception):
    """The reason, in one sentence for the person who started it."""


@dataclass(frozen=True)
class Installation:
    """What the supervisor needs to know; `sandbox_port` and `redis_socket` may be None."""

    folder: Path
    port: int
    sandbox_port: int | None
    redis_socket: str | None
    secrets: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def sandbox_environment(self) -> dict[str, str]:
        """Return what the sandbox may know: nothing of the portal but its own secrets."""
        ours = {k: v for k, v in self.environment.items() if k.startswith(_FOREIGN)}
        theirs = {k: v for k, v in self.secrets.items() if k.startswith("SANDBOX_")}
        return ours | theirs


def data_folder() -> Path:
    """Return the data folder, made if need be, closed to other users of the machine."""
    folder = Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve()
    for part in (folder, folder / "log", folder / "redis"):
        try:
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"The data folder {part} cannot be made: {error.strerror}."
            raise CannotStart(message) from error
    return folder


def lock(folder: Path) -> int:
    """Hold the folder until the process ends; raises CannotStart if another one does."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 20).decode().strip()
        message = (
            f"The portal runs already with the data folder {folder} (process {pid})."
        )
        raise CannotStart(message) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def prepare(folder: Path) -> Installation:
    """Check the ports, make missing secrets, and return the installation."""
    FileAwareEnv.read_env(folder / SECRETS)
    port = _free_port("PORT", 8765)
    has_sandbox = os.environ.get("SERVICENOW_SANDBOX", "on").lower() != "off"
    sandbox_port = _free_port("SANDBOX_PORT", 8766) if has_sandbox else None
    if port == sandbox_port:
        message = f"PORT and SANDBOX_PORT are both {port}; choose two."
        raise CannotStart(message)
    redis_socket = None if "REDIS_URL" in os.environ else _redis_socket(folder)
    known = _secrets(folder / SECRETS)
    environment = _environment(folder, port, redis_socket)
    if sandbox_port:
        environment = _with_sandbox(environment, sandbox_port, known)
    return Installation(folder, port, sandbox_port, redis_socket, known, environment)


def _free_port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        message = f"{name}={text} is not a port: give a number from 1 to 65535."
        raise CannotStart(message)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            message = f"Port {text} cannot be used ({error.strerror}): choose another one with {name}=…"
            raise CannotStart(message) from error
    return int(text)


def _redis_socket(folder: Path) -> str:
    path = str(folder / "redis.sock")
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    return str(Path(tempfile.mkdtemp(prefix="portal-")) / "redis.sock")


def _secret_makers() -> dict[str, Callable[[], str]]:
    makers: dict[str, Callable[[], str]] = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
        "SANDBOX_GRAPH_TOKEN": lambda: secrets.token_urlsafe(32),
    }
    for person in (*PEOPLE, *SANDBOX_PEOPLE):
        makers[person.password_name] = new_password
    return makers


def _secrets(path: Path) -> dict[str, str]:
    """Return all secrets by name, after writing down the ones made now."""
    given = FileAwareEnv()
    makers = _secret_makers()
    made = {name: make() for name, make in makers.items() if name not in given}
    if made:
        _append(path, "".join(f"{name}={value}\n" for name, value in made.items()))
    return {name: made.get(name) or given.str(name) for name in makers}


def _append(path: Path, text: str) -> None:
    old = path.read_text() if path.exists() else ""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    # Never half written, never readable by others, not even for a moment.
    with os.fdopen(
        os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
    ) as file:
        file.write(old + text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _environment(folder: Path, port: int, redis_socket: str | None) -> dict[str, str]:
    environment = {"SITE_URL": f"http://127.0.0.1:{port}"} | os.environ
    environment["DATA_DIR"] = str(folder)
    environment["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    environment["PYTHONUNBUFFERED"] = "1"
    if redis_socket:
        environment["REDIS_URL"] = f"redis+socket://{redis_socket}"
    return environment


def _with_sandbox(
    environment: dict[str, str], port: int, known: Mapping[str, str]
) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    defaults = {
        "SERVICENOW_SANDBOX_URL": url,
        "GRAPH_BASE_URL": f"{url}/graph/v1.0",
        "GRAPH_ACCESS_TOKEN": known["SANDBOX_GRAPH_TOKEN"],
        # Short, so that changes made in the sandbox show while people look.
        "SYNC_INTERVAL": "15",
    }
    return defaults | environment
