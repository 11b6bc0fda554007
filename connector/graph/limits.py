"""What Microsoft Graph allows one application in one organisation, kept per process.

https://learn.microsoft.com/graph/throttling-limits: four requests at once for secure
scores and their controls, and no request while a Retry-After runs: those count as well.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.exceptions import Evidence, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Four in all, and the portal runs two workers.
AT_ONCE = 2
# How long a request waits for its turn; above the longest answer.
PATIENCE = 60.0


class Gate:
    """Lets a few requests through at once, and none while Graph asks for a pause."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._closed_until = 0.0

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Hold a place for one request; raises Unavailable("rate_limited") in a pause."""
        if not self._places.acquire(timeout=PATIENCE):
            raise Unavailable("rate_limited", Evidence(words=_BUSY))
        try:
            self._refuse_in_pause()
            yield
        finally:
            self._places.release()

    def close(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _refuse_in_pause(self) -> None:
        left = self._closed_until - time.monotonic()
        if left > 0:
            raise Unavailable("rate_limited", Evidence(words=_PAUSE), retry_after=left)


_BUSY = "Too many requests of this portal are waiting for Microsoft Graph."
_PAUSE = "Microsoft Graph asked for a pause that has not ended yet."
_gates: defaultdict[str, Gate] = defaultdict(Gate)


def gate_of(application: str) -> Gate:
    """Return the gate that all clients of one application in one organisation share."""
    return _gates[application]


def forget() -> None:
    """Open all gates, as a new process would."""
    _gates.clear()
