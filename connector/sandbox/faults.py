"""Failures that strike a share of the requests, as rules that can be set at any time."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from connector.sandbox import shorthand
from connector.sandbox.answers import (
    Refusal,
    aborted,
    api_level,
    data_policy,
    html_response,
    insufficient_rights,
    security_constraints,
    unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KINDS = (
    *("latency", "unauthorized", "business_rule", "data_policy", "acl"),
    *("insufficient_rights", "missing_scope", "ip_filter", "rate_limit", "error"),
    *("unavailable", "bad_gateway", "cross_scope"),
    *("hibernating", "asleep", "redirect", "truncated", "broken_off"),
    *("accepted", "cut", "api_acl"),
    *("error_after_commit", "cut_after_commit", "forbidden_after_commit"),
)
PATHS = ("table", "oauth", "all")
METHODS = ("", "GET", "POST", "PATCH", "PUT", "DELETE")
_AFTER = {
    "truncated",
    "broken_off",
    "error_after_commit",
    "cut_after_commit",
    "forbidden_after_commit",
}
_HIBERNATING = (
    "<!DOCTYPE html><html><head><title>Instance Hibernating page</title></head>"
    "<body><h1>Your instance is hibernating</h1><p>Sign in to wake it up.</p></body></html>"
)
_WAKE_PAGE = "https://developer.servicenow.com/dev.do#!/home?wu=true"
_UNAVAILABLE = (
    "<html><head><title>503 Service Unavailable</title></head>"
    "<body><h1>This instance is under maintenance</h1></body></html>"
)
_BAD_GATEWAY = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr>snow_adc</body></html>"
)
_CANCELLED = "Transaction cancelled: maximum execution time exceeded"
_CANCELLED_DETAIL = (
    f"{_CANCELLED}. Check logs for error trace or enable glide.rest.debug property "
    "to verify REST request processing"
)
_LAST_WORDS = (
    f'"error":{{"message":"{_CANCELLED}","detail":"{_CANCELLED_DETAIL}"}},'
    '"status":"failure"}'
)
_IP_FILTER = "Access restricted (127.0.0.1 not authorized)"
_CROSS_SCOPE = (
    "Read operation against '{}' from scope '{}' has been "
    "refused due to the table's cross-scope access policy"
)
_CROSS_SCOPE_OF_SUPPORT = (
    "Read operation on table '{}' from scope '{}' was denied because of "
    "the table's cross-scope access policy"
)
_RULE_ID = "8f0c1a5cc3a2210054b1ef6c7540ae11"


_OPERATIONS = {"POST": "Insert", "DELETE": "Delete"}


class CutConnection(Exception):
    """Close the connection without a word."""


class WrongFault(ValueError):
    """A rule that cannot be read."""


@dataclass
class Fault:
    """One rule: what happens, to which requests, how often.

    `path` is table, oauth or all; `count` is how many more times it may strike.
    """

    kind: str
    table: str = ""
    method: str = ""
    path: str = "table"
    share: float = 1.0
    count: int | None = None
    ms: int = 1000
    retry_after: int = 1
    rule: str = "Require approval of security"
    struck: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WrongFault(f"unknown kind: {self.kind}")
        if self.path not in PATHS or self.method not in METHODS:
            raise WrongFault(f"unknown path or method: {self.path} {self.method}")
        if not 0 <= self.share <= 1:
            raise WrongFault("share must lie between 0 and 1")

    def fits(self, path: str, method: str, table: str) -> bool:
        return (
            self.count != 0
            and self.path in {path, "all"}
            and self.method in {"", method}
            and self.table in {"", table}
        )


@dataclass
class Faults:
    """All rules of the instance; the first one that strikes decides."""

    rules: list[Fault] = field(default_factory=list)
    seed: int = 1
    struck: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        # Reproducible on purpose: nothing here is a secret.
        self._random = random.Random(self.seed)  # noqa: S311

    def add(self, kind: str, **options: Any) -> Fault:
        """Add a rule and return it; its `struck` counts how often it struck."""
        fault = Fault(kind, **options)
        with self._lock:
            self.rules.append(fault)
        return fault

    def replace(self, rules: Sequence[Fault]) -> None:
        with self._lock:
            self.rules[:] = rules
            self._random.seed(self.seed)

    def clear(self) -> None:
        self.replace([])

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]

    def run(
        self, path: str, method: str, table: str, answer: Callable[[], Response]
    ) -> Response:
        """Answer a request, unless a rule has something else happen to it."""
        pause, fault = self._strike(path, method, table)
        if pause:
            time.sleep(pause)
        if fault is None:
            return answer()
        if fault.kind not in _AFTER:
            return _instead(fault, method, table)
        response = answer()
        return _afterwards(fault, response) if response.status_code < 300 else response

    def _strike(self, path: str, method: str, table: str) -> tuple[float, Fault | None]:
        pause = 0.0
        with self._lock:
            for rule in self.rules:
                if not rule.fits(path, method, table):
                    continue
                if rule.share < 1 and self._random.random() >= rule.share:
                    continue
                self._count(rule)
                if rule.kind != "latency":
                    return pause, rule
                pause += rule.ms / 1000
        return pause, None

    def _count(self, rule: Fault) -> None:
        rule.struck += 1
        self.struck[rule.kind] += 1
        if rule.count is not None:
            rule.count -= 1


def parse(text: str) -> list[Fault]:
    """Read rules as "kind:option=value,option=value;kind"."""
    return [from_mapping(given) for given in shorthand.read(text)]


_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "share": float,
    "count": lambda value: None if value in (None, "") else int(value),
    "ms": int,
    "retry_after": int,
}
_TEXTS = ("kind", "table", "method", "path", "rule")


def from_mapping(given: Mapping[str, Any]) -> Fault:
    """Make a rule of texts or numbers by name; raises WrongFault."""
    try:
        options: dict[str, Any] = {
            name: _NUMBERS[name](value) if name in _NUMBERS else str(value)
            for name, value in given.items()
            if name != "struck"
        }
        if not set(options) <= {*_NUMBERS, *_TEXTS}:
            raise WrongFault(f"unknown option in {sorted(options)}")
        return Fault(**options)
    except (TypeError, ValueError) as error:
        raise WrongFault(str(error)) from error


def _instead(fault: Fault, method: str, table: str) -> Response:
    if fault.kind == "cut":
        raise CutConnection
    refusals: dict[str, Callable[[], Refusal]] = {
        "unauthorized": unauthorized,
        "insufficient_rights": insufficient_rights,
        "api_acl": api_level,
        "acl": lambda: security_constraints(_OPERATIONS.get(method, "Update")),
        "business_rule": lambda: aborted(
            table or "task", f"{fault.rule}^{'5' * 8}{'a' * 24}"
        ),
        "data_policy": lambda: data_policy([fault.rule]),
        "missing_scope": lambda: Refusal(403, "Missing required api access scope"),
        "ip_filter": lambda: Refusal(403, "Security restricted", _IP_FILTER),
        "cross_scope": lambda: _cross_scope(fault.rule, table or "oauth_entity"),
        "rate_limit": lambda: _rate_limit(fault.retry_after),
        "error": _cancelled,
    }
    if fault.kind in refusals:
        return refusals[fault.kind]().response()
    return _page(fault.kind)


def _cross_scope(scope: str, table: str) -> Refusal:
    """Refuse in the words that the app of this scope brings out."""
    words = _CROSS_SCOPE.format(table, "x_mioms_m365ticket")
    if scope == "x_mioms_m365_assis":
        words = _CROSS_SCOPE_OF_SUPPORT.format(table, scope)
    return Refusal(403, "Operation Failed", words)


_ELSEWHERE = {"redirect": "/login.do", "asleep": _WAKE_PAGE}


def _page(kind: str) -> Response:
    if kind in _ELSEWHERE:
        return Response(status=302, headers={"Location": _ELSEWHERE[kind]})
    if kind == "accepted":
        return Response(status=202)
    body, status = {
        "hibernating": (_HIBERNATING, 200),
        "unavailable": (_UNAVAILABLE, 503),
        "bad_gateway": (_BAD_GATEWAY, 502),
    }[kind]
    return html_response(body, status)


def _afterwards(fault: Fault, response: Response) -> Response:
    if fault.kind == "cut_after_commit":
        raise CutConnection
    if fault.kind == "error_after_commit":
        return _cancelled().response()
    if fault.kind == "forbidden_after_commit":
        return security_constraints("Insert").response()
    text = response.get_data(as_text=True)
    # The headers were sent long ago: the error can only be put behind the rows.
    is_whole = fault.kind == "broken_off" and text.startswith('{"result":')
    begun = text[:-1] if is_whole else text[: max(len(text) // 2, 12)] + "]"
    response.set_data(f"{begun},{_LAST_WORDS}")
    return response


def _cancelled() -> Refusal:
    return Refusal(500, _CANCELLED, _CANCELLED_DETAIL)


def _rate_limit(retry_after: int) -> Refusal:
    if not retry_after:
        # Not a rule was broken: the node has no room for more requests at once.
        return Refusal(429, "Rate limit exceeded", "")
    headers = {
        "Retry-After": str(retry_after),
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Reset": str(int(time.time()) + retry_after),
        "X-RateLimit-Rule": _RULE_ID,
    }
    detail = "Rate limit of 100 requests per hour for Table API exceeded"
    return Refusal(429, "Rate limit exceeded", detail, headers)
