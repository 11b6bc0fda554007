"""Requests that leave the instance: short, without redirects, each of them logged."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from connector.sandbox import support_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.people import User
    from connector.sandbox.store import Store

_PATIENCE = 5.0
_MOST = 2 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing came back; the reason."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    retry_after: str
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The object that was sent, or an empty one."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Whether an object was sent, not a page or something else."""
        return self._object is not None

    @property
    def _object(self) -> dict[str, Any] | None:
        try:
            body = json.loads(self.text)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None


@dataclass(frozen=True)
class Wire:
    """The way out, for one user of the instance."""

    store: Store
    user: User

    def post_form(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form; raises NoAnswer."""
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", url, head, urlencode(fields).encode())

    def send(
        self,
        method: str,
        url: str,
        head: Mapping[str, str],
        data: bytes | None = None,
    ) -> Answer:
        """Send one request and write it down; raises NoAnswer."""
        started = time.monotonic()
        answer: Answer | None = None
        try:
            answer = _exchange(method, url, head, data)
        except (OSError, HTTPException, ValueError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        finally:
            figures = {
                "response_status": answer.status if answer else 0,
                "request_length": len(data or b""),
                "response_length": len(answer.text) if answer else 0,
                "response_time": round((time.monotonic() - started) * 1000),
            }
            support_logs.outbound(self.store, self.user, method, url, figures)
        return answer


class _NoRedirects(HTTPRedirectHandler):
    # The token must not travel to where somebody else points.
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


# Loopback is never behind a proxy.
_opener = build_opener(ProxyHandler({}), _NoRedirects())


def _exchange(
    method: str, url: str, head: Mapping[str, str], data: bytes | None
) -> Answer:
    if urlsplit(url).scheme not in {"http", "https"}:
        message = f"not an HTTP address: {url}"
        raise ValueError(message)
    head = {"User-Agent": "ServiceNow/1.0", "Accept": "application/json", **head}
    request = Request(url, data, dict(head), method=method)  # noqa: S310
    try:
        response = _opener.open(request, timeout=_PATIENCE)
    except HTTPError as error:
        # A status of refusal is an answer as well.
        response = error
    with response:
        text = response.read(_MOST).decode("utf-8", "replace")
        retry_after = response.headers.get("Retry-After", "")
        return Answer(response.status, retry_after, text)
