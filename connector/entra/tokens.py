"""Application tokens of Microsoft Entra ID: verified, or refused for one named reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from connector.entra.keys import ALGORITHM, public_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.entra.keys import Key

# By how many seconds clocks may differ.
SKEW = 300
LONGEST = 16_000
_UNCHECKED = {
    f"verify_{name}": False
    for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}


@dataclass(frozen=True)
class Expectation:
    """Whose tokens are accepted: of this directory, from and for this application."""

    tenant_id: str
    # Of version 1 and version 2 tokens, as the directory's metadata names them.
    issuers: tuple[str, ...]
    app_id: str

    @property
    def audiences(self) -> set[str]:
        return {self.app_id.casefold(), f"api://{self.app_id}".casefold()}


class TokenError(Exception):
    """The token is refused; `code` says why, `facts` what was found and expected.

    `app_id` is the application the token names, once its signature was right.
    """

    def __init__(self, code: str, app_id: str = "", **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.app_id = app_id
        self.facts = facts


class UnknownKeyError(TokenError):
    """The token names a key that is not among those given; it may be a new one."""


def verify(
    token: str, keys: Sequence[Key], expectation: Expectation, now: float
) -> dict[str, Any]:
    """Return the claims of an application token; `now` is in seconds since 1970.

    Raises TokenError with one of: token_missing, token_malformed, token_algorithm,
    token_signature, token_expired, token_not_yet_valid, token_tenant, token_issuer,
    token_audience, token_not_application, token_application.
    """
    if not token:
        raise TokenError("token_missing")
    claims = _signed(token, keys)
    _check_times(claims, now)
    _check_origin(claims, expectation)
    _check_audience(claims, expectation)
    _check_application(claims, expectation)
    return claims


def application_of(claims: dict[str, Any]) -> str:
    """Return the application a token was given to, "" where it names none.

    Tokens of version 2 name it in `azp`, those of version 1 in `appid`. A token of a
    person's sign-in (ID token) has neither.
    """
    is_version_2 = str(claims.get("ver")).startswith("2")
    return _text(claims, "azp" if is_version_2 else "appid")


def _signed(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    key = _key(_header(token), keys)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            public_key(key),
            algorithms=[ALGORITHM],
            # Checked here, so that each refusal has its own name.
            options=_UNCHECKED,  # type: ignore[arg-type]
        )
    except jwt.InvalidSignatureError as error:
        raise TokenError("token_signature", kid=key["kid"]) from error
    except jwt.InvalidTokenError as error:
        raise TokenError("token_malformed") from error
    return claims


def _header(token: str) -> dict[str, Any]:
    if len(token) > LONGEST:
        raise TokenError("token_malformed")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenError("token_malformed") from error
    if header.get("alg") != ALGORITHM:
        # Never left to the token: "none" and a public key as a secret verify anything.
        raise TokenError("token_algorithm", algorithm=str(header.get("alg"))[:20])
    return header


def _key(header: dict[str, Any], keys: Sequence[Key]) -> Key:
    kid = header.get("kid")
    if not kid:
        # Entra always names the key: no fetch would find it.
        raise TokenError("token_signature", kid="-")
    found = next((key for key in keys if key["kid"] == kid), None)
    if found is None:
        raise UnknownKeyError("token_signature", kid=str(kid)[:100])
    return found


def _check_times(claims: dict[str, Any], now: float) -> None:
    app_id = application_of(claims)
    expires = _time(claims, "exp")
    if expires is None:
        raise TokenError("token_malformed", app_id)
    if now > expires + SKEW:
        raise TokenError("token_expired", app_id, at=expires, now=now)
    for name in ("nbf", "iat"):
        begins = _time(claims, name)
        if begins is not None and now < begins - SKEW:
            raise TokenError("token_not_yet_valid", app_id, at=begins, now=now)


def _time(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A moment beyond the year 9999 is none, and neither is "not a number".
    if not is_number or not 0 <= value < 253_402_300_800:
        raise TokenError("token_malformed", application_of(claims))
    return float(value)


def _check_origin(claims: dict[str, Any], expectation: Expectation) -> None:
    """Compare directory and issuer; all directories of a cloud share its keys."""
    app_id = application_of(claims)
    tenant = _text(claims, "tid")
    if not _are_same(tenant, expectation.tenant_id):
        raise TokenError(
            "token_tenant", app_id, found=tenant, expected=expectation.tenant_id
        )
    issuer = _text(claims, "iss")
    if issuer not in expectation.issuers:
        expected = ", ".join(expectation.issuers)
        raise TokenError("token_issuer", app_id, found=issuer, expected=expected)


def _check_audience(claims: dict[str, Any], expectation: Expectation) -> None:
    given = claims.get("aud")
    audiences = [str(one) for one in (given if isinstance(given, list) else [given])]
    if not expectation.audiences & {one.casefold() for one in audiences}:
        raise TokenError(
            "token_audience",
            application_of(claims),
            found=", ".join(audiences)[:200] if given else "-",
            expected=expectation.app_id,
        )


def _check_application(claims: dict[str, Any], expectation: Expectation) -> None:
    app_id = application_of(claims)
    # The optional claim idtyp says it in so many words.
    if claims.get("scp") is not None or claims.get("idtyp", "app") != "app":
        raise TokenError("token_not_application", app_id)
    if not _are_same(app_id, expectation.app_id):
        raise TokenError(
            "token_application",
            app_id,
            found=app_id or "-",
            expected=expectation.app_id,
        )


def _are_same(one: str, other: str) -> bool:
    return bool(other) and one.casefold() == other.casefold()


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:200] if isinstance(value, str) else ""
