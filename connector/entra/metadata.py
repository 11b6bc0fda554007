"""The OpenID Connect metadata of a directory: who signs, and with which keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import http
from connector.entra import keys
from connector.exceptions import Evidence, Misconfigured, Unavailable

if TYPE_CHECKING:
    from connector.entra.keys import Key
    from connector.http import Answer

# Version 1 tokens are signed by another issuer than version 2 tokens.
PATHS = {
    2: "v2.0/.well-known/openid-configuration",
    1: ".well-known/openid-configuration",
}
_GUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Metadata:
    """What a directory publishes; `jwks` are the keys a signature can be checked with."""

    url: str
    issuer: str
    token_endpoint: str
    jwks: tuple[Key, ...]

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return len(self.jwks)


def address(authority: str, directory: str, version: int = 1) -> str:
    """Return where the metadata for tokens of a version lies."""
    return f"{authority}/{directory}/{PATHS[version]}"


def directory_of(issuer: str) -> str:
    """Return the directory (tenant) ID in an issuer, "" where it stands for any."""
    found = _GUID.search(issuer.lower())
    return found[0] if found else ""


def fetch(url: str, *, timeout: tuple[float, float] = http.TIMEOUT) -> Metadata:
    """Read the metadata and the keys it names.

    Raises "directory_unknown" where Entra does not know the directory, and
    "metadata_incomplete" where issuer, token endpoint or keys are missing.
    """
    answer = _get(url, timeout)
    body = _object(answer)
    issuer, token_endpoint = _text(body, "issuer"), _text(body, "token_endpoint")
    jwks = _text(body, "jwks_uri")
    missing = [
        name
        for name, value in (
            ("issuer", issuer),
            ("token_endpoint", token_endpoint),
            ("jwks_uri", jwks),
        )
        if not value
    ]
    if missing:
        words = f"missing: {', '.join(missing)}"
        raise Misconfigured("metadata_incomplete", answer.evidence(words))
    if not jwks.startswith("https://") and not _is_stand_in(url, jwks):
        raise Misconfigured("metadata_incomplete", Evidence(words=f"jwks_uri: {jwks}"))
    return Metadata(url, issuer, token_endpoint, _keys(jwks, timeout))


def _is_stand_in(*urls: str) -> bool:
    """Say whether a stand-in over loopback answers: Microsoft does over https alone."""
    return all(url.startswith("http://") for url in urls)


def _keys(url: str, timeout: tuple[float, float]) -> tuple[Key, ...]:
    answer = _get(url, timeout)
    published = _object(answer).get("keys")
    usable = keys.usable(published if isinstance(published, list) else [])
    if not usable:
        raise Misconfigured("metadata_incomplete", answer.evidence("no keys"))
    return tuple(usable)


def _get(url: str, timeout: tuple[float, float]) -> Answer:
    session = http.session(private_ok=_is_stand_in(url))
    answer = http.send(session, http.Call("GET", url), timeout=timeout)
    if answer.status == 429 or answer.status >= 500:
        code = "rate_limited" if answer.status == 429 else "server_error"
        raise Unavailable(
            code, answer.evidence(_words(answer)), retry_after=answer.retry_after
        )
    if answer.status != 200:
        raise Misconfigured("directory_unknown", answer.evidence(_words(answer)))
    return answer


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise Unavailable("unexpected_answer", answer.evidence())
    return body


def _words(answer: Answer) -> str:
    body = answer.json()
    return str(body.get("error_description", "")) if isinstance(body, dict) else ""


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
