"""A threaded HTTP/1.1 server with keep-alive around the instance."""

from __future__ import annotations

import io
import shutil
import socket
import ssl
import tempfile
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Request, Response

from connector.sandbox import certificates
from connector.sandbox.answers import Refusal, too_large
from connector.sandbox.app import App
from connector.sandbox.faults import CutConnection
from connector.sandbox.seed import Installation, seed
from connector.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from connector.sandbox.acl import Restrictions
    from connector.sandbox.faults import Faults

_MAX_URL = 8192
_MAX_BODY = 64 * 1024 * 1024
_TOO_LONG = (
    "<html><head><title>414 Request-URI Too Large</title></head>"
    "<body><center><h1>414 Request-URI Too Large</h1></center></body></html>"
)


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection and writes the answers."""

    protocol_version = "HTTP/1.1"
    server_version = "ServiceNow"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 70
    server: Server

    def version_string(self) -> str:
        return self.server_version

    def date_time_string(self, timestamp: float | None = None) -> str:
        # Of the instance's clock, which may be made to go wrong.
        now = self.server.app.store.clock() if timestamp is None else timestamp
        return super().date_time_string(now)

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        # The client may be gone, and what is left for it with it.
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def respond(self) -> None:
        """Answer the request that was just read."""
        try:
            self._write(self._answer(self._body()))
        except Refusal as refusal:
            self.close_connection = True
            self._write(refusal.response())
        except CutConnection:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

    def _body(self) -> bytes:
        """Read what was sent; raises Refusal if it is too much, or not to be read."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        length = self.headers.get("Content-Length") or "0"
        return self.rfile.read(_size(length, 10))

    def _chunks(self) -> Iterator[bytes]:
        room = _MAX_BODY
        while size := _size(self.rfile.readline(100).split(b";")[0].decode(), 16, room):
            room -= size
            yield self.rfile.read(size)
            self.rfile.readline(100)
        while self.rfile.readline(8192).strip():
            pass

    def _answer(self, body: bytes) -> Response:
        if len(self.path) > _MAX_URL:
            return Response(_TOO_LONG, status=414, content_type="text/html")
        return self.server.app.respond(Request(self._environ(body)))

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": self.server.scheme,
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in self.headers.items():
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _write(self, response: Response) -> None:
        body = response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if response.status_code not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: requests are counted, not written down."""


def _size(text: str, base: int, most: int = _MAX_BODY) -> int:
    try:
        size = int(text.strip(), base)
    except ValueError as error:
        raise Refusal(400, "Exception while reading request", "") from error
    if not 0 <= size <= most:
        raise too_large(size, most)
    return size


class Server(ThreadingHTTPServer):
    """Listens and keeps track of its open connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    scheme = "http"

    def __init__(self, address: tuple[str, int], app: App) -> None:
        self.app = app
        self.connections: set[socket.socket] = set()
        self.is_closing = False
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # Without HTTPServer's look-up of the host's name, which may take seconds.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # At the end the database goes away under requests that still run.
        if not self.is_closing:
            super().handle_error(request, client_address)

    def cut_all(self) -> None:
        self.is_closing = True
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class TlsServer(Server):
    """The same behind TLS."""

    scheme = "https"

    def __init__(
        self, address: tuple[str, int], app: App, certificate: certificates.Certificate
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.path, certificate.key)
        super().__init__(address, app)

    def get_request(self) -> tuple[socket.socket, Any]:
        # The handshake waits for the first read: that happens in a thread of its own.
        plain, address = super().get_request()
        wrapped = self._context.wrap_socket(
            plain, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address


class _Listener:
    """A server and the thread it accepts connections in."""

    def __init__(self, server: Server) -> None:
        self.server = server
        host, port = server.server_address[:2]
        self.url = f"{server.scheme}://{host!s}:{port}"
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.server.cut_all()
        self._thread.join()


class Running:
    """An instance that listens; leave the `with` block or call close() to end it.

    `https_url` is empty without a second listener; its clients trust `certificate`.
    """

    def __init__(
        self, app: App, host: str, port: int, tls: tuple[int, Path] | None = None
    ) -> None:
        self.app = app
        self.litter: Path | None = None
        self._listeners = [_Listener(Server((host, port), app))]
        self.url = self._listeners[0].url
        self.https_url, self.certificate = "", Path()
        if tls:
            made = certificates.provide(tls[1])
            self._listeners.append(_Listener(TlsServer((host, tls[0]), app, made)))
            self.https_url, self.certificate = self._listeners[1].url, made.path

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def faults(self) -> Faults:
        return self.app.faults

    @property
    def restrictions(self) -> Restrictions:
        return self.app.restrictions

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, cut what is open and let go of the data."""
        for listener in self._listeners:
            listener.close()
        self.store.close()
        if self.litter:
            shutil.rmtree(self.litter)


def serve(  # noqa: PLR0913
    installation: Installation | None = None,
    *,
    data: str = ":memory:",
    host: str = "127.0.0.1",
    port: int = 0,
    portal: str = "",
    time_zone: str = "America/Los_Angeles",
    tls_port: int | None = None,
    incidents: int = 0,
) -> Running:
    """Start an instance in this process; port 0 takes any free one.

    `installation` puts the OAuth entity and the integration user there at once;
    `tls_port` adds a listener that speaks HTTPS; `incidents` says how many of other
    people there are beside the usual few.
    """
    store = Store(data)

    def furnish() -> None:
        seed(store, installation, time_zone=time_zone, incidents=incidents)

    furnish()
    app = App(store, portal, furnish)
    if tls_port is None:
        return Running(app, host, port)
    is_kept = data != ":memory:"
    folder = Path(data).resolve().parent if is_kept else Path(tempfile.mkdtemp())
    running = Running(app, host, port, (tls_port, folder))
    running.litter = None if is_kept else folder
    return running
