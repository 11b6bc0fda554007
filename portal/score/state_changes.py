"""The outbox of states: Microsoft Graph is told each choice once, and none is lost.

Rows decide; messages only wake workers. Graph is read before it is written to, so what
an attempt without an answer did comes to light, and what Graph says already is not
said again: every write stays in its history.
"""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from connector import audit
from connector.exceptions import ConnectorError, Evidence, Refused, Unavailable
from connector.graph import access, auth
from portal.score import intake
from portal.score.models import ScoreSync
from portal.score.plan_models import ActionEvent, ActionPlan, StateChange
from portal.score.status import ActionStatus, Hold, is_kept_here

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import User

    from connector.graph import records
    from connector.graph.client import Graph
    from connector.models import Tenant

logger = logging.getLogger(__name__)

# One worker's share; the rest is another message, so that syncs get their turn.
DRAIN_LIMIT = 20
_BACK_OFF = (5, 30, 60, 300, 1200, 3600)
# What a person has to mend is asked for by hand, or once an hour.
_LATER = timedelta(hours=1)
# Seconds until it is worth looking again whether a sync has ended.
_SYNC_TAKES = 10
# Graph answers reads from copies; what it still does not show then, it dropped.
_SETTLED_AFTER = timedelta(hours=1)
_WRITING_FORBIDDEN = "graph_forbidden_write"
_QUEUED = StateChange.Status.QUEUED
_SENDING = StateChange.Status.SENDING
_SENT = StateChange.Status.SENT
_REFUSED = StateChange.Status.REFUSED
_REPLACED = StateChange.Status.REPLACED
_NO_ERROR = {"error_code": "", "error_words": "", "error_request_id": ""}


def enqueue(tenant: Tenant, changes: Iterable[StateChange]) -> None:
    """Write down what Graph is to be told; called in the transaction of the plans."""
    StateChange.objects.bulk_create(changes)
    wake(tenant.pk)


def replace(tenant: Tenant, control_ids: Iterable[str]) -> None:
    """Take back what waits for these controls: another status was chosen."""
    waiting = StateChange.objects.for_tenant(tenant).filter(
        control_id__in=list(control_ids), status__in=[_QUEUED, _REFUSED]
    )
    waiting.update(status=_REPLACED, finished_at=timezone.now())


def uncertain(tenant: Tenant, control_ids: Iterable[str]) -> set[str]:
    """Return the controls whose state in Graph an attempt may be changing."""
    tried = StateChange.objects.for_tenant(tenant).filter(
        control_id__in=list(control_ids), status__in=[_QUEUED, _SENDING], attempts__gt=0
    )
    return set(tried.values_list("control_id", flat=True))


def wake(tenant_pk: int, after: float = 0) -> None:
    """Have a worker look after the tenant's changes; without a broker the sweep does."""

    def send() -> None:
        name = "portal.score.tasks.send_states"
        current_app.send_task(name, [tenant_pk], countdown=after or None)

    transaction.on_commit(send, robust=True)


def sweep() -> None:
    """Wake a worker for every tenant with changes that are due."""
    tenants = StateChange.objects.due().order_by().values_list("tenant_id", flat=True)
    for tenant_pk in set(tenants):
        wake(tenant_pk)


def drain(tenant_pk: int) -> None:
    """Send the tenant's changes that are due, one after the other."""
    if _is_syncing(tenant_pk):
        # It may have read a state already that it would write over the new one.
        wake(tenant_pk, after=_SYNC_TAKES)
        return
    due = StateChange.objects.due().filter(tenant_id=tenant_pk).order_by("pk")
    pks = list(due.values_list("pk", flat=True)[: DRAIN_LIMIT + 1])
    for pk in pks[:DRAIN_LIMIT]:
        if not deliver(pk):
            return
    if len(pks) > DRAIN_LIMIT:
        wake(tenant_pk)


def _is_syncing(tenant_pk: int) -> bool:
    """Say whether a sync has begun and not ended; a dead worker's ends with its lease."""
    begun = Q(tried_at__isnull=False, due_at__gt=timezone.now())
    ended = Q(finished_at__isnull=False, finished_at__gte=F("tried_at"))
    return ScoreSync.objects.filter(begun & ~ended, tenant_id=tenant_pk).exists()


