"""What the layers above have to say on a connection's pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import signals
from connector.models import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Hint:
    """Something to decide about a connection, and where."""

    title: str
    text: str
    url: str
    action: str


def of(connection: Connection | None) -> Sequence[Hint]:
    """Return what there is to say about the connection."""
    if connection is None:
        return []
    answers: list[tuple[Any, Any]] = list(
        signals.shown.send(sender=Connection, connection=connection)
    )
    return [hint for _receiver, hints in answers for hint in hints]
