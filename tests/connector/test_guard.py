"""Which addresses may be connected to."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
from urllib3.exceptions import NameResolutionError

from connector.guard import (
    Guarded,
    PrivateAddressError,
    is_public,
    public_addresses,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
    ],
)
def test_inside_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "148.139.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
)
def test_outside_is_allowed(address: str) -> None:
    assert is_public(address)


def test_a_name_that_leads_inside_is_refused() -> None:
    with pytest.raises(PrivateAddressError, match="not a public address"):
        public_addresses("localhost", 443)


class _Seen:
    """What this process asks the system's network for, while it is switched on."""

    is_on = False
    events: list[tuple[str, Any]] = []

    @classmethod
    def hook(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.is_on and event == "socket.getaddrinfo":
            cls.events.append(("resolved", arguments[0]))
        elif cls.is_on and event == "socket.connect":
            cls.events.append(("connected", arguments[1][0]))


sys.addaudithook(_Seen.hook)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    monkeypatch.setattr(_Seen, "events", [])
    monkeypatch.setattr(_Seen, "is_on", True)
    return _Seen.events


def test_nothing_is_sent_to_a_name_that_leads_inside(
    seen: list[tuple[str, Any]],
) -> None:
    with pytest.raises(PrivateAddressError):
        Guarded("localhost", 9).connect()

    assert [what for what, _ in seen] == ["resolved"]


class _Anywhere(Guarded):
    """Takes any address, to be tried on this machine."""

    @staticmethod
    def resolve(host: str, port: int | None) -> list[str]:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in found]


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    seen: list[tuple[str, Any]],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = _Anywhere("localhost", server.getsockname()[1])
        connection.connect()
        connection.close()

    # What the name says the second time is never asked for.
    assert [what for what in seen if what[1] == "localhost"] == [
        ("resolved", "localhost")
    ]
    assert ("connected", "127.0.0.1") in seen
    assert connection.host == "localhost"


class _Unknown(Guarded):
    """Takes a name that leads nowhere when it is asked for, and inside a moment later."""

    @staticmethod
    def resolve(*_: Any) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")


def test_a_name_that_leads_nowhere_is_not_asked_for_again(
    seen: list[tuple[str, Any]],
) -> None:
    with pytest.raises(NameResolutionError):
        _Unknown("localhost", 9).connect()

    assert seen == []


def test_a_name_that_cannot_be_asked_for_leads_nowhere() -> None:
    with pytest.raises(socket.gaierror):
        public_addresses(f"{64 * 'a'}.example.com", 443)
