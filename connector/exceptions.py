"""What can go wrong with another system: one root, four kinds.

The kind decides what happens next (see the outbox): only `Unavailable` is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Evidence:
    """What the other system said, kept word for word for people to read.

    `words` is the remote's own text (at most 2,000 characters, secrets redacted),
    `status` the HTTP status or None when no answer came, `request_id` the remote's
    transaction identifier, `url` the address without its query.
    """

    words: str = ""
    status: int | None = None
    request_id: str = ""
    method: str = ""
    url: str = ""


@dataclass(eq=False)
class ConnectorError(Exception):
    """The root of all errors another system or the way to it can cause.

    `code` is for machines ("timeout", "hibernating", "invalid_grant", ...), `evidence`
    for people. `committed` says whether the other side may have carried the request
    out: "no", or "maybe" when the answer leaves it open.
    """

    code: str
    evidence: Evidence = field(default_factory=Evidence)
    committed: str = "no"

    def __str__(self) -> str:
        parts = [self.code]
        if self.evidence.status is not None:
            parts.append(f"HTTP {self.evidence.status}")
        if self.evidence.request_id:
            parts.append(f"request {self.evidence.request_id}")
        return " · ".join(parts)


@dataclass(eq=False)
class Unavailable(ConnectorError):
    """Not now: timeout, refused connection, 429, 5xx, hibernation.

    `retry_after` is the number of seconds the other side asked to wait, or None.
    """

    retry_after: float | None = None


class Unauthorized(ConnectorError):
    """The token or its renewal was refused: a new authorization is needed."""


class Refused(ConnectorError):
    """The other side understood and said no: show its words, do not repeat."""


class Misconfigured(ConnectorError):
    """Address, table, scope or set-up is wrong: an administrator must act."""
