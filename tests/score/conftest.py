"""Microsoft Graph on port 0: the sandbox's, or answers a test writes itself."""

from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.test.utils import override_settings
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from connector.graph import auth, limits
from connector.graph.client import Graph
from connector.sandbox import graph as sandbox_graph
from portal.score import sync
from portal.score.models import ScoreSync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.models import Tenant

TOKEN = "graph-token"


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class GraphServer:
    """Answers with the sandbox, unless a path has answers of its own waiting."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Response]] = {}
        self.seen: list[Request] = []
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler
        )
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.base_url = f"{self.origin}/graph/v1.0"

    def _serve(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.seen.append(request)
        waiting = self.answers.get(request.path.rpartition("/")[2])
        response = waiting.pop(0) if waiting else sandbox_graph.handle(request)
        return (response or Response(status=404))(environ, start_response)

    def say(self, name: str, *bodies: Any, status: int = 200, **headers: str) -> None:
        """Answer the next requests for that collection with these bodies."""
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            answer = Response(text, status=status, headers=names)
            self.answers.setdefault(name, []).append(answer)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def _graph_server() -> Iterator[GraphServer]:
    server = GraphServer()
    yield server
    server.close()


@pytest.fixture
def graph_server(
    _graph_server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GraphServer]:
    """A Graph that accepts TOKEN; the settings point at it."""
    monkeypatch.setenv("SANDBOX_GRAPH_TOKEN", TOKEN)
    _graph_server.answers.clear()
    _graph_server.seen.clear()
    sandbox_graph.reset()
    limits.forget()
    auth.forget_tokens()
    with override_settings(
        GRAPH_BASE_URL=_graph_server.base_url,
        GRAPH_AUTHORITY=f"{_graph_server.origin}/graph",
        GRAPH_ACCESS_TOKEN=TOKEN,
    ):
        yield _graph_server
    sandbox_graph.reset()


@pytest.fixture
def graph(graph_server: GraphServer) -> Graph:
    return Graph(graph_server.base_url, lambda: TOKEN, private_ok=True)


@pytest.fixture
def synced(tenant: Tenant, graph_server: GraphServer) -> Tenant:
    """A tenant whose score was fetched from the sandbox once."""
    sync.run(tenant)
    assert ScoreSync.objects.current(tenant).error_code == ""
    tenant.refresh_from_db()
    return tenant
