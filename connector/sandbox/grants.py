"""OAuth tokens and codes: issue, find, revoke; and the token endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connector.sandbox import oidc, people
from connector.sandbox.answers import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request, Response

    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store

_CLIENT_CREDENTIALS = "glide.oauth.inbound.client.credential.grant_type.enabled"
_PASSWORD_OFF = "glide.oauth.inbound.ropc.grant_type.disabled"  # noqa: S105
_BODY_ONLY = "glide.oauth.allow.parameters.in.post.body.only"
_OAUTH = "com.snc.platform.security.oauth.is.active"
_READ_ONLY_EXEMPT = "glide.security.snc_read_only_role.tables.exempt_create"
_USED_EVERY = 5.0


class Denied(Exception):
    """No token; the instance never says why."""


@dataclass(frozen=True)
class Code:
    """What a person allowed: which application, as whom, answered where."""

    entity: str
    user: str
    redirect: str
    challenge: str = ""


def issue_code(store: Store, code: Code, lifespan: int) -> str:
    """Return a new code that works once and not for long."""
    store.execute("DELETE FROM _code WHERE expires < ?", [store.clock()])
    text = secrets.token_urlsafe(64)
    store.execute(
        "INSERT INTO _code (code, entity, user, redirect, challenge, expires) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            *(text, code.entity, code.user, code.redirect, code.challenge),
            store.clock() + lifespan,
        ],
    )
    return text


def user_of(store: Store, token: str) -> User | None:
    """Return whom a live access token stands for."""
    now = store.clock()
    rows = store.execute(
        "SELECT user, last_used FROM _token WHERE token = ? AND kind = 'access' "
        "AND revoked = 0 AND expires > ?",
        [token, now],
    )
    if not rows:
        return None
    if now - (rows[0]["last_used"] or 0) > _USED_EVERY:
        store.execute("UPDATE _token SET last_used = ? WHERE token = ?", [now, token])
    return people.load(store, rows[0]["user"])


def end_of(store: Store, token: str) -> float:
    """Return when a token expires; one of another provider has no end here."""
    rows = store.execute("SELECT expires FROM _token WHERE token = ?", [token])
    return float(rows[0]["expires"]) if rows else inf


def revoke(store: Store, token: str) -> None:
    """Mark a token, access or refresh, as no longer valid."""
    store.execute("UPDATE _token SET revoked = 1 WHERE token = ?", [token])


def token_endpoint(store: Store, request: Request) -> Response:
    """Answer POST /oauth_token.do."""
    try:
        with store.transaction():
            return json_response(_grant(store, request))
    except Denied:
        body = {"error_description": "access_denied", "error": "server_error"}
        return json_response(body, 401)


def _grant(store: Store, request: Request) -> dict[str, object]:
    form = _form(store, request)
    # Some clients send it as a header of this name.
    scheme, _, token = request.headers.get("Authentication", "").partition(" ")
    if scheme.lower() == "bearer":
        form.setdefault("assertion", token.strip())
    entity = _client(store, request, form)
    grant = _GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        raise Denied
    user_id, has_refresh = grant(store, entity, form)
    user = people.load(store, user_id)
    if user is None or not _may_hold_tokens(store, user):
        raise Denied
    return _tokens(store, entity, user, has_refresh=has_refresh)


def _form(store: Store, request: Request) -> dict[str, str]:
    """Return what was sent as a form; in the address only if a property lets it."""
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    is_open = bool(request.args) and not store.is_on(_BODY_ONLY)
    if request.method != "POST" or not (is_form or is_open):
        raise Denied
    if (request.args and not is_open) or not store.is_on(_OAUTH):
        raise Denied
    given = [*request.args.items(), *request.form.items()]
    return {name: str(value) for name, value in given}


def _may_hold_tokens(store: Store, user: User) -> bool:
    """Say whether a row of oauth_credential may be made for the user."""
    exempt = store.setting(_READ_ONLY_EXEMPT).split(",")
    is_exempt = "oauth_credential" in {name.strip() for name in exempt}
    return is_exempt or "snc_read_only" not in user.roles


def _client(store: Store, request: Request, form: Mapping[str, str]) -> Row:
    """Return the registered application after checking its secret."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if request.authorization and request.authorization.type == "basic":
        client_id = unquote(request.authorization.username or "")
        secret = unquote(request.authorization.password or "")
    entity = store.first("oauth_entity", client_id=client_id)
    if entity is None or not client_id or entity["active"] != "true":
        raise Denied
    is_public = entity["public_client"] == "true"
    if not is_public and not _equal(secret, entity["client_secret"]):
        raise Denied
    return entity