def deliver(pk: int) -> bool:
    """Take one change a step further; False if the next ones would fare no better."""
    change = StateChange.objects.claim(pk)
    if change is None:
        return True
    try:
        graph = auth.connect(access.credentials_for(change.tenant))
        profile = _carry_out(graph, change)
    except ConnectorError as error:
        return _fail(change, error)
    if profile.state == change.state:
        _finish(change, profile)
    else:
        _look_again(change, profile.state)
    return True


def _carry_out(graph: Graph, change: StateChange) -> records.ControlProfile:
    """Write the state unless Graph has it or was told it; return what Graph says."""
    before = graph.control_profile(change.control_id)
    if before.state == change.state or change.written_at:
        return before
    after = graph.set_control_state(
        change.control_id,
        state=change.state,
        comment=change.comment,
        # Nobody chose another one here, and leaving it out might clear it.
        assigned_to=_assignee(before),
    )
    change.written_at = timezone.now()
    StateChange.objects.filter(pk=change.pk).update(written_at=change.written_at)
    return after or graph.control_profile(change.control_id)


def _look_again(change: StateChange, found: str) -> None:
    """Wait until Graph shows what it took; an hour later it has dropped it."""
    error = Refused("graph_state_not_kept", Evidence(words=f"state: {found}"))
    if change.written_at and timezone.now() - change.written_at > _SETTLED_AFTER:
        _give_up(change, error, _error_values(error))
        return
    due_at = timezone.now() + _pause(change.attempts, Unavailable(error.code))
    _leave(change, _QUEUED, due_at=due_at, **_NO_ERROR)


def _assignee(profile: records.ControlProfile) -> str:
    dated = [update for update in profile.updates if update.at]
    return max(dated, key=_at).assigned_to if dated else ""


def _at(update: records.StateUpdate) -> Any:
    return update.at


def _finish(change: StateChange, profile: records.ControlProfile) -> None:
    with transaction.atomic():
        if not _leave(
            change,
            _SENT,
            finished_at=timezone.now(),
            remote_at=_dated(profile),
            **_NO_ERROR,
        ):
            return
        intake.store_profiles(change.tenant, [profile], intake.Names(change.tenant))
        _settle(change)
        _log(change, ActionEvent.Field.SENT, new=change.wanted)
    logger.info("sent state change %s", change.pk)


def _fail(change: StateChange, error: ConnectorError) -> bool:
    logger.warning("state change %s: %s", change.pk, error)
    values = _error_values(error)
    if isinstance(error, Refused) or error.code == _WRITING_FORBIDDEN:
        _give_up(change, error, values)
        return True
    _try_later(change, error, values)
    return False


def _error_values(error: ConnectorError) -> dict[str, str]:
    return {
        "error_code": error.code,
        "error_words": error.evidence.words,
        "error_request_id": error.evidence.request_id,
    }


def _give_up(
    change: StateChange, error: ConnectorError, values: dict[str, str]
) -> None:
    """Leave the change to a person: Graph said no, and would again."""
    with transaction.atomic():
        if not _leave(change, _REFUSED, **values):
            return
        _settle(change)
        _log(
            change,
            ActionEvent.Field.REFUSED,
            old=change.wanted,
            new=error.code,
            reason=error.evidence.words,
        )
        audit.record(
            "actionplan.state_refused",
            tenant=change.tenant,
            target=change.control_id,
            code=error.code,
        )


def _try_later(
    change: StateChange, error: ConnectorError, values: dict[str, str]
) -> None:
    """Wait; the tenant's other changes wait as well, for the same reason."""
    due_at = timezone.now() + _pause(change.attempts, error)
    with transaction.atomic():
        _leave(change, _QUEUED, due_at=due_at, **values)
        others = StateChange.objects.for_tenant(change.tenant).filter(status=_QUEUED)
        others.update(due_at=Greatest(F("due_at"), due_at))


