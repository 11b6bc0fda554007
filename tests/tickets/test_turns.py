"""Threads of one process write to SQLite one after the other."""

from __future__ import annotations

from threading import Barrier, BrokenBarrierError, Event, Thread

from django.db import connection, transaction

from tickets.turns import in_turn


def test_no_two_threads_write_at_once_where_only_one_can() -> None:
    is_sqlite = connection.vendor == "sqlite"
    # Whoever is alone inside gives up waiting for the other.
    both_inside = Barrier(2, timeout=0.2 if is_sqlite else 10)

    def write() -> None:
        with in_turn():
            try:
                both_inside.wait()
            except BrokenBarrierError:
                return

    threads = [Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert both_inside.broken == is_sqlite


def test_who_has_begun_to_write_waits_for_nobody(transactional_db: None) -> None:
    is_inside, may_leave = Event(), Event()
    waited: list[bool] = []

    def hold() -> None:
        with in_turn():
            is_inside.set()
            waited.append(may_leave.wait(10))

    holder = Thread(target=hold)
    holder.start()
    is_inside.wait()
    with transaction.atomic(), in_turn():
        may_leave.set()
    holder.join()

    assert waited == [True]
