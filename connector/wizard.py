"""The set-up in steps: whose turn it is, what is done, and where to go on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connector import audit, connections
from connector.choosing import NEW, PARAMETER
from connector.models import Connection, SetupTick
from connector.probes import FAILED, WARNING, Finding, stored

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.utils.functional import _StrPromise

    from connector.models import Tenant

Status = Connection.Status
SERVICENOW_ADMIN = _("ServiceNow administrator")
ENTRA_ADMIN = _("Entra administrator")
SECURITY_ADMIN = _("Security Administrator")
# What people tick; the rest of the set-up is seen by the portal itself.
ENTITY, USER, SSO, MAPPED, FINISHED = "entity", "user", "sso", "mapped", "finished"
ITEMS = (ENTITY, USER, SSO, MAPPED, FINISHED)


class Step(NamedTuple):
    """One step of the set-up, for ui/steps.html."""

    label: str
    state: str
    href: str = ""


@dataclass(frozen=True)
class Stage:
    """One step of the set-up and who does it."""

    id: str
    label: str | _StrPromise
    owner: str | _StrPromise


STAGES = (
    Stage("prepare", _("Prepare ServiceNow"), SERVICENOW_ADMIN),
    Stage("enter", _("Enter the details"), SERVICENOW_ADMIN),
    Stage("authorize", _("Authorize"), SECURITY_ADMIN),
    Stage("check", _("Check"), SECURITY_ADMIN),
    Stage("map", _("Map fields and states"), SECURITY_ADMIN),
    Stage("finish", _("Finish"), SECURITY_ADMIN),
)
_IDS = [stage.id for stage in STAGES]


@dataclass(frozen=True)
class Wizard:
    """The set-up of one connection, or of one that is still to be entered."""

    tenant: Tenant
    connection: Connection | None
    # The step somebody asked to see; "" for the one whose turn it is.
    wanted: str = ""

    @cached_property
    def ticks(self) -> dict[str, SetupTick]:
        """What people said is done, by item."""
        rows = SetupTick.objects.for_tenant(self.tenant)
        return {tick.item: tick for tick in rows.filter(connection=self.connection)}

    @cached_property
    def done(self) -> set[str]:
        """The steps that are done."""
        return {stage_id for stage_id in _IDS if getattr(self, f"_{stage_id}_done")}

    @property
    def turn(self) -> str:
        """The first step that is not done; "" when all are."""
        return next((name for name in _IDS if name not in self.done), "")

    @property
    def place(self) -> str:
        """The step the page shows; "" when all are done and none was asked for."""
        is_open = self.wanted in _IDS and self._may_open(self.wanted)
        return self.wanted if is_open else self.turn

    @property
    def stage(self) -> Stage | None:
        return next((stage for stage in STAGES if stage.id == self.place), None)

    @property
    def takes_input(self) -> bool:
        """Whether the page shows the form of the details, which must not be lost."""
        return self.place in {"prepare", "enter", ""}

    @property
    def steps(self) -> list[Step]:
        """All steps, for ui/steps.html; those that can be opened with their address."""
        return [self._step(stage) for stage in STAGES]

    @property
    def troubles(self) -> list[Finding]:
        """What the last check found wrong, the worst first."""
        probes = stored(self.connection) if self.connection else []
        return [
            probe
            for verdict in (FAILED, WARNING)
            for probe in probes
            if probe.verdict == verdict
        ]

    @property
    def is_finished(self) -> bool:
        return not self.turn

    def _step(self, stage: Stage) -> Step:
        state = "done" if stage.id in self.done else "todo"
        state = "current" if stage.id == self.place else state
        href = address(self.connection, stage.id) if self._may_open(stage.id) else ""
        return Step(str(stage.label), state, href)

    def _may_open(self, name: str) -> bool:
        """Whether there is anything to do in a step yet."""
        if name in {"prepare", "enter"}:
            return True
        return name == self.turn or name in self.done

    @property
    def _prepare_done(self) -> bool:
        return self._enter_done or {ENTITY, USER} <= self.ticks.keys()

    @property
    def _enter_done(self) -> bool:
        connection = self.connection
        if connection is None:
            return False
        if connection.has_password:
            return bool(connection.password)
        return bool(connection.client_id and connection.client_secret)

    @property
    def _authorize_done(self) -> bool:
        status = self.connection.status if self.connection else ""
        return status in {Status.CONNECTED.value, Status.BROKEN.value}

    @property
    def _check_done(self) -> bool:
        connection = self.connection
        if connection is None or not self._authorize_done or not connection.checked_at:
            return False
        has_failed = any(probe.verdict == FAILED for probe in self.troubles)
        return connection.is_connected and not has_failed

    @property
    def _map_done(self) -> bool:
        return self._check_done and bool(self.ticks.keys() & {MAPPED, FINISHED})

    @property
    def _finish_done(self) -> bool:
        return self._map_done and FINISHED in self.ticks


def address(connection: Connection | None, stage_id: str = "") -> str:
    """Return the address of a step of the set-up."""
    query = {PARAMETER: str(connection.pk) if connection else NEW}
    return reverse(
        "connector:setup", query=query | ({"step": stage_id} if stage_id else {})
    )


def tick(
    tenant: Tenant, connection: Connection | None, item: str, *, actor: User
) -> None:
    """Write down that somebody did something; the first one's name stays."""
    row = SetupTick(
        tenant=tenant,
        connection=connection,
        item=item,
        done_by_name=actor.get_username(),
    )
    try:
        with transaction.atomic():
            row.save()
            _record("setup.ticked", row, actor)
    except IntegrityError:
        # Somebody else was faster.
        return


def untick(
    tenant: Tenant, connection: Connection | None, item: str, *, actor: User
) -> None:
    """Take back that something is done."""
    rows = SetupTick.objects.for_tenant(tenant)
    for row in rows.filter(connection=connection, item=item):
        row.delete()
        _record("setup.unticked", row, actor)


@transaction.atomic
def configure(
    tenant: Tenant,
    *,
    actor: User,
    connection: Connection | None,
    base_url: str,
    details: connections.Details,
) -> Connection:
    """Store what was entered; ticks made before there was a connection go to the new one."""
    is_first = connection is None
    connection = connections.configure(
        tenant, actor=actor, connection=connection, base_url=base_url, details=details
    )
    if is_first:
        _attach(tenant, connection)
    return connection


def _attach(tenant: Tenant, connection: Connection) -> None:
    known = connection.setup_ticks.values_list("item", flat=True)
    loose = SetupTick.objects.for_tenant(tenant).filter(connection=None)
    loose.exclude(item__in=list(known)).update(connection=connection)
    SetupTick.objects.for_tenant(tenant).filter(connection=None).delete()


def carry_over(source: Connection, target: Connection) -> None:
    """Have a connection that takes another one's place be as far as that one was.

    What was prepared on the old instance says nothing about the new one.
    """
    known = target.setup_ticks.values_list("item", flat=True)
    ticks = source.setup_ticks.filter(item__in=[MAPPED, FINISHED])
    for tick_there in ticks.exclude(item__in=list(known)):
        tick_there.pk, tick_there.connection = None, target
        tick_there.save(force_insert=True)


def _record(action: str, row: SetupTick, actor: User) -> None:
    target = row.connection.host if row.connection else ""
    audit.record(action, tenant=row.tenant, actor=actor, target=target, item=row.item)