def _equal(given: str, stored: str) -> bool:
    return bool(stored) and compare_digest(given.encode(), stored.encode())


Granted = tuple[str, bool]


def _by_code(store: Store, entity: Row, form: Mapping[str, str]) -> Granted:
    rows = store.execute(
        "UPDATE _code SET used = 1 WHERE code = ? AND used = 0 AND expires > ? "
        "AND entity = ? RETURNING *",
        [form.get("code", ""), store.clock(), entity["sys_id"]],
    )
    if not rows or rows[0]["redirect"] != form.get("redirect_uri", ""):
        raise Denied
    challenge, is_public = rows[0]["challenge"], entity["public_client"] == "true"
    if (challenge or is_public) and challenge != _s256(form.get("code_verifier", "")):
        raise Denied
    return rows[0]["user"], not is_public


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _by_refresh(store: Store, entity: Row, form: Mapping[str, str]) -> Granted:
    rows = store.execute(
        "SELECT user FROM _token WHERE token = ? AND kind = 'refresh' AND entity = ? "
        "AND revoked = 0 AND expires > ?",
        [form.get("refresh_token", ""), entity["sys_id"], store.clock()],
    )
    if not rows:
        raise Denied
    return rows[0]["user"], True


def _by_password(store: Store, _entity: Row, form: Mapping[str, str]) -> Granted:
    if store.is_on(_PASSWORD_OFF):
        raise Denied
    name, password = form.get("username", ""), form.get("password", "")
    row = people.by_password(store, name, password)
    if row is None or people.needs_code(store, row):
        raise Denied
    return row["sys_id"], True


def _by_client(store: Store, entity: Row, _form: Mapping[str, str]) -> Granted:
    if not store.is_on(_CLIENT_CREDENTIALS) or not entity["user"]:
        raise Denied
    return entity["user"], False


def _by_assertion(store: Store, _entity: Row, form: Mapping[str, str]) -> Granted:
    user = oidc.user_of(store, form.get("assertion", ""))
    if user is None:
        raise Denied
    return user.sys_id, True


_GRANTS: dict[str, Callable[[Store, Row, Mapping[str, str]], Granted]] = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh,
    "password": _by_password,
    "client_credentials": _by_client,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": _by_assertion,
}


def _tokens(
    store: Store, entity: Row, user: User, *, has_refresh: bool
) -> dict[str, object]:
    """Return the live tokens of this user and application, new ones if need be."""
    access, expires = _token(store, entity, user, "access")
    body: dict[str, object] = {
        "access_token": access,
        "scope": "useraccount",
        "token_type": "Bearer",
        # A moment has passed since the token was made: a fresh one has 1799 s.
        "expires_in": max(int(expires - store.clock() - 0.001), 0),
    }
    if has_refresh:
        body["refresh_token"] = _token(store, entity, user, "refresh")[0]
    return body


def _token(store: Store, entity: Row, user: User, kind: str) -> tuple[str, float]:
    now = store.clock()
    rows = store.execute(
        "SELECT token, expires FROM _token WHERE entity = ? AND user = ? AND kind = ? "
        "AND revoked = 0 AND expires > ? ORDER BY expires DESC LIMIT 1",
        [entity["sys_id"], user.sys_id, kind, now],
    )
    if rows:
        return rows[0]["token"], rows[0]["expires"]
    token = secrets.token_urlsafe(56)
    expires = now + int(entity[f"{kind}_token_lifespan"])
    store.execute(
        "INSERT INTO _token (token, kind, entity, user, created, expires) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [token, kind, entity["sys_id"], user.sys_id, now, expires],
    )
    return token, expires


def basic_credentials(header: str) -> tuple[str, str]:
    """Return user and password of an Authorization header, empty if unreadable."""
    try:
        text = base64.b64decode(header, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password
