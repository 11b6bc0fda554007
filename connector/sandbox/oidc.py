"""Tokens of an OIDC provider: signature by its keys, audience, claim to user."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from connector.sandbox import people
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store

_HASHES = {"RS256": "sha256", "RS384": "sha384", "RS512": "sha512"}
# How a digest of each kind begins inside a signature (RFC 8017, section 9.2).
_PREFIXES = {
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}
_KEPT = 600.0
_PATIENCE = 3.0


class NotValid(Exception):
    """A token that is not to be trusted."""


@dataclass(frozen=True)
class Token:
    """The parts of a token as it was sent."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


@dataclass(frozen=True)
class Provider:
    """Who signs, and with which keys."""

    issuer: str
    keys: tuple[dict[str, str], ...]
    read_at: float


_known: dict[str, Provider] = {}


def user_of(store: Store, text: str) -> User | None:
    """Return whom a provider's token stands for; None if it is not to be trusted."""
    if text.count(".") != 2:
        return None
    try:
        token = _read(text)
        entity = _entity(store, token)
        settings = store.first(
            "oidc_provider_configuration", sys_id=entity["oidc_provider"]
        )
        if settings is None:
            return None
        _check(store, token, settings)
        return _user(store, token, settings)
    except (NotValid, URLError, OSError, ValueError, KeyError, TypeError):
        return None


def _read(text: str) -> Token:
    head, body, signature = text.split(".")
    header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise NotValid
    return Token(header, claims, f"{head}.{body}".encode(), _decoded(signature))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _entity(store: Store, token: Token) -> Row:
    """Return the registry whose client ID the token is meant for."""
    given = token.claims.get("aud")
    for audience in given if isinstance(given, list) else [given]:
        row = store.first("oauth_oidc_entity", client_id=str(audience))
        if row and row["client_id"] == audience and row["active"] == "true":
            return row
    raise NotValid


def _check(store: Store, token: Token, settings: Row) -> None:
    now, skew = store.clock(), int(settings["clock_skew"] or 0)
    claims = token.claims
    if float(claims["exp"]) + skew <= now or float(claims.get("nbf", 0)) - skew > now:
        raise NotValid
    provider = _provider(settings["oidc_config_url"], str(token.header.get("kid")))
    if claims.get("iss") != provider.issuer or not _is_signed(token, provider):
        raise NotValid
    if settings["enable_jti_verification"] == "true":
        _use_once(store, str(claims["jti"]))


def _provider(address: str, kid: str) -> Provider:
    """Return a provider; its keys are read again when they are old or one is new."""
    known = _known.get(address)
    now = time.monotonic()
    if known and now - known.read_at < _KEPT and _keys(known, kid):
        return known
    metadata = _get(address)
    keys = tuple(_get(str(metadata["jwks_uri"]))["keys"])
    found = Provider(str(metadata["issuer"]), keys, now)
    _known[address] = found
    return found


def _keys(provider: Provider, kid: str) -> list[dict[str, str]]:
    return [
        key
        for key in provider.keys
        if key.get("kid") == kid and key.get("kty") == "RSA"
    ]


def _get(address: str) -> dict[str, Any]:
    if urlsplit(address).scheme not in {"http", "https"}:
        raise NotValid
    with urlopen(address, timeout=_PATIENCE) as answer:  # noqa: S310
        body: dict[str, Any] = json.load(answer)
    return body


def _is_signed(token: Token, provider: Provider) -> bool:
    name = _HASHES.get(str(token.header.get("alg")))
    if name is None:
        return False
    keys = _keys(provider, str(token.header.get("kid")))
    return any(_fits(token, key, name) for key in keys)


def _fits(token: Token, key: dict[str, str], name: str) -> bool:
    """Check an RSA signature with PKCS #1 v1.5 padding."""
    modulus = int.from_bytes(_decoded(key["n"]), "big")
    exponent = int.from_bytes(_decoded(key["e"]), "big")
    size = (modulus.bit_length() + 7) // 8
    given = int.from_bytes(token.signature, "big")
    if size < 256 or len(token.signature) != size or given >= modulus:
        return False
    digest = hashlib.new(name, token.signed).digest()
    tail = bytes.fromhex(_PREFIXES[name]) + digest
    wanted = b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail
    return pow(given, exponent, modulus).to_bytes(size, "big") == wanted


def _use_once(store: Store, jti: str) -> None:
    with store.transaction():
        if store.note(f"jti:{jti}"):
            raise NotValid
        store.keep_note(f"jti:{jti}", "used")


def _user(store: Store, token: Token, settings: Row) -> User | None:
    value = token.claims.get(settings["user_claim"])
    field = settings["user_field"]
    if not isinstance(value, str) or field not in TABLES["sys_user"].fields:
        return None
    row = store.first("sys_user", **{field: value}) if value else None
    return people.load(store, row["sys_id"]) if row else None
