"""The sandbox's own knobs under /_sandbox: faults, figures, start anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox import faults as fault_rules
from connector.sandbox import graph, support_app
from connector.sandbox.answers import json_response
from connector.sandbox.schema import TASK_CLASSES
from connector.sandbox.seed import seed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from connector.sandbox.acl import Restrictions
    from connector.sandbox.faults import Faults
    from connector.sandbox.store import Store


@dataclass(frozen=True)
class Control:
    """What people and tests may turn while the instance runs."""

    store: Store
    faults: Faults
    requests: Counter[str]
    restrictions: Restrictions
    reseed: Callable[[], None] | None = None

    def respond(self, request: Request) -> Response | None:
        """Answer under /_sandbox/; None says that it is the page for people."""
        routes = {
            ("GET", "/_sandbox/faults"): self._show_faults,
            ("PUT", "/_sandbox/faults"): self._set_faults,
            ("DELETE", "/_sandbox/faults"): self._clear_faults,
            ("GET", "/_sandbox/restrictions"): self._show_restrictions,
            ("PUT", "/_sandbox/restrictions"): self._set_restrictions,
            ("PUT", "/_sandbox/support"): self._set_support,
            ("GET", "/_sandbox/stats"): self._stats,
            ("POST", "/_sandbox/reset"): self._reset,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return None
        if not is_from_here(request):
            return json_response({"error": "not from another site"}, 403)
        return route(request)

    def _show_faults(self, _request: Request) -> Response:
        return json_response(self.faults.as_json())

    def _set_faults(self, request: Request) -> Response:
        try:
            rules = [fault_rules.from_mapping(rule) for rule in _json_list(request)]
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        self.faults.replace(rules)
        return self._show_faults(request)

    def _clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return self._show_faults(request)

    def _show_restrictions(self, _request: Request) -> Response:
        parts = vars(self.restrictions)
        return json_response({name: sorted(part) for name, part in parts.items()})

    def _set_restrictions(self, request: Request) -> Response:
        body = json.loads(request.get_data() or b"{}")
        self.restrictions.clear()
        for name, part in vars(self.restrictions).items():
            part.update(map(str, body.get(name, [])))
        return self._show_restrictions(request)

    def _set_support(self, request: Request) -> Response:
        try:
            support_app.apply(self.store, json.loads(request.get_data() or b"{}"))
        except (ValueError, TypeError, KeyError) as error:
            return json_response({"error": str(error)}, 400)
        return json_response({"applied": True})

    def _stats(self, _request: Request) -> Response:
        return json_response(figures(self.store, self.faults, self.requests))

    def _reset(self, _request: Request) -> Response:
        self.reset()
        return json_response({"reset": True})

    def reset(self) -> None:
        """Start anew: as furnished, without tickets, tokens, faults and figures."""
        self.store.empty()
        (self.reseed or (lambda: seed(self.store)))()
        self.faults.clear()
        self.faults.struck.clear()
        self.restrictions.clear()
        self.requests.clear()
        graph.reset()


def is_from_here(request: Request) -> bool:
    """Say whether no page of another site sent this."""
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")


def figures(store: Store, faults: Faults, requests: Counter[str]) -> dict[str, Any]:
    """Count tickets, requests and what the faults did."""
    return {
        "tables": _per_class(store, ""),
        "correlated": _per_class(store, "AND correlation_id <> ''"),
        "duplicates": _duplicates(store),
        "requests": dict(requests),
        "faults": dict(faults.struck),
    }


def _per_class(store: Store, where: str) -> dict[str, int]:
    sql = f"SELECT count(*) AS n FROM task WHERE sys_class_name = ? {where}"  # noqa: S608
    return {name: int(store.execute(sql, [name])[0]["n"]) for name in TASK_CLASSES}


def _duplicates(store: Store) -> list[str]:
    sql = (
        "SELECT correlation_id AS id FROM task WHERE correlation_id <> '' "
        "GROUP BY correlation_id HAVING count(*) > 1"
    )
    return [row["id"] for row in store.execute(sql)]


def _json_list(request: Request) -> list[dict[str, Any]]:
    body = json.loads(request.get_data() or b"[]")
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        message = "a list of rules is expected"
        raise ValueError(message)
    return body
