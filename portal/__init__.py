"""The project: settings, shell, sign-in, home page and Secure Score."""

from __future__ import annotations

from portal.celery import app as celery_app

__all__ = ["celery_app"]
