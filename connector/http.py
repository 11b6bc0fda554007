"""Requests to other systems: the session, its limits, and what went wrong.

The only module that sees `requests`: everything else gets an `Answer` or one of
`connector.exceptions`.
"""

from __future__ import annotations

import email.utils
import json
import logging
import os
import ssl
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.utils import (
    DEFAULT_CA_BUNDLE_PATH,
    get_environ_proxies,
    select_proxy,
)
from urllib3 import PoolManager
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util.retry import Retry

from connector import exchanges, guard
from connector.exceptions import ConnectorError, Evidence, Misconfigured, Unavailable
from connector.redaction import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import PreparedRequest, Session
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse

TIMEOUT = (3.05, 20.0)
USER_AGENT = "security-center-portal/0.1"
READS = frozenset({"GET", "HEAD"})
# A longer wait is left to the caller, who can free the worker meanwhile.
LONGEST_WAIT = 3.0
# What is asked for beyond it is asked again instead.
LONGEST_PAUSE = 86_400.0
LARGEST_BODY = 20 * 1024 * 1024
# The read timeout counts from byte to byte; this bounds the answer as a whole.
LONGEST_ANSWER = 30.0

# At DEBUG it writes every address with its query, where a revoked token travels.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@dataclass(frozen=True)
class Call:
    """One request; `secrets` are words that must not come back in any evidence."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_read(self) -> bool:
        return self.method in READS


@dataclass(frozen=True)
class Answer:
    """What came back, whatever the status."""

    call: Call
    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)

    def json(self) -> Any:
        """Return the parsed body, or None when it is not JSON."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> float | None:
        return _seconds(self.headers.get("Retry-After", ""))

    @property
    def request_id(self) -> str:
        """The other side's identifier of the request: ServiceNow's or Graph's."""
        named = self.headers.get("X-Transaction-ID") or self.headers.get("request-id")
        return (named or "")[:100]

    def evidence(self, words: str = "") -> Evidence:
        """Return what people may read of it: `words`, or else the body."""
        return Evidence(
            words=clean(words or self.text, self.call.secrets),
            status=self.status,
            request_id=self.request_id,
            method=self.call.method,
            url=_without_query(self.call.url),
        )


def proxy_of(url: str) -> str:
    """Return the host of the proxy on the way to an address, "" without one."""
    proxy = select_proxy(url, get_environ_proxies(url))
    return (urlsplit(proxy).hostname or "") if proxy else ""


def authorities() -> str:
    """Return the path of the certificates that are trusted."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH


def send(
    session: Session, call: Call, *, timeout: tuple[float, float] = TIMEOUT
) -> Answer:
    """Send one request and return the answer, or raise what kept it from coming."""
    request = requests.Request(
        call.method,
        call.url,
        params=dict(call.params),
        json=call.json,
        data=None if call.form is None else dict(call.form),
        headers=dict(call.headers),
    )
    started = time.monotonic()
    try:
        answer = _attempt(session, request, call, timeout)
    except ConnectorError as error:
        evidence = error.evidence
        exchanges.tell(lambda: evidence, _since(started), error.code)
        raise
    exchanges.tell(answer.evidence, _since(started))
    return answer


def _since(started: float) -> int:
    """Return the milliseconds that have passed."""
    return round(1000 * (time.monotonic() - started))


def _attempt(
    session: Session,
    request: requests.Request,
    call: Call,
    timeout: tuple[float, float],
) -> Answer:
    try:
        return _exchange(session, request, call, timeout)
    except requests.RequestException as error:
        raise _translate(error, call) from error
    except guard.PrivateAddressError as error:
        raise Misconfigured("private_address", _no_answer(call, str(error))) from error


def _exchange(
    session: Session,
    request: requests.Request,
    call: Call,
    timeout: tuple[float, float],
) -> Answer:
    prepared = session.prepare_request(request)
    settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
    with session.send(
        prepared, timeout=timeout, allow_redirects=False, **settings
    ) as response:
        text = _read(response, call)
        return Answer(call, response.status_code, response.headers, text)


def _read(response: requests.Response, call: Call) -> str:
    deadline = time.monotonic() + LONGEST_ANSWER
    body = b""
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > LARGEST_BODY or time.monotonic() > deadline:
            code = "too_large" if len(body) > LARGEST_BODY else "timeout"
            evidence = _no_answer(call, "The answer was not read to its end.")
            raise Unavailable(code, evidence, _maybe(call))
    return body.decode("utf-8", errors="replace")


@lru_cache(maxsize=2)
def session(*, private_ok: bool = False) -> Session:
    """Return the process's shared session: cookie-less, no redirects, guarded.

    `private_ok` is for the sandbox alone: no guard, and no proxy on the way. With a
    proxy in the environment the guard is left to the proxy, which resolves the name.
    """
    made = requests.Session()
    # ServiceNow serialises all requests of one cookie session.
    made.cookies = NoCookies()
    made.headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    # Without it a .netrc of the machine would replace the Authorization header.
    made.auth = _as_it_is
    made.trust_env = not private_ok
    # Read from the environment otherwise; the sandbox may have a certificate as well.
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    for scheme in ("http://", "https://"):
        made.mount(scheme, _adapter(private_ok))
    return made


# A forked worker must not share its parent's sockets.
os.register_at_fork(after_in_child=session.cache_clear)


class NoCookies(RequestsCookieJar):
    """Keeps nothing, and does not even read what the answers set."""

    def extract_cookies(self, *_: Any) -> None:
        """Leave the answer's cookies where they are."""


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _adapter(private_ok: bool) -> HTTPAdapter:
    kind = HTTPAdapter if private_ok else GuardedAdapter
    return kind(pool_connections=20, pool_maxsize=32, max_retries=RetryOfReads())


