"""Taking turns at writing, where only one can write at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

_turn = threading.Lock()


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until no other thread of this process is inside, if the database is SQLite.

    Whoever finds SQLite busy sleeps up to 100 ms, and again, while others overtake.
    """
    # Who has begun to write must not wait for those who wait for him.
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _turn:
        yield
