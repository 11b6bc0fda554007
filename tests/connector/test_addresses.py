"""What may be typed as the address of an instance."""

from __future__ import annotations

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from connector.addresses import AddressError, normalise

SANDBOX = "http://127.0.0.1:8766"


@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        " acme ",
        "ACME",
        "acme.service-now.com",
        "acme.service-now.com.",
        "acme.service-now.com:443",
        "https://acme.service-now.com",
        "https://ACME.Service-Now.com/nav_to.do?uri=incident.do%3Fsys_id%3D1#x",
        "https://acme.service-now.com/",
    ],
)
def test_all_spellings_mean_the_same_instance(typed: str) -> None:
    assert normalise(typed) == "https://acme.service-now.com"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("ac me", "spaces"),
        ("acme\n.service-now.com", "spaces"),
        ("acme\x00", "spaces"),
        ("http://acme.service-now.com", "not_https"),
        ("ftp://acme.service-now.com", "not_https"),
        ("javascript://acme.service-now.com", "not_https"),
        ("https://user:secret@acme.service-now.com", "credentials"),
        ("acme.service-now.com@evil.example", "credentials"),
        ("https://acme.service-now.com.evil.example", "foreign"),
        ("https://evilservice-now.com", "foreign"),
        ("service-now.com", "foreign"),
        ("example.com", "foreign"),
        ("10.0.0.1", "ip"),
        ("https://127.0.0.1:8443/", "ip"),
        ("https://[::1]/", "ip"),
        ("2130706433", "ip"),
        ("0x7f.1", "ip"),
        ("localhost", "ip"),
        ("http://127.0.0.1:8767", "ip"),
        ("https://localhost", "ip"),
        ("acme..service-now.com", "characters"),
        ("../acme", "characters"),
        ("-acme", "characters"),
        ("acmé", "characters"),
        ("acme%2eservice-now.com", "characters"),
        ("https://[acme", "characters"),
        ("acme.service-now.com:8443", "port"),
        ("acme.service-now.com:99999", "characters"),
        (64 * "a", "characters"),
        (201 * "a", "too_long"),
    ],
)
def test_each_wrong_address_is_refused_with_its_reason(typed: str, code: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise(typed)

    assert caught.value.code == code


@override_settings(SERVICENOW_SANDBOX_URL=SANDBOX)
def test_only_the_configured_sandbox_may_be_local() -> None:
    assert normalise(f"{SANDBOX}/login.do") == SANDBOX
    assert normalise("127.0.0.1:8766") == SANDBOX
    with pytest.raises(AddressError):
        normalise("http://127.0.0.1:8767")


@override_settings(SERVICENOW_EXTRA_HOSTS=["it.contoso.com"])
def test_a_custom_domain_must_be_allowed_by_name() -> None:
    assert normalise("IT.contoso.com") == "https://it.contoso.com"
    with pytest.raises(AddressError):
        normalise("other.contoso.com")


@given(text=st.text(max_size=60))
def test_nothing_but_a_servicenow_host_comes_out(text: str) -> None:
    try:
        origin = normalise(text)
    except AddressError:
        return
    host = origin.removeprefix("https://")
    assert host.endswith(".service-now.com")
    assert not set(host) & set("/@:?#\\ ")
