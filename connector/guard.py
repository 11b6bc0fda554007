"""The guard of outgoing connections: nothing inside the own network is reached."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

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
    """Return the addresses a host name leads to; raises OSError without any."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def refuse_private(host: str, port: int | None) -> None:
    """Raise unless every address of the host is public."""
    try:
        found = resolve(host, port)
    except OSError:
        # Left to the connection, which says it better.
        return
    for address in found:
        check(host, address)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to a public address; raises OSError or PrivateAddressError."""
    refuse_private(host, port)
    connected = socket.create_connection((host, port), timeout)
    try:
        check(host, connected.getpeername()[0])
    except PrivateAddressError:
        connected.close()
        raise
    return connected


def check(host: str, address: str) -> None:
    """Raise unless the address the host led to is public."""
    if not is_public(address):
        message = f"{host} leads to {address}, which is not a public address."
        raise PrivateAddressError(message)


class _Guarded(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        refuse_private(self._dns_host, self.port)
        connected = super()._new_conn()
        try:
            # The name may have been resolved anew: what counts is who answered.
            check(self.host, connected.getpeername()[0])
        except PrivateAddressError:
            connected.close()
            raise
        return connected


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


POOLS: dict[str, type[Pool]] = {"http": _HTTPPool, "https": _HTTPSPool}
