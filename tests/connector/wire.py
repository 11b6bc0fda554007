"""A server that says what it is told to: for answers a healthy instance never gives."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Reply:
    """One scripted answer; `delay` comes before it, `cut` ends it in mid-body."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


class Script:
    """The server's part: replies in their order, the last one for ever."""

    def __init__(self, url: str, replies: list[Reply]) -> None:
        self.url = url
        self.replies = replies
        self.seen: list[Seen] = []

    def next(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def ok(result: Any, **headers: str) -> Reply:
    return Reply(200, json.dumps({"result": result}), headers)


def refusal(status: int, message: str, detail: str = "", **headers: str) -> Reply:
    error = {"message": message, "detail": detail}
    return Reply(status, json.dumps({"error": error, "status": "failure"}), headers)


@contextmanager
def scripted(*replies: Reply) -> Iterator[Script]:
    """Run a server that gives these replies and remembers what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    script = Script(f"http://127.0.0.1:{server.server_port}", list(replies))
    server.script = script  # type: ignore[attr-defined]
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        script.seen.append(self._seen())
        reply = script.next()
        time.sleep(reply.delay)
        body = reply.body.encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            # Names given as keywords have underscores for dashes.
            spelt = name if "-" in name else name.replace("_", "-")
            self.send_header(spelt, value)
        self.send_header("Content-Length", str(len(body) + 100 * reply.cut))
        self.end_headers()
        # A caller who ran out of patience is gone.
        with suppress(OSError):
            self.wfile.write(body)
        self.close_connection = reply.cut

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815

    def _seen(self) -> Seen:
        url = urlsplit(self.path)
        query = {
            name: values[0]
            for name, values in parse_qs(url.query, keep_blank_values=True).items()
        }
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        return Seen(self.command, url.path, query, dict(self.headers), body)

    def log_message(self, *_: Any) -> None:
        pass
