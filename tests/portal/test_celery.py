"""What the worker does around each task, and what is scheduled for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_postrun, task_prerun
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from portal.celery import app
from portal.tasks import clear_sessions
from tickets import tasks

if TYPE_CHECKING:
    import pytest


def test_a_worker_keeps_its_database_connection_from_task_to_task(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in production; the tests' own settings keep no connection.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    fixup = DjangoWorkerFixup(app)
    connection.close()
    connection.ensure_connection()
    before = connection.connection

    fixup.on_task_prerun(sender=tasks.sweep)
    task_prerun.send(sender=tasks.sweep)
    fixup.on_task_postrun(sender=tasks.sweep)
    task_postrun.send(sender=tasks.sweep)

    assert connection.connection is before


def test_a_worker_drops_a_connection_that_is_too_old(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    before = connection.connection
    monkeypatch.setattr(connection, "close_at", 0)

    task_prerun.send(sender=tasks.sweep)

    connection.ensure_connection()
    assert connection.connection is not before


def test_sessions_that_are_over_are_deleted_every_day(db: None) -> None:
    over, running = SessionStore(), SessionStore()
    over.set_expiry(-1)
    for session in (over, running):
        session.create()
    (entry,) = (
        entry
        for entry in app.conf.beat_schedule.values()
        if entry["task"] == clear_sessions.name
    )

    clear_sessions()

    assert timedelta(seconds=entry["schedule"]) == timedelta(days=1)
    assert list(Session.objects.values_list("pk", flat=True)) == [running.session_key]
