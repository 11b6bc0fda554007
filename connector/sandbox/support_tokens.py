"""Application tokens from Entra by the outbound OAuth provider, kept while they last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from connector.sandbox.support_settings import SCOPE
from connector.sandbox.support_wire import NoAnswer

if TYPE_CHECKING:
    from connector.sandbox.store import Row, Store
    from connector.sandbox.support_wire import Answer, Wire

# A token that ends sooner is not used any more.
_MARGIN = 60
_NOTE = "support:token"
READ_REFUSED = (
    f"Read operation on table 'oauth_entity' from scope '{SCOPE}' was denied because of "
    "the table's cross-scope access policy"
)


class NoToken(Exception):
    """Why there is no token, without any secret."""


def is_open(store: Store) -> bool:
    """Say whether the app may read the registries (both tables, from its scope)."""
    for name in ("oauth_entity", "oauth_entity_profile"):
        row = store.first("sys_db_object", name=name)
        if row and (row["access"] != "public" or row["read_access"] != "true"):
            return False
    return True


def token(wire: Wire, profile: str, *, is_new: bool = False) -> str:
    """Return a token by the profile of this name; raises NoToken."""
    provider = _provider(wire.store, profile)
    key = f"{provider['token_url']} {provider['client_id']}"
    kept = json.loads(wire.store.note(_NOTE) or "{}")
    is_fresh = kept.get("until", 0) > wire.store.clock()
    if kept.get("key") == key and is_fresh and not is_new:
        return str(kept["token"])
    return _ask(wire, provider, key)


def _provider(store: Store, profile: str) -> Row:
    if not is_open(store):
        raise NoToken(READ_REFUSED)
    row = store.first("oauth_entity_profile", name=profile)
    entity = store.first("oauth_entity", sys_id=row["oauth_entity"]) if row else None
    if entity is None:
        raise NoToken(f"There is no OAuth entity profile {profile}.")
    if entity["active"] != "true" or not entity["token_url"]:
        raise NoToken(f"The provider {entity['name']} is inactive or has no token URL.")
    return entity


def _ask(wire: Wire, provider: Row, key: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": provider["client_id"],
        "client_secret": provider["client_secret"],
        **_audience(provider),
    }
    try:
        answer = wire.post_form(provider["token_url"], form)
    except NoAnswer as error:
        raise NoToken(f"{provider['token_url']} does not answer: {error}") from error
    given = answer.body.get("access_token")
    if answer.status != 200 or not isinstance(given, str):
        raise NoToken(f"{provider['token_url']} answered {_words(answer)}")
    until = wire.store.clock() + _seconds(answer) - _MARGIN
    kept = {"key": key, "token": given, "until": until}
    wire.store.keep_note(_NOTE, json.dumps(kept))
    return given


def _audience(provider: Row) -> dict[str, str]:
    """Ask for a token that is meant for the outbound application itself."""
    if "/v2.0/" in provider["token_url"]:
        return {"scope": f"{provider['client_id']}/.default"}
    return {"resource": provider["client_id"]}


def _seconds(answer: Answer) -> int:
    # Version 1 says it as text.
    text = str(answer.body.get("expires_in", ""))
    return int(text) if text.isdecimal() else 0


def _words(answer: Answer) -> str:
    words = str(answer.body.get("error_description") or answer.body.get("error") or "")
    return f"{answer.status} {words.splitlines()[0] if words else ''}".strip()
