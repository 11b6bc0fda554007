"""Who wants to know of the requests that are sent: told of each, without its contents."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.exceptions import Evidence

    Observer = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it: no query, no headers, no body of ours.

    `status` is None when no answer came; `code` names the failure then. `words` are
    the other side's own where it did not answer with success, without secrets.
    """

    method: str
    url: str
    status: int | None
    code: str
    words: str
    request_id: str
    milliseconds: int


_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(by: Observer) -> Iterator[None]:
    """Tell `by` of every request sent inside; the innermost observer alone."""
    mark = _observer.set(by)
    try:
        yield
    finally:
        _observer.reset(mark)


def tell(look: Callable[[], Evidence], milliseconds: int, code: str = "") -> None:
    """Report one request to whoever observes; `look` is asked only if somebody does."""
    observer = _observer.get()
    if observer is None:
        return
    evidence = look()
    is_good = evidence.status is not None and evidence.status < 400
    observer(
        Exchange(
            method=evidence.method,
            url=evidence.url,
            status=evidence.status,
            code=code,
            words="" if is_good else evidence.words,
            request_id=evidence.request_id,
            milliseconds=milliseconds,
        )
    )
