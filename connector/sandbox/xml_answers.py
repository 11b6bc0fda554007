"""The same answers as XML, for who asks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

JSON_TYPES = ("application/json", "text/json")
XML_TYPES = ("application/xml", "text/xml")


def is_wanted(request: Request) -> bool:
    """Say whether XML is asked for before JSON."""
    accepted = request.accept_mimetypes
    best = accepted.best_match((JSON_TYPES[0], *XML_TYPES))
    return bool(accepted) and best in XML_TYPES


def converted(response: Response) -> Response:
    """Return a JSON answer as XML; any other as it is."""
    if response.mimetype not in JSON_TYPES:
        return response
    body = "".join(_element(*pair) for pair in json.loads(response.get_data()).items())
    text = f'<?xml version="1.0" encoding="UTF-8"?><response>{body}</response>'
    response.set_data(text)
    response.headers["Content-Type"] = "application/xml;charset=UTF-8"
    return response


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        inner = "".join(_element(*pair) for pair in value.items())
    else:
        inner = "" if value is None else escape(str(value))
    return f"<{name}>{inner}</{name}>"
