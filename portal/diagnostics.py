"""The portal's own questions: settings, database, broker, workers, schedule, Graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from connector.models import GraphAccess
from connector.probes import FAILED, OK, WARNING
from portal import heartbeat
from portal.celery import app
from portal.health import broker_answers, database_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to wait for the workers' answers.
_PATIENCE = 2.0
_GRAPH = ("GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET")


@dataclass(frozen=True)
class Sign:
    """What was found out about one part of the portal."""

    id: str
    verdict: str
    answer: str
    steps: tuple[str, ...] = ()


def signs() -> Iterator[Sign]:
    """Yield what there is to say; what needs the database is left out without it."""
    has_database = database_answers()
    yield _settings()
    yield _database(has_database=has_database)
    has_broker = broker_answers()
    yield _broker(has_broker=has_broker)
    if has_broker:
        yield _workers()
    if has_database and not _unapplied():
        yield _schedule()
    yield _graph(entered=has_database and _has_entered_graph())


def _settings() -> Sign:
    found = [one for one in checks.run_checks() if one.level >= checks.WARNING]
    steps = tuple(f"{one.msg} {one.hint or ''}".strip() for one in found)
    if not found:
        return Sign("settings", OK, _("Settings: in order."))
    if all(one.level < checks.ERROR for one in found):
        return Sign("settings", WARNING, _("Settings: there are warnings."), steps)
    return Sign("settings", FAILED, _("Settings: something is wrong."), steps)


def _database(*, has_database: bool) -> Sign:
    if not has_database:
        steps = (_("Look at DATABASE_URL, and whether the server runs."),)
        return Sign("database", FAILED, _("Database: it does not answer."), steps)
    if _unapplied():
        steps = (_("Run: manage.py start"),)
        return Sign("database", FAILED, _("Database: it is not up to date."), steps)
    broken = [one for one in _stored_secrets() if one.level >= checks.ERROR]
    if broken:
        hints = tuple(str(one.hint) for one in broken)
        return Sign("database", FAILED, str(broken[0].msg), hints)
    return Sign("database", OK, _("Database: it answers and is up to date."))


def _unapplied() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _stored_secrets() -> list[checks.CheckMessage]:
    return checks.run_checks(tags=[checks.Tags.database], databases=["default"])


def _broker(*, has_broker: bool) -> Sign:
    if has_broker:
        return Sign("redis", OK, _("Redis: it answers."))
    steps = (_("Look at REDIS_URL, and whether Redis runs (make run starts one)."),)
    return Sign("redis", FAILED, _("Redis: it does not answer."), steps)


def _workers() -> Sign:
    answers = app.control.ping(timeout=_PATIENCE)
    if answers:
        count = len(answers)
        return Sign("worker", OK, _("Workers: %(count)s answer.") % {"count": count})
    steps = (
        _("Start them: make run, or the service worker of compose.yaml."),
        _("Do they run? Then their logs (DATA_DIR/log/worker-*.log) say more."),
    )
    return Sign("worker", FAILED, _("Workers: none answers."), steps)


def _schedule() -> Sign:
    at = heartbeat.last()
    if at is not None and timezone.now() - at < heartbeat.LATE:
        return Sign("beat", OK, _("Beat: the schedule keeps going."))
    steps = (_("Start it: make run, or the service beat of compose.yaml."),)
    if at is None:
        return Sign("beat", FAILED, _("Beat: it has never run."), steps)
    since = f"{at:%Y-%m-%d %H:%M} UTC"
    answer = _("Beat: nothing was scheduled since %(since)s.") % {"since": since}
    return Sign("beat", FAILED, answer, steps)


def _has_entered_graph() -> bool:
    if _unapplied():
        return False
    return GraphAccess.objects.exclude(client_id="").exists()


def _graph(*, entered: bool) -> Sign:
    if settings.GRAPH_ACCESS_TOKEN:
        return Sign("graph", OK, _("Microsoft Graph: a fixed token is set."))
    missing = [name for name in _GRAPH if not getattr(settings, name)]
    if entered and len(missing) == len(_GRAPH):
        answer = _("Microsoft Graph: the access was entered in the portal.")
        return Sign("graph", OK, answer)
    if not missing:
        return Sign("graph", OK, _("Microsoft Graph: the credentials are set."))
    steps = (
        _(
            "Microsoft Entra admin center, App registrations: take the IDs and a client secret from the portal's registration (permission SecurityEvents.Read.All)."
        ),
        _("Enter them under Microsoft Graph in the portal, or set: %(names)s")
        % {"names": ", ".join(missing)},
    )
    verdict = WARNING if len(missing) == len(_GRAPH) else FAILED
    return Sign("graph", verdict, _("Microsoft Graph: credentials are missing."), steps)
