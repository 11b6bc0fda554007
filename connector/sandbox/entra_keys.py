"""RSA keys of the directory: made, published and signed with, by the library alone."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

_EXPONENT = 65537
_BITS = 2048
# How a SHA-256 digest begins inside a signature (RFC 8017, section 9.2).
_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_SMALL = tuple(
    number
    for number in range(3, 2000, 2)
    if all(number % divisor for divisor in range(3, int(number**0.5) + 1, 2))
)
_ROUNDS = 8


@dataclass(frozen=True)
class Key:
    """A private key with the name it is published under."""

    kid: str
    modulus: int
    exponent: int

    @classmethod
    def from_json(cls, given: dict[str, str]) -> Key:
        return cls(given["kid"], int(given["n"], 16), int(given["d"], 16))

    def as_json(self) -> dict[str, str]:
        return {
            "kid": self.kid,
            "n": f"{self.modulus:x}",
            "d": f"{self.exponent:x}",
        }

    def public(self) -> dict[str, str]:
        """Return what the key set shows of it."""
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": encoded(self.modulus.to_bytes(_BITS // 8, "big")),
            "e": encoded(_EXPONENT.to_bytes(3, "big")),
        }

    def token(self, claims: dict[str, Any]) -> str:
        """Return a JSON Web Token signed with RS256."""
        head = {"typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        tail = _PREFIX + hashlib.sha256(signed.encode()).digest()
        size = _BITS // 8
        padded = b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail
        number = pow(int.from_bytes(padded, "big"), self.exponent, self.modulus)
        return f"{signed}.{encoded(number.to_bytes(size, 'big'))}"


def new() -> Key:
    """Make a key; takes about half a second."""
    while True:
        one, two = _prime(), _prime()
        order = (one - 1) * (two - 1)
        if one != two and order % _EXPONENT:
            kid = encoded(secrets.token_bytes(20))
            return Key(kid, one * two, pow(_EXPONENT, -1, order))


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _prime() -> int:
    half = _BITS // 2
    while True:
        # Both upper bits: the product has the full length.
        number = secrets.randbits(half) | (3 << (half - 2)) | 1
        if all(number % small for small in _SMALL) and _is_prime(number):
            return number


def _is_prime(number: int) -> bool:
    """Ask Miller and Rabin."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_witnesses(number, odd, twos) for _ in range(_ROUNDS))


def _witnesses(number: int, odd: int, twos: int) -> bool:
    power = pow(secrets.randbelow(number - 3) + 2, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
