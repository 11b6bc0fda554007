"""Who calls the REST interface: by token, API key, password or cookie."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from connector.sandbox import answers, grants, oidc, people

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from connector.sandbox.people import User
    from connector.sandbox.sessions import ApiSession
    from connector.sandbox.store import Row, Store

_BASIC = "glide.authenticate.basic_auth"
_ENDS_WITH_TOKEN = "glide.authenticate.oauth.post.token.expiration.cookie_auth.disabled"  # noqa: S105
_DIGITS = 6


def caller(store: Store, request: Request, session: ApiSession) -> User:
    """Return who asks; raises the one refusal that never says why."""
    user = _found(store, request, session)
    if user is None:
        raise answers.unauthorized()
    if "Authorization" in request.headers or not session.user_id:
        session.ends_at = _end_of_session(store, request)
    session.user_id = user.sys_id
    return user


def _end_of_session(store: Store, request: Request) -> float:
    """Return when a session ends: with its token, unless a property lets it live on."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and store.is_on(_ENDS_WITH_TOKEN):
        return grants.end_of(store, given.strip())
    return inf


def _found(store: Store, request: Request, session: ApiSession) -> User | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = given.strip()
        return grants.user_of(store, token) or oidc.user_of(store, token)
    if scheme.lower() == "basic":
        return _by_password(store, given.strip())
    if key := request.headers.get("x-sn-apikey"):
        return _by_key(store, key)
    if session.user_id and session.ends_at > store.clock():
        return _by_cookie(store, request, session)
    return None


def _by_password(store: Store, given: str) -> User | None:
    name, word = grants.basic_credentials(given)
    row = people.by_password(store, name, word)
    if people.needs_code(store, row):
        raise answers.unauthorized({"X-MFA_TOKEN": "invalid"})
    if row is None:
        # Perhaps with a code at its end, where a second factor is asked for.
        row = people.by_password(store, name, word[:-_DIGITS])
        row = row if people.needs_code(store, row) else None
    return _let_in(store, row)


def _let_in(store: Store, row: Row | None) -> User | None:
    user = people.load(store, row["sys_id"]) if row else None
    if row is None or user is None:
        return None
    return user if _may_use_basic(store, row, user) else None


def _may_use_basic(store: Store, row: Row, user: User) -> bool:
    """Say whether the restriction lets this account in; most people are kept out."""
    if not _is_restricted(store):
        return True
    is_service = row["web_service_access_only"] == "true"
    is_service |= row["internal_integration_user"] == "true"
    if is_service and store.is_on(f"{_BASIC}.allow_wsao"):
        return True
    # Named by its own role only: an admin does not have it by being one.
    has_role = not user.roles.isdisjoint(_listed(store, "allowed_roles"))
    return has_role or user.user_name in _listed(store, "allowed_users")


def _is_restricted(store: Store) -> bool:
    """Say whether Basic is kept out by now; before a date it may only be watched."""
    name = f"{_BASIC}.restriction"
    since = store.setting(f"{name}.enforcement_date")
    is_due = bool(since) and since <= store.now()
    return store.is_on(f"{name}.active") and (store.is_on(f"{name}.enforce") or is_due)


def _listed(store: Store, name: str) -> set[str]:
    texts = store.setting(f"{_BASIC}.{name}").split(",")
    return {text.strip() for text in texts if text.strip()}


def _by_key(store: Store, key: str) -> User | None:
    row = store.first("api_key", token=key)
    if row is None or row["token"] != key or row["active"] != "true":
        return None
    if row["expires"] and row["expires"] <= store.now():
        return None
    return people.load(store, row["user"])


def _by_cookie(store: Store, request: Request, session: ApiSession) -> User | None:
    if request.headers.get("X-UserToken") == session.token:
        return people.load(store, session.user_id)
    # The session is alive: it is the token of the form that is missing.
    headers = {"X-UserToken-Response": session.token, "X-Is-Logged-In": "true"}
    raise answers.unauthorized(headers)
