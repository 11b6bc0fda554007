"""The address of an instance: from what people type to an origin that may be called."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.urls import reverse

SUFFIX = ".service-now.com"
LONGEST = 200
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_LABELS = re.compile(rf"{_LABEL}(\.{_LABEL})*")


class AddressError(ValueError):
    """The text is no address that may be called; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_sandbox(base_url: str) -> bool:
    """Say whether this is one of the loopback origins that may be called."""
    origins = str(settings.SERVICENOW_SANDBOX_URL).split(",")
    return bool(base_url) and base_url in {one.strip().rstrip("/") for one in origins}


def redirect_uri() -> str:
    """Return the one address ServiceNow may send people back to."""
    return f"{settings.SITE_URL}{reverse('social:complete', args=['servicenow'])}"


def normalise(text: str) -> str:
    """Return the origin meant by an instance name, host or pasted address.

    Raises AddressError for everything but ServiceNow's hosts, the configured ones and
    the sandbox.
    """
    text = text.strip()
    _refuse_unreadable(text)
    parts = _split(text)
    # The pages show the sandbox's host alone; it must be accepted as shown.
    for origin in (f"{parts.scheme}://{parts.netloc}", f"http://{text}"):
        if is_sandbox(origin.lower()):
            return origin.lower()
    return f"https://{_host(parts)}"


def _refuse_unreadable(text: str) -> None:
    if not text:
        raise AddressError("empty")
    if len(text) > LONGEST:
        raise AddressError("too_long")
    if any(char.isspace() or not char.isprintable() for char in text):
        raise AddressError("spaces")


def _split(text: str) -> SplitResult:
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        _ = parts.port
    except ValueError as error:
        raise AddressError("characters") from error
    return parts


def _host(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        raise AddressError("credentials")
    host = (parts.hostname or "").removesuffix(".")
    if _is_ip(host):
        raise AddressError("ip")
    if parts.scheme != "https":
        raise AddressError("not_https")
    if parts.port not in {None, 443}:
        raise AddressError("port")
    if ".." in host or not _LABELS.fullmatch(host):
        raise AddressError("characters")
    return _known(host)


def _is_ip(host: str) -> bool:
    """Say whether the host is an address, also in the short and decimal spellings."""
    if host == "localhost" or re.fullmatch(
        r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+))*", host
    ):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _known(host: str) -> str:
    if "." not in host:
        host += SUFFIX
    extra = {name.strip().lower() for name in settings.SERVICENOW_EXTRA_HOSTS}
    if host.endswith(SUFFIX) or host in extra:
        return host
    raise AddressError("foreign")
