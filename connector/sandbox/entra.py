"""Microsoft Entra ID under /entra/: what a directory publishes, and its tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from connector.sandbox import entra_tokens, graph_token
from connector.sandbox.control import is_from_here
from connector.sandbox.controls import TENANT_ID
from connector.sandbox.entra_directory import Directory, WrongOrder
from connector.sandbox.graph_token import TokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from connector.sandbox.store import Store

ROOT = "/entra/"


def authority(request: Request) -> str:
    """Return the address that the directory's ID is appended to."""
    return f"{request.host_url.rstrip('/')}/entra"


class Entra:
    """The sign-in service of one directory."""

    def __init__(self, store: Store) -> None:
        self.directory = Directory(store)

    def respond(self, request: Request) -> Response:
        """Answer a request under /entra/."""
        path = request.path.removeprefix(ROOT)
        if path == "_control":
            return self._control(request)
        if self.directory.refusals:
            return Response(status=self.directory.refusals.pop(0))
        tenant, _, rest = path.partition("/")
        answers = self._answers(request, tenant)
        if rest not in answers:
            return Response(status=404)
        try:
            graph_token.check_directory(tenant)
            return answers[rest]()
        except TokenError as error:
            return graph_token.refuse(error)

    def _answers(
        self, request: Request, tenant: str
    ) -> dict[str, Callable[[], Response]]:
        here = authority(request)

        def metadata(version: int) -> Callable[[], Response]:
            return lambda: graph_token.reply(
                entra_tokens.metadata(here, tenant, version)
            )

        return {
            ".well-known/openid-configuration": metadata(1),
            "v2.0/.well-known/openid-configuration": metadata(2),
            "discovery/keys": self._keys,
            "discovery/v2.0/keys": self._keys,
            "oauth2/token": lambda: self._token(request, 1),
            "oauth2/v2.0/token": lambda: self._token(request, 2),
        }

    def _keys(self) -> Response:
        keys = [key.public() for key in self.directory.published()]
        return graph_token.reply({"keys": keys})

    def _token(self, request: Request, version: int) -> Response:
        if request.method != "POST":
            return Response("", status=405, headers={"Allow": "POST"})
        wish = entra_tokens.Wish(self.directory, version, request.form.to_dict())
        return graph_token.reply(wish.answer())

    def _control(self, request: Request) -> Response:
        if not is_from_here(request):
            return graph_token.reply({"error": "not from another site"}, 403)
        try:
            if request.method == "PUT":
                self.directory.obey(_object(request))
        except ValueError as error:
            return graph_token.reply({"error": str(error)}, 400)
        if request.method == "DELETE":
            self.directory.reset()
        return graph_token.reply(self.as_json(request))

    def as_json(self, request: Request) -> dict[str, Any]:
        """Return what somebody who tries it out must know."""
        known = self.directory.applications().values()
        return {
            "authority": authority(request),
            "directory": TENANT_ID,
            "applications": [vars(one) for one in known],
            "keys": [key.kid for key in self.directory.published()],
        }


def _object(request: Request) -> dict[str, Any]:
    body = json.loads(request.get_data() or b"{}")
    if not isinstance(body, dict):
        raise WrongOrder("an object is expected")
    return body
