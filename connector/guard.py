"""The guard of outgoing connections: nothing inside the own network is reached."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool as Pool

# Translated IPv4 inside IPv6 (RFC 6052): the last four bytes say who is meant.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddressError(Exception):
    """The name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """Say whether an IP address may be connected to."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(ip.packed[-4:])
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int | None) -> list[str]:
    """Return the addresses a host name leads to; raises `socket.gaierror` without any."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        # A name that cannot be asked for, such as one with a label of 64 letters.
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def public_addresses(host: str, port: int | None) -> list[str]:
    """Return the addresses of a name, resolved once.

    Raises `PrivateAddressError` unless every one of them is public, and
    `socket.gaierror` without any.
    """
    found = resolve(host, port)
    for address in found:
        check(host, address)
    return found


def check(host: str, address: str) -> None:
    """Raise unless the address the host led to is public."""
    if not is_public(address):
        message = f"{host} leads to {address}, which is not a public address."
        raise PrivateAddressError(message)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to a public address; raises OSError or PrivateAddressError."""
    address = public_addresses(host, port)[0]
    return socket.create_connection((address, port), timeout)


class Guarded(HTTPConnection):
    """A connection to an address that was looked at, not to whatever the name says next."""

    resolve = staticmethod(public_addresses)

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            return self._connect(self.resolve(name, self.port))
        except socket.gaierror as error:
            # Never left to the connection: it would take what the name says by then.
            raise NameResolutionError(name, self, error) from error
        finally:
            # The certificate is compared with the name.
            self._dns_host = name

    def _connect(self, addresses: list[str]) -> socket.socket:
        *others, last = addresses
        for address in others:
            self._dns_host = address
            with suppress(NewConnectionError, ConnectTimeoutError):
                return super()._new_conn()
        self._dns_host = last
        return super()._new_conn()


class _GuardedHTTPS(Guarded, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = Guarded


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


POOLS: dict[str, type[Pool]] = {"http": _HTTPPool, "https": _HTTPSPool}