class GuardedAdapter(HTTPAdapter):
    """Connects to public addresses only."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **options
        )
        self.poolmanager.pool_classes_by_scheme = guard.POOLS


class RetryOfReads(Retry):
    """Repeats reads a little, writes never: those are the outbox's to repeat."""

    def __init__(self, total: int | None = 2, **options: Any) -> None:
        options.setdefault("backoff_factor", 0.2)
        options.setdefault("status_forcelist", {502, 503, 504})
        options.setdefault("allowed_methods", READS)
        options.setdefault("redirect", 0)
        options.setdefault("raise_on_status", False)
        options.setdefault("raise_on_redirect", False)
        super().__init__(total, **options)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: Any = None,
    ) -> RetryOfReads:
        if method not in READS or _is_pointless(response, error):
            raise MaxRetryError(_pool, url or "", error)  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _is_pointless(response: BaseHTTPResponse | None, error: Exception | None) -> bool:
    if response is None:
        return isinstance(error, ReadTimeoutError)
    wait = _seconds(response.headers.get("Retry-After", ""))
    return wait is not None and wait > LONGEST_WAIT


def _translate(error: requests.RequestException, call: Call) -> ConnectorError:
    kind, code, committed = _diagnose(error)
    words = clean(_innermost(error), call.secrets)
    return kind(code, _no_answer(call, words), "no" if call.is_read else committed)


def _diagnose(
    error: requests.RequestException,
) -> tuple[type[ConnectorError], str, str]:
    """Return the kind, the code, and whether a write may have been carried out."""
    causes = list(_causes(error))
    for of, (kind, code, committed) in _DIAGNOSES:
        if any(isinstance(cause, of) for cause in causes):
            return kind, code, committed
    return Unavailable, "connection_lost", "maybe"


_DIAGNOSES: tuple[
    tuple[type[BaseException], tuple[type[ConnectorError], str, str]], ...
] = (
    (requests.exceptions.InvalidURL, (Misconfigured, "invalid_url", "no")),
    (requests.exceptions.ProxyError, (Unavailable, "proxy", "no")),
    (ssl.SSLCertVerificationError, (Misconfigured, "certificate", "no")),
    (NameResolutionError, (Unavailable, "unknown_host", "no")),
    (NewConnectionError, (Unavailable, "connection_refused", "no")),
    (ConnectTimeoutError, (Unavailable, "connect_timeout", "no")),
    (requests.exceptions.Timeout, (Unavailable, "timeout", "maybe")),
    (ReadTimeoutError, (Unavailable, "timeout", "maybe")),
    (ssl.SSLError, (Unavailable, "tls", "maybe")),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything it wraps, in `reason`, arguments and causes."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [getattr(cause, "reason", None), *cause.args]
        waiting += [cause.__cause__, cause.__context__]


def _innermost(error: BaseException) -> str:
    texts = [str(cause) for cause in _causes(error) if isinstance(cause, OSError)]
    # Those of the libraries name the whole address, with what travels in its query.
    inner = [text for text in texts if "url: " not in text and text != "None"]
    return inner[-1] if inner else type(error).__name__


def _maybe(call: Call) -> str:
    return "no" if call.is_read else "maybe"


def _no_answer(call: Call, words: str) -> Evidence:
    return Evidence(words=words, method=call.method, url=_without_query(call.url))


def _without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _seconds(text: str) -> float | None:
    """Return the meaning of a Retry-After header: seconds from now, or None."""
    if text.strip().isdecimal():
        return min(float(text), LONGEST_PAUSE)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(0.0, at.timestamp() - time.time()), LONGEST_PAUSE)
