"""Which addresses may be connected to."""

from __future__ import annotations

import pytest

from connector.guard import PrivateAddressError, is_public, refuse_private


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
        refuse_private("localhost", 443)