def _pause(attempt: int, error: ConnectorError) -> timedelta:
    if not isinstance(error, Unavailable):
        return _LATER
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after * random.uniform(1, 1.25))  # noqa: S311
    seconds = _BACK_OFF[min(attempt, len(_BACK_OFF)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


def _leave(change: StateChange, status: str, **values: Any) -> bool:
    """Give the change out of hand; False if it is no longer ours to give."""
    if status != _SENT and _is_outdated(change):
        status = _REPLACED
    mine = StateChange.objects.filter(
        pk=change.pk, status=_SENDING, claimed_at=change.claimed_at
    )
    left = mine.update(status=status, claimed_at=None, **values) == 1
    return left and status != _REPLACED


def _is_outdated(change: StateChange) -> bool:
    """Say whether somebody chose another status while this one was on its way."""
    later = StateChange.objects.of_control(change.tenant, change.control_id)
    return later.filter(pk__gt=change.pk).exists()


def _settle(change: StateChange) -> None:
    """Let the plan's status count only where Graph has no word for it."""
    if _is_outdated(change):
        return
    wanted = ActionStatus(change.wanted)
    hold = Hold.HERE if is_kept_here(change.control_id, wanted) else Hold.NONE
    plans = ActionPlan.objects.for_tenant(change.tenant)
    plans.filter(control_id=change.control_id).update(hold=hold)


def retry(change: StateChange, *, actor: User) -> int:
    """Send a refused or waiting change again, now; return how many go out.

    What else waits for the same repair of the set-up goes out with it.
    """
    mine = StateChange.objects.for_tenant(change.tenant)
    alike = mine.filter(pk=change.pk, status__in=[_REFUSED, _QUEUED])
    if change.error_code == _WRITING_FORBIDDEN:
        alike |= mine.filter(status=_REFUSED, error_code=_WRITING_FORBIDDEN)
    alike |= mine.filter(status=_QUEUED, attempts__gt=0)
    with transaction.atomic():
        found = list(alike)
        alike.update(status=_QUEUED, due_at=timezone.now(), written_at=None)
        plans = ActionPlan.objects.for_tenant(change.tenant)
        plans.filter(control_id__in=[one.control_id for one in found]).update(
            hold=Hold.SENDING
        )
        for one in found:
            _log(one, ActionEvent.Field.RETRIED, new=one.wanted, actor=actor)
        if found:
            audit.record(
                "actionplan.state_retried",
                tenant=change.tenant,
                actor=actor,
                count=len(found),
            )
            wake(change.tenant.pk)
    return len(found)


def withdraw(change: StateChange, *, actor: User) -> bool:
    """Give up a refused or waiting change: Microsoft's own status counts then."""
    waiting = StateChange.objects.filter(pk=change.pk, status__in=[_REFUSED, _QUEUED])
    with transaction.atomic():
        if not waiting.update(status=_REPLACED, finished_at=timezone.now()):
            return False
        plans = ActionPlan.objects.for_tenant(change.tenant)
        plans.filter(control_id=change.control_id).update(status="", hold=Hold.NONE)
        _log(change, ActionEvent.Field.WITHDRAWN, old=change.wanted, actor=actor)
        audit.record(
            "actionplan.state_withdrawn",
            tenant=change.tenant,
            actor=actor,
            target=change.control_id,
        )
    return True


def _log(
    change: StateChange,
    field: ActionEvent.Field,
    *,
    actor: User | None = None,
    **words: str,
) -> None:
    ActionEvent.objects.create(
        tenant=change.tenant,
        control_id=change.control_id,
        field=field,
        actor=actor,
        actor_name=actor.get_username() if actor else "",
        **words,
    )


def _dated(profile: records.ControlProfile) -> datetime | None:
    return max((update.at for update in profile.updates if update.at), default=None)


def newest(tenant: Tenant, control_id: str) -> StateChange | None:
    """Return the newest change of the control that was not replaced."""
    mine = StateChange.objects.of_control(tenant, control_id)
    change: StateChange | None = mine.exclude(status=_REPLACED).first()
    return change
