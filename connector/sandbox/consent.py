"""The page that asks whether an application may use the account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from connector.sandbox import grants
from connector.sandbox.web import PageError, fill

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

_SIGN_IN = "/oauth_login.do"
_STATE_REQUIRED = "glide.oauth.state.parameter.required"


def respond(store: Store, visit: Visit) -> Response:
    """Answer /oauth_auth.do: sign in first, then ask, then go back with a code."""
    entity, state = _checked(store, visit)
    if visit.user is None:
        return visit.go(f"{_SIGN_IN}?next={quote(visit.here, safe='')}")
    if visit.request.method == "POST":
        return _decide(store, visit, entity, state)
    content = fill(
        "consent",
        application=entity["name"],
        name=visit.user.name,
        user_name=visit.user.user_name,
        action=visit.here,
        token=visit.hidden_token,
    )
    return visit.page("Allow access", content)


def _checked(store: Store, visit: Visit) -> tuple[Row, str]:
    """Return the application and the state of a request that may go on."""
    given = visit.request.args
    client_id = given.get("client_id", "")
    entity = store.first("oauth_entity", client_id=client_id)
    if entity is None or not client_id or entity["active"] != "true":
        raise PageError(400, "Invalid client_id: no such application is registered.")
    if given.get("response_type") != "code":
        raise PageError(400, "Invalid response_type: only code is supported.")
    state = given.get("state", "").strip()
    if not state and store.is_on(_STATE_REQUIRED):
        raise PageError(400, "Missing State parameter in request.")
    if given.get("code_challenge") and given.get("code_challenge_method") != "S256":
        raise PageError(400, "Invalid code_challenge_method: only S256 is supported.")
    return entity, state


def _decide(store: Store, visit: Visit, entity: Row, state: str) -> Response:
    visit.check_token()
    answer = visit.form("answer")
    if answer == "switch":
        visit.end()
        return visit.go(f"{_SIGN_IN}?next={quote(visit.here, safe='')}")
    if answer != "allow":
        return _back(visit, entity, {"error": "access_denied", "state": state})
    code = grants.issue_code(store, _code(visit, entity), _lifespan(entity))
    return _back(visit, entity, {"code": code, "state": state})


def _code(visit: Visit, entity: Row) -> grants.Code:
    challenge = visit.request.args.get("code_challenge", "")
    user_id = visit.user.sys_id if visit.user else ""
    return grants.Code(
        entity["sys_id"], user_id, _redirect_url(visit, entity), challenge
    )


def _lifespan(entity: Row) -> int:
    return int(entity["auth_code_lifespan"] or 60)


def _redirect_url(visit: Visit, entity: Row) -> str:
    """Return the registered address that was asked for, else silently the first."""
    registered = [url for url in re.split(r"[\s,]+", entity["redirect_url"]) if url]
    if not registered:
        raise PageError(400, "Invalid redirect_uri: the application has none.")
    wanted = visit.request.args.get("redirect_uri", "")
    return wanted if wanted in registered else registered[0]


def _back(visit: Visit, entity: Row, answer: dict[str, str]) -> Response:
    url = _redirect_url(visit, entity)
    joint = "&" if "?" in url else "?"
    return visit.go(f"{url}{joint}{urlencode(answer)}")
