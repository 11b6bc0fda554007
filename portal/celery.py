"""The Celery application; tasks live in each app's tasks module."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["connector", "tickets", "portal.score"])


@worker_ready.connect
def look_for_work(**_: Any) -> None:
    """Run everything that is scheduled once: a worker that starts may be late."""
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"])
