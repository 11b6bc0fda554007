"""Background work on connections; every task may run twice."""

from __future__ import annotations

from celery import shared_task

from connector import authorization, runs, signing_keys, tokens, upkeep
from connector.graph import check as graph_check
from connector.models import Connection, GraphAccess, ProbeRun, SigningKeys

Status = Connection.Status


@shared_task
def authorize(connection_pk: int) -> None:
    """Finish an authorization that came back from ServiceNow."""
    for connection in Connection.objects.active().filter(pk=connection_pk):
        authorization.complete(connection)


@shared_task
def examine(run_pk: int) -> None:
    """Carry out a round of questions."""
    for run in ProbeRun.objects.unfinished().active().filter(pk=run_pk):
        upkeep.examine(run)


@shared_task
def watch(connection_pk: int) -> None:
    """Look whether a connection still works."""
    for connection in Connection.objects.active().filter(pk=connection_pk):
        upkeep.watch(connection)


@shared_task
def revoke(connection_pk: int) -> None:
    """Revoke and wipe the tokens of a removed connection."""
    for connection in Connection.objects.removed().filter(pk=connection_pk):
        tokens.revoke(connection)


@shared_task
def check_connections() -> None:
    """Send each connection the work its status asks for."""
    works = {
        Status.AUTHORIZING: authorize,
        Status.CONNECTED: watch,
        Status.BROKEN: watch,
        Status.REMOVED: revoke,
    }
    for pk, status in Connection.objects.in_need_of_care().values_list("pk", "status"):
        works[Status(status)].delay(pk)
    for pk in runs.to_resume():
        examine.delay(pk)


@shared_task
def check_graph(access_pk: int) -> None:
    """Ask Microsoft whether an access to Graph works."""
    for access in GraphAccess.objects.filter(pk=access_pk).select_related("tenant"):
        graph_check.run(access)


@shared_task
def fetch_signing_keys(keys_pk: int) -> None:
    """Fetch the keys a directory signs with."""
    for known in SigningKeys.objects.filter(pk=keys_pk):
        signing_keys.fetch(known)
