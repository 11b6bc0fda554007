"""The Batch API: several requests in one, each with the rights of the caller."""

from __future__ import annotations

import base64
import binascii
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from connector.sandbox import answers
from connector.sandbox.answers import Refusal, json_response

if TYPE_CHECKING:
    import re

    from werkzeug.wrappers import Response

    from connector.sandbox.api import Api
    from connector.sandbox.people import User

_QUOTA = 30.0
_MAX_ITEM = 5 * 1024 * 1024


def answer(api: Api, request: Request, user: User, _match: re.Match[str]) -> Response:
    """Answer POST /batch."""
    if request.method != "POST":
        raise answers.not_allowed(request.method)
    number, wanted = _read(request)
    end = time.monotonic() + _QUOTA
    done: list[dict[str, Any]] = []
    left: list[str] = []
    for item in wanted:
        if time.monotonic() > end:
            left.append(str(item.get("id", "")))
        else:
            done.append(_serve(api, request, user, item))
    body = {
        "batch_request_id": number,
        "serviced_requests": done,
        "unserviced_requests": left,
    }
    return json_response(body)


def _read(request: Request) -> tuple[str, list[dict[str, Any]]]:
    try:
        body = json.loads(request.get_data())
        items = [dict(item) for item in body["rest_requests"]]
        return str(body["batch_request_id"]), items
    except (ValueError, KeyError, TypeError) as error:
        detail = "The payload is not a batch request."
        raise Refusal(400, "Exception while reading request", detail) from error


def _serve(
    api: Api, outer: Request, user: User, item: dict[str, Any]
) -> dict[str, Any]:
    started = time.monotonic()
    inner = _request(outer, item)
    if inner is None:
        response = Refusal(400, "Invalid request in batch", "").response()
    else:
        response = api.serve_with_faults(inner, user)
    headers = [
        {"name": name, "value": value} for name, value in response.headers.items()
    ]
    return {
        "id": str(item.get("id", "")),
        "status_code": response.status_code,
        "status_text": HTTPStatus(response.status_code).phrase,
        "body": base64.b64encode(response.get_data()).decode(),
        "headers": [] if item.get("exclude_response_headers") is True else headers,
        "execution_time": int((time.monotonic() - started) * 1000),
    }


def _request(outer: Request, item: dict[str, Any]) -> Request | None:
    """Return an item as a request of its own; None if it cannot be one."""
    address = urlsplit(str(item.get("url", "")))
    try:
        data = base64.b64decode(str(item.get("body") or ""), validate=True)
    except binascii.Error:
        return None
    is_batch = address.path.rstrip("/").endswith("/batch")
    is_ours = address.path.startswith("/api/") and not address.netloc
    if not is_ours or is_batch or len(data) > _MAX_ITEM:
        return None
    headers = _headers(item.get("headers") or [])
    if headers is None:
        return None
    builder = EnvironBuilder(
        address.path,
        base_url=outer.url_root,
        query_string=address.query,
        method=str(item.get("method", "GET")).upper(),
        headers=headers,
        data=data,
    )
    return Request(builder.get_environ())


def _headers(given: Any) -> list[tuple[str, str]] | None:
    """Return name and value of each header; None if they cannot be read."""
    try:
        pairs = [(str(one["name"]), str(one["value"])) for one in given]
    except (TypeError, KeyError):
        return None
    # The true length is known.
    return [pair for pair in pairs if pair[0].lower() != "content-length"]
