"""Whether the process is alive, and whether it could serve."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from portal.celery import app


@require_safe
@never_cache
@login_not_required
def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer while the process runs."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer 503 with the names of what does not work."""
    checks = {"database": database_answers, "broker": broker_answers}
    failed = [name for name, answers in checks.items() if not answers()]
    text = f"not ready: {', '.join(failed)}" if failed else "ok"
    return HttpResponse(text, content_type="text/plain", status=503 if failed else 200)


def database_answers() -> bool:
    """Say whether the database can be asked."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def broker_answers() -> bool:
    """Say whether Redis can be reached."""
    limits = {"socket_connect_timeout": 2, "socket_timeout": 2}
    try:
        with app.connection_for_write(transport_options=limits) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except OperationalError:
        return False
    return True
