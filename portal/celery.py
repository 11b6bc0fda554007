"""The Celery application; tasks live in each app's tasks module."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_ready
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would open a database connection for each task; Django knows when to keep one.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks(
    [
        *("connector", "tickets", "tickets.support", "tickets.support.solutions"),
        *("portal", "portal.score"),
    ]
)


@task_prerun.connect
@task_postrun.connect
def look_after_connections(**_: Any) -> None:
    """Close what is broken or too old, as Django does around a request."""
    close_old_connections()


@worker_ready.connect
def look_for_work(**_: Any) -> None:
    """Run everything that is scheduled once: a worker that starts may be late."""
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"])
