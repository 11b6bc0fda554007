"""The sandbox's own knobs under /_sandbox: faults, figures, start anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox import (
    circumstances,
    customs,
    graph,
    ownstates,
    policies,
    support_app,
)
from connector.sandbox import faults as fault_rules
from connector.sandbox.answers import json_response
from connector.sandbox.schema import TASK_CLASSES
from connector.sandbox.seed import seed
from connector.sandbox.switches import Switches

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from connector.sandbox.acl import Restrictions
    from connector.sandbox.entra_directory import Directory
    from connector.sandbox.faults import Faults
    from connector.sandbox.store import Store


@dataclass(frozen=True)
class Control:
    """What people and tests may turn while the instance runs."""

    store: Store
    faults: Faults
    requests: Counter[str]
    restrictions: Restrictions
    directory: Directory
    reseed: Callable[[], None] | None = None
    switches: Switches = field(default_factory=Switches)

    def respond(self, request: Request) -> Response | None:
        """Answer under /_sandbox/; None says that it is the page for people."""
        routes = {
            ("GET", "/_sandbox/faults"): self._show_faults,
            ("PUT", "/_sandbox/faults"): self._set_faults,
            ("DELETE", "/_sandbox/faults"): self._clear_faults,
            ("GET", "/_sandbox/restrictions"): self._show_restrictions,
            ("PUT", "/_sandbox/restrictions"): self._set_restrictions,
            ("PUT", "/_sandbox/states"): self._set_states,
            ("GET", "/_sandbox/customs"): self._show_customs,
            ("POST", "/_sandbox/customs"): self._add_customs,
            ("GET", "/_sandbox/policies"): self._show_policies,
            ("PUT", "/_sandbox/policies"): self._set_policies,
            ("GET", "/_sandbox/clock"): self._show_clock,
            ("PUT", "/_sandbox/clock"): self._set_clock,
            ("POST", "/_sandbox/rows"): self._act,
            ("GET", "/_sandbox/switches"): self._show_switches,
            ("PUT", "/_sandbox/switches"): self._set_switches,
            ("PUT", "/_sandbox/support"): self._set_support,
            ("GET", "/_sandbox/stats"): self._stats,
            ("POST", "/_sandbox/reset"): self._reset,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return None
        if not is_from_here(request):
            return json_response({"error": "not from another site"}, 403)
        try:
            return route(request)
        except (ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)

    def _show_faults(self, _request: Request) -> Response:
        return json_response(self.faults.as_json())

    def _set_faults(self, request: Request) -> Response:
        rules = [fault_rules.from_mapping(rule) for rule in _json_list(request)]
        self.faults.replace(rules)
        return self._show_faults(request)

    def _clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return self._show_faults(request)

    def _show_restrictions(self, _request: Request) -> Response:
        parts = vars(self.restrictions)
        return json_response({name: sorted(part) for name, part in parts.items()})

    def _set_restrictions(self, request: Request) -> Response:
        self.restrictions.replace(_json_object(request))
        return self._show_restrictions(request)

    def _set_states(self, request: Request) -> Response:
        try:
            wishes = _json_list(request)
            for wish in wishes:
                ownstates.keep(self.store, wish)
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        return json_response(
            {name: self.store.labels(name, "state") for name in TASK_CLASSES}
        )

    def _show_customs(self, _request: Request) -> Response:
        return json_response(self.store.customs.as_json())

    def _add_customs(self, request: Request) -> Response:
        try:
            customs.add(self.store, json.loads(request.get_data() or b"{}"))
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        return self._show_customs(request)

    def _show_policies(self, _request: Request) -> Response:
        return json_response(policies.as_json(self.store))

    def _set_policies(self, request: Request) -> Response:
        wanted = [policies.from_mapping(one) for one in _json_list(request)]
        with self.store.transaction():
            policies.remove_all(self.store)
            for policy in wanted:
                policies.add(self.store, policy)
        return self._show_policies(request)

    def _show_clock(self, _request: Request) -> Response:
        clock = circumstances.clock_of(self.store)
        body = {"skew": clock.skew, "grain": clock.grain, "now": self.store.now()}
        return json_response(body)

    def _set_clock(self, request: Request) -> Response:
        circumstances.set_clock(self.store, _json_object(request))
        return self._show_clock(request)

    def _act(self, request: Request) -> Response:
        act = circumstances.from_mapping(_json_object(request))
        rows = circumstances.carry_out(self.store, self.restrictions, act)
        return json_response({"rows": rows})

    def _show_switches(self, _request: Request) -> Response:
        return json_response(self.switches.as_json())

    def _set_switches(self, request: Request) -> Response:
        try:
            self.switches.set(json.loads(request.get_data() or b"{}"))
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        return self._show_switches(request)

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
        circumstances.set_clock(self.store, {})
        (self.reseed or (lambda: seed(self.store)))()
        self.faults.clear()
        self.faults.struck.clear()
        self.restrictions.clear()
        self.switches.set({})
        self.requests.clear()
        graph.reset()
        self.directory.reset()


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


def _json_object(request: Request) -> dict[str, Any]:
    body = json.loads(request.get_data() or b"{}")
    if not isinstance(body, dict):
        message = "an object is expected"
        raise ValueError(message)
    return body


def _json_list(request: Request) -> list[dict[str, Any]]:
    body = json.loads(request.get_data() or b"[]")
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        message = "a list of rules is expected"
        raise ValueError(message)
    return body
