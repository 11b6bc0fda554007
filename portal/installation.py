"""One installation on this machine: its folder, secrets, ports and environment."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from cryptography.fernet import Fernet

from portal.demonstration import PEOPLE, SANDBOX_PEOPLE, new_password

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
SECRETS = "secrets.env"

# A unix socket's path has 108 bytes in the kernel; one ends it.
_SOCKET_PATH_LIMIT = 107
# Megabytes for the database, its journal, static files and logs of a first start.
_SPACE_NEEDED = 50

# What the sandbox gets of our environment: it is a foreign system.
_FOREIGN = ("PATH", "HOME", "LANG", "LC_", "TMPDIR", "TZ", "PYTHON", "SANDBOX_")


class CannotStart(Exception):
    """The reason, in one sentence for the person who started it."""


@dataclass(frozen=True)
class Installation:
    """What the supervisor needs to know; `sandbox_port` and `redis_socket` may be None."""

    folder: Path
    port: int
    sandbox_port: int | None
    redis_socket: str | None
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def sandbox_environment(self) -> dict[str, str]:
        """Return what the sandbox may know: its own secrets, nothing of the portal."""
        return {k: v for k, v in self.environment.items() if k.startswith(_FOREIGN)}


def data_folder(given: Mapping[str, str]) -> Path:
    """Return the data folder, made if need be, closed to other users of the machine."""
    folder = Path(given.get("DATA_DIR") or ROOT / "var").resolve()
    for part in (folder, folder / "log", folder / "redis"):
        try:
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"The data folder {part} cannot be made: {error.strerror}."
            raise CannotStart(message) from error
    _refuse_full(folder)
    return folder


def _refuse_full(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 1024**2
    if free < _SPACE_NEEDED:
        message = (
            f"The disk of the data folder {folder} is full: {free} MB are free, "
            f"{_SPACE_NEEDED} MB are needed. Make room, or set DATA_DIR."
        )
        raise CannotStart(message)


def lock(folder: Path) -> int:
    """Hold the folder until the process ends; raises CannotStart if another one does."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 20).decode().strip()
        message = f"The portal runs already on the data folder {folder}: process {pid}."
        raise CannotStart(message) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def prepare(folder: Path, given: Mapping[str, str]) -> Installation:
    """Check the ports, make missing secrets, and return the installation."""
    known = {**_read(folder / SECRETS), **given}
    port = _free_port(known, "PORT", 8765)
    has_sandbox = known.get("SERVICENOW_SANDBOX", "on").lower() != "off"
    sandbox_port = _free_port(known, "SANDBOX_PORT", 8766) if has_sandbox else None
    if port == sandbox_port:
        message = f"PORT and SANDBOX_PORT are both {port}; choose two."
        raise CannotStart(message)
    known |= _make_secrets(folder, known)
    redis_socket = None if _is_given(known, "REDIS_URL") else _redis_socket(folder)
    environment = _environment(folder, port, redis_socket, known)
    if sandbox_port:
        environment = _with_sandbox(environment, sandbox_port)
    return Installation(folder, port, sandbox_port, redis_socket, environment)


def _is_given(known: Mapping[str, str], name: str) -> bool:
    return bool(known.get(name) or known.get(f"{name}_FILE"))


def _free_port(known: Mapping[str, str], name: str, default: int) -> int:
    text = known.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        message = f"{name}={text} is not a port: give a number from 1 to 65535."
        raise CannotStart(message)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            why = f"Port {text} cannot be used ({error.strerror})"
            message = f"{why}: choose another one with {name}=…"
            raise CannotStart(message) from error
    return int(text)


def _redis_socket(folder: Path) -> str:
    path = str(folder / "redis.sock")
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    return str(Path(tempfile.mkdtemp(prefix="portal-")) / "redis.sock")


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = [line.partition("=") for line in path.read_text().splitlines()]
    return {name: value for name, _, value in lines if name.isidentifier()}


def _secret_makers() -> dict[str, Callable[[], str]]:
    makers: dict[str, Callable[[], str]] = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
        "SANDBOX_GRAPH_TOKEN": lambda: secrets.token_urlsafe(32),
        "SANDBOX_ENTRA_APPLICATIONS": _applications,
    }
    for person in (*PEOPLE, *SANDBOX_PEOPLE):
        makers[person.password_name] = new_password
    return makers


def _applications() -> str:
    """Return what the sandbox's Entra shall know: names, client IDs and secrets."""
    names = ("outbound", "inbound", "rest-user")
    return ",".join(f"{name}:{uuid4()}={secrets.token_urlsafe(30)}" for name in names)


def _make_secrets(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Make and write down what is not known; return only that."""
    makers = _secret_makers()
    missing = [name for name in makers if not _is_given(known, name)]
    if "ENCRYPTION_KEYS" in missing and (folder / "portal.sqlite3").exists():
        message = (
            f"The database in {folder} was encrypted with keys that are no longer in "
            f"{SECRETS}: restore that file, or set ENCRYPTION_KEYS."
        )
        raise CannotStart(message)
    made = {name: makers[name]() for name in missing}
    if made:
        _append(folder / SECRETS, made)
    return made


def _append(path: Path, values: Mapping[str, str]) -> None:
    lines = path.read_text().splitlines() if path.exists() else []
    lines += [f"{name}={value}" for name, value in values.items()]
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    # Never half written, never readable by others, not even for a moment.
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join([*lines, ""]))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _environment(
    folder: Path, port: int, redis_socket: str | None, known: Mapping[str, str]
) -> dict[str, str]:
    environment = {"SITE_URL": f"http://127.0.0.1:{port}", **known}
    environment["DATA_DIR"] = str(folder)
    environment["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    environment["PYTHONUNBUFFERED"] = "1"
    if redis_socket:
        environment["REDIS_URL"] = f"redis+socket://{redis_socket}"
    return environment


def _with_sandbox(environment: Mapping[str, str], port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    defaults = {
        "SERVICENOW_SANDBOX_URL": url,
        "GRAPH_BASE_URL": f"{url}/graph/v1.0",
        "GRAPH_ACCESS_TOKEN": environment["SANDBOX_GRAPH_TOKEN"],
        "GRAPH_AUTHORITY": f"{url}/graph",
        # Short, so that changes made in the sandbox show while people look.
        "SYNC_INTERVAL": "15",
    }
    if not environment.get("ENTRA_TENANT_ID"):
        # Where people sign in with Entra it is the real one, for everything.
        defaults["ENTRA_AUTHORITY"] = f"{url}/entra"
    return {**defaults, **environment}
