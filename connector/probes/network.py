"""The way to the instance: name, encryption, awake, let in, sign-in page."""

from __future__ import annotations

import re
import secrets
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector import addresses, guard, handshake, http
from connector.exceptions import (
    ConnectorError,
    Evidence,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.probes.catalogue import Probe
from connector.probes.findings import (
    Finding,
    failed,
    failed_by,
    ok,
    unknown,
    warning,
)
from connector.probes.people import identity
from connector.redaction import clean
from connector.servicenow.answers import error_of
from connector.tokens import SOON

if TYPE_CHECKING:
    from connector.http import Answer
    from connector.probes.examination import Examination

GREETING = "/api/now/table/sys_user"
CONSENT = "/oauth_auth.do"
# Days before its end from which a certificate is worth a word.
_SOON = 14
_ANSWERS = {200, 401, 403}
# What the instance saw, in "Access restricted (203.0.113.7 not authorized)".
_SEEN = re.compile(r"\(([0-9a-fA-F.:]{3,45}) not authorized\)")
_FORM = re.compile(r"<form[^>]+action=[\"'](https?://[^\"'/]+)", re.IGNORECASE)


def _place(e: Examination) -> tuple[str, int]:
    parts = urlsplit(e.connection.base_url)
    is_plain = parts.scheme == "http"
    return parts.hostname or "", parts.port or (80 if is_plain else 443)


def _proxy(e: Examination) -> str:
    base_url = e.connection.base_url
    return "" if addresses.is_sandbox(base_url) else http.proxy_of(base_url)


def dns(e: Examination) -> Finding:
    """Say where the name leads; into the own network is refused."""
    host, port = _place(e)
    if proxy := _proxy(e):
        return unknown("through_proxy", proxy=proxy)
    try:
        found = guard.resolve(host, port)
    except OSError as error:
        return _stopped(e, Unavailable, "unknown_host", error, host=host)
    facts = {"host": host, "addresses": ", ".join(found[:6])}
    if addresses.is_sandbox(e.connection.base_url):
        return ok("sandbox", **facts)
    inside = [address for address in found if not guard.is_public(address)]
    if inside:
        e.error = Misconfigured("private_address")
        return failed("private_address", **facts, inside=", ".join(inside))
    return ok("found", **facts)


def tls(e: Examination) -> Finding:
    """Say whose certificate the instance shows and how long it lasts."""
    host, port = _place(e)
    is_sandbox = addresses.is_sandbox(e.connection.base_url)
    if e.connection.base_url.startswith("http://"):
        # Nothing else may be called without encryption.
        return ok("plain_sandbox")
    if proxy := _proxy(e):
        return unknown("through_proxy", proxy=proxy)
    try:
        shown = handshake.certificate(host, port, private_ok=is_sandbox)
    except ssl.SSLCertVerificationError as error:
        return _stopped(e, Misconfigured, "certificate", error, host=host)
    except ssl.SSLError as error:
        return _stopped(e, Unavailable, "tls", error, host=host)
    except guard.PrivateAddressError as error:
        return _stopped(e, Misconfigured, "private_address", error, host=host)
    except TimeoutError as error:
        return _stopped(e, Unavailable, "connect_timeout", error, host=host)
    except OSError as error:
        return _stopped(e, Unavailable, "connection_refused", error, host=host)
    return _lasting(shown)


def _stopped(
    e: Examination,
    kind: type[ConnectorError],
    code: str,
    error: Exception,
    host: str,
) -> Finding:
    """Return that the way ends here, which the connection is told as well."""
    e.error = kind(code, Evidence(words=clean(str(error))))
    return failed_by(e.error, host=host)


def _lasting(shown: handshake.Certificate) -> Finding:
    days = (shown.ends_at - timezone.now()).days
    facts = {
        "subject": shown.subject,
        "issuer": shown.issuer,
        "days": str(days),
        "date": shown.ends_at.date().isoformat(),
    }
    if days < _SOON:
        return warning("ends_soon", **facts)
    return ok("trusted", **facts)


def greeting(e: Examination) -> Answer:
    """Return what the instance says to a stranger at its API."""
    params = {"sysparm_limit": "1", "sysparm_fields": "sys_id"}
    return e.visit(GREETING, params, "application/json")[0]


def awake(e: Examination) -> Finding:
    """Say whether ServiceNow's API answers at all."""
    host = e.connection.host
    try:
        answer = greeting(e)
    except ConnectorError as error:
        e.error = error
        return failed_by(error, host=host)
    if answer.status in _ANSWERS and isinstance(answer.json(), dict):
        return ok("yes", host=host)
    return _instead(e, error_of(answer))


def _instead(e: Examination, error: ConnectorError) -> Finding:
    """Judge what came instead of the API's own answer to a stranger."""
    host = e.connection.host
    is_answer = isinstance(error, Refused | Unauthorized)
    if is_answer or error.code in {"ip_restricted", "scope", "api_acl"}:
        return ok("yes", host=host)
    if error.code == "rate_limited":
        return warning("rate_limited", error.evidence)
    e.error = error
    return failed_by(error, host=host)


def address(e: Examination) -> Finding:
    """Say whether the instance turns the portal's address away, and which it saw."""
    answer = greeting(e)
    error = error_of(answer) if answer.status == 403 else None
    if error is None or error.code != "ip_restricted":
        error = _met_on_the_way(e)
    if error is None:
        return ok("let_in")
    e.error = error
    seen = _SEEN.search(error.evidence.words)
    facts = {"address": seen[1] if seen else "-"}
    return failed("ip_restricted", error.evidence, **facts)


def _met_on_the_way(e: Examination) -> ConnectorError | None:
    """Return the refusal of the address that only those who sign in are told."""
    try:
        identity(e)
    except ConnectorError as error:
        return error if error.code == "ip_restricted" else None
    return None


def consent(e: Examination) -> Answer:
    """Return the page a browser is sent to for the consent, as a stranger sees it."""
    params = {
        "response_type": "code",
        "client_id": e.connection.client_id,
        "redirect_uri": addresses.redirect_uri(),
        "state": secrets.token_hex(16),
        "code_challenge": secrets.token_urlsafe(32),
        "code_challenge_method": "S256",
    }
    return e.visit(CONSENT, params, "text/html")[0]


def single_sign_on(e: Examination) -> Finding:
    """Say whether the consent page leads to the sign-in of somebody else."""
    if not e.connection.needs_consent:
        return ok("not_needed")
    answer = consent(e)
    elsewhere = _elsewhere(e, answer)
    if elsewhere:
        return _past_it(e, elsewhere, answer.headers.get("Location", ""))
    if answer.status >= 400:
        return unknown("page_refused", answer.evidence())
    return ok("own_page")


def _past_it(e: Examination, host: str, address: str) -> Finding:
    """Judge a sign-in page of somebody else: it matters until somebody got past it."""
    connection = e.connection
    facts = {
        "host": host,
        "named": connection.integration_user,
        "side_door": f"{connection.base_url}/side_door.do",
    }
    is_past = connection.is_connected and bool(connection.refresh_token)
    if is_past and not connection.ends_within(SOON):
        return ok("passed", **facts)
    return warning("elsewhere", address.partition("?")[0], **facts)


def _elsewhere(e: Examination, answer: Answer) -> str:
    """Return the host the page leads to, "" for the instance itself."""
    target = answer.headers.get("Location", "") if 300 <= answer.status < 400 else ""
    if not target and "SAMLRequest" in answer.text:
        form = _FORM.search(answer.text)
        target = form[1] if form else ""
    netloc = urlsplit(target).netloc
    return "" if netloc in {"", e.connection.host} else netloc


PROBES = [
    Probe(
        "dns",
        _("Does the instance's name lead to it?"),
        "network",
        "portal",
        dns,
    ),
    Probe(
        "tls",
        _("Is the way encrypted, with a certificate that is trusted?"),
        "network",
        "portal",
        tls,
        needs=("dns",),
    ),
    Probe(
        "awake",
        _("Is the instance awake and reachable?"),
        "network",
        "servicenow",
        awake,
        needs=("tls",),
    ),
    Probe(
        "address",
        _("Does the instance let the portal's address in?"),
        "network",
        "servicenow",
        address,
        needs=("awake",),
        link="ip_access_list.do",
    ),
    Probe(
        "single_sign_on",
        _("Can one sign in to the instance as the integration user?"),
        "network",
        "servicenow",
        single_sign_on,
        needs=("address",),
    ),
]
