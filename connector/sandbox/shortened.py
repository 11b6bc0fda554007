"""Addresses that are too long to send: given once, named by a token afterwards."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from connector.sandbox.answers import Refusal, json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.store import Store


def create(store: Store, request: Request) -> Response:
    """Answer POST /api/now/tinyurl."""
    address = _wanted(request)
    token = secrets.token_hex(16)
    store.keep_note(f"tiny:{token}", address.query)
    result = f"{address.path.lstrip('/')}?sysparm_tiny={token}"
    return json_response({"result": result})


def expand(store: Store, request: Request) -> Request:
    """Return the request with the parameters that its token stands for."""
    token = request.args.get("sysparm_tiny", "")
    query = store.note(f"tiny:{token}") if token else ""
    if not query:
        return request
    return Request({**request.environ, "QUERY_STRING": query})


def _wanted(request: Request) -> Any:
    try:
        return urlsplit(str(json.loads(request.get_data())["url"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(
            400, "Exception while reading request", "url is missing"
        ) from error
