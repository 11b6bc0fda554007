"""API sessions: requests that carry the same JSESSIONID wait for each other."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = 5000


class Dropped(Exception):
    """The queue of the session is full: the request is not carried out."""


@dataclass
class ApiSession:
    """One session; `token` must come with a request that has only the cookie."""

    id: str
    token: str
    user_id: str = ""
    ends_at: float = inf
    waiting: int = 0
    running_since: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class ApiSessions:
    """The sessions the instance remembers, the latest few thousand."""

    def __init__(self) -> None:
        self.queue_limit = 10
        self.patience = 30.0
        self._known: OrderedDict[str, ApiSession] = OrderedDict()
        self._guard = threading.Lock()

    @contextmanager
    def enter(self, session_id: str) -> Iterator[ApiSession]:
        """Wait for the session's turn; raises Dropped when too many wait too long."""
        session = self._join(session_id)
        with session.lock:
            with self._guard:
                session.waiting -= 1
                session.running_since = time.monotonic()
            try:
                yield session
            finally:
                session.running_since = None

    def _join(self, session_id: str) -> ApiSession:
        with self._guard:
            session = self._known.get(session_id) or self._new()
            since = session.running_since
            is_stuck = since is not None and time.monotonic() - since > self.patience
            if is_stuck and session.waiting >= self.queue_limit:
                raise Dropped
            session.waiting += 1
            return session

    def _new(self) -> ApiSession:
        session = ApiSession(secrets.token_hex(16).upper(), secrets.token_hex(36))
        self._known[session.id] = session
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return session
