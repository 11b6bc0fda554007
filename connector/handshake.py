"""The certificate a host shows, seen over a guarded connection."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector import guard, http

_PATIENCE = 5.0


@dataclass(frozen=True)
class Certificate:
    """Whose certificate it is, who vouches for it, and until when."""

    subject: str
    issuer: str
    ends_at: datetime


def certificate(host: str, port: int, *, private_ok: bool = False) -> Certificate:
    """Return the certificate of a host, which is trusted.

    Raises `ssl.SSLError` or another OSError, and PrivateAddressError unless
    `private_ok`, which is for the sandbox alone.
    """
    connected = _connect(host, port, private_ok=private_ok)
    with connected, _context().wrap_socket(connected, server_hostname=host) as wrapped:
        shown: dict[str, Any] = wrapped.getpeercert() or {}
    ends_at = ssl.cert_time_to_seconds(shown["notAfter"])
    return Certificate(
        _name(shown.get("subject", ())),
        _name(shown.get("issuer", ())),
        datetime.fromtimestamp(ends_at, UTC),
    )


def _connect(host: str, port: int, *, private_ok: bool) -> socket.socket:
    if private_ok:
        return socket.create_connection((host, port), _PATIENCE)
    return guard.connect(host, port, _PATIENCE)


def _context() -> ssl.SSLContext:
    trusted = Path(http.authorities())
    if trusted.is_dir():
        return ssl.create_default_context(capath=str(trusted))
    return ssl.create_default_context(cafile=str(trusted))


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """Return the common name, else the organisation."""
    named = {key: value for part in parts for key, value in part}
    return named.get("commonName") or named.get("organizationName") or "-"
