"""The portal's connector API and its Entra, as far as an instance sees them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = "/api/support/v1/repositories/3f2b9c1e-0000-4000-8000-000000000001"
# No answer at all: the connection closes.
NOTHING: dict[str, Any] = {"status": 0}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Stub:
    """Answers token requests and calls in turn; the last answer of a kind stays."""

    tokens: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    # By "METHOD path" without the base; before the answers above.
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)
    token_requests: list[Request] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stub._answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def base(self) -> str:
        return f"{self.url}{BASE}"

    def token_url(self, version: str = "") -> str:
        return f"{self.url}/directory/oauth2{version}/token"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def called(self) -> Sequence[str]:
        return [f"{one.method} {one.path.removeprefix(BASE)}" for one in self.requests]

    def sent(self, call: str) -> Request:
        """Return the last request of this method and path."""
        found = [
            one
            for one in self.requests
            if f"{one.method} {one.path.removeprefix(BASE)}" == call
        ]
        assert found, self.called()
        return found[-1]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        text = handler.rfile.read(length).decode()
        is_token = handler.path.endswith("/token")
        body = parse_qs(text) if is_token else json.loads(text or "null")
        head = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, head, body)
        (self.token_requests if is_token else self.requests).append(request)
        _write(handler, self._next(is_token, request))

    def _next(self, is_token: bool, request: Request) -> dict[str, Any]:
        call = f"{request.method} {request.path.removeprefix(BASE)}"
        if not is_token and call in self.routes:
            return self.routes[call]
        answers = self.tokens if is_token else self.calls
        if not answers:
            return TOKEN if is_token else {"status": 404, "body": {}}
        return answers.pop(0) if len(answers) > 1 else answers[0]


TOKEN = {
    "status": 200,
    "body": {"token_type": "Bearer", "expires_in": "3599", "access_token": "token"},
}


def _write(handler: BaseHTTPRequestHandler, answer: dict[str, Any]) -> None:
    if answer["status"] == 0:
        handler.close_connection = True
        return
    body = answer.get("body")
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    handler.send_response(answer["status"])
    for name, value in answer.get("headers", {}).items():
        handler.send_header(name, value)
    if answer["status"] != 204:
        handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    if answer["status"] != 204:
        handler.wfile.write(data)
