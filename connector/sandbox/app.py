"""The whole foreign system: which path is answered by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from connector.sandbox import grants, graph, web
from connector.sandbox.api import Api
from connector.sandbox.control import Control
from connector.sandbox.entra import ROOT as ENTRA
from connector.sandbox.entra import Entra
from connector.sandbox.faults import Faults
from connector.sandbox.site import Site
from connector.sandbox.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from connector.sandbox.store import Store

_REVOKE = {"/oauth_revoke_token.do", "/oauth_revoke.do"}


class App:
    """One instance with Microsoft Graph and Entra ID beside it."""

    def __init__(
        self, store: Store, portal: str = "", reseed: Callable[[], None] | None = None
    ) -> None:
        self.store = store
        self.faults = Faults()
        self.switches = Switches()
        self.entra = Entra(store)
        self.api = Api(store, self.faults)
        self.restrictions = self.api.restrictions
        self.control = Control(
            store,
            self.faults,
            self.api.requests,
            self.restrictions,
            self.entra.directory,
            reseed,
            self.switches,
        )
        self.site = Site(store, self.control, portal)

    def respond(self, request: Request) -> Response:
        """Answer any request."""
        path = request.path
        if path.startswith("/graph/"):
            self.api.requests["graph"] += 1
            return graph.handle(request) or Response(status=404)
        if path.startswith(ENTRA):
            self.api.requests["entra"] += 1
            return self.entra.respond(request)
        if path.startswith("/api/"):
            return self.switches.name_rate(self.api.respond(request))
        if path.startswith("/oauth_"):
            return self._oauth(request)
        if path.startswith("/_sandbox/") and (found := self.control.respond(request)):
            return found
        self.api.requests["pages"] += 1
        return self.site.respond(request)

    def _oauth(self, request: Request) -> Response:
        self.api.requests["oauth"] += 1
        return self.faults.run(
            "oauth", request.method, "", lambda: self._oauth_answer(request)
        )

    def _oauth_answer(self, request: Request) -> Response:
        if request.path == "/oauth_token.do":
            return grants.token_endpoint(self.store, request)
        if request.path in _REVOKE:
            grants.revoke(self.store, request.values.get("token", ""))
            return Response(status=200)
        if self.switches.single_sign_on and not web.current(self.store, request).user:
            return self.switches.elsewhere(request)
        return self.site.respond(request)
