"""The keys a directory signs with: which of those it publishes are of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Key = dict[str, str]

ALGORITHM = "RS256"
_SMALLEST = 2048
_KEPT = ("kty", "kid", "n", "e")


def usable(published: Iterable[Any]) -> list[Key]:
    """Return the keys RS256 signatures are checked with; others are ignored.

    Of each the public parts are kept, and "issuer" where the directory names one.
    """
    return [
        _plain(one) for one in published if isinstance(one, dict) and _is_usable(one)
    ]


def _is_usable(key: dict[str, Any]) -> bool:
    is_for_signatures = key.get("use", "sig") == "sig"
    is_for_algorithm = key.get("alg", ALGORITHM) == ALGORITHM
    if key.get("kty") != "RSA" or not (is_for_signatures and is_for_algorithm):
        return False
    if not all(isinstance(key.get(name), str) and key[name] for name in _KEPT):
        return False
    try:
        return public_key(_plain(key)).key_size >= _SMALLEST
    except (InvalidKeyError, ValueError):
        return False


def _plain(key: dict[str, Any]) -> Key:
    issuer = {"issuer": str(key["issuer"])} if key.get("issuer") else {}
    return {**{name: str(key[name]) for name in _KEPT}, **issuer}


def public_key(key: Key) -> RSAPublicKey:
    """Return the key as signatures are checked with it; raises `InvalidKeyError`."""
    made: RSAPublicKey = RSAAlgorithm.from_jwk(key)  # type: ignore[assignment]
    return made


def of_directory(
    documents: Sequence[Sequence[Key]], tenant_id: str, issuers: Sequence[str]
) -> list[Key]:
    """Return the keys of several documents that sign for this directory, each once.

    A key can name whom it signs for, with "{tenantid}" for any directory. The key of
    personal accounts, say, must not vouch for anybody here, in no document.
    """
    found = {key["kid"]: key for keys in documents for key in keys}
    foreign = {
        key["kid"]
        for keys in documents
        for key in keys
        if "issuer" in key
        and key["issuer"].replace("{tenantid}", tenant_id) not in issuers
    }
    return [
        {name: key[name] for name in _KEPT}
        for kid, key in found.items()
        if kid not in foreign
    ]
