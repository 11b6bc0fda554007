"""Cases of the diagnosis: a state of the world, and what a probe must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import connections, probes
from connector.sandbox import people, policies
from connector.sandbox.policies import Policy
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.models import Connection
    from connector.probes import Finding
    from connector.sandbox.server import Running

USER = "m365.integration"


@dataclass
class World:
    """An instance and the connection to it, both to be spoilt."""

    instance: Running
    connection: Connection
    settings: Any

    @property
    def requests(self) -> int:
        """How many the instance has seen since the fixtures made the first token."""
        seen = self.instance.app.api.requests
        return seen["table"] + seen["oauth"] - 1

    @property
    def user_id(self) -> str:
        return self._row("sys_user", user_name=USER)["sys_id"]

    @property
    def entity_id(self) -> str:
        client_id = self.connection.client_id
        return self._row("oauth_entity", client_id=client_id)["sys_id"]

    def _row(self, table: str, **equal: str) -> dict[str, str]:
        row = self.instance.store.first(table, **equal)
        assert row is not None
        return row

    def user(self, **values: str) -> None:
        self.instance.store.update(TABLES["sys_user"], self.user_id, values)

    def entity(self, **values: str) -> None:
        self.instance.store.update(TABLES["oauth_entity"], self.entity_id, values)

    def roles(self, *names: str) -> None:
        people.set_roles(self.instance.store, self.user_id, names)

    def see_all(self) -> None:
        """Let the integration user read what only administrators may."""
        people.add_role(self.instance.store, self.user_id, "admin")

    def fault(self, kind: str, **options: Any) -> None:
        self.instance.faults.add(kind, **options)

    def setting(self, name: str, value: str) -> None:
        store = self.instance.store
        row = self._row("sys_properties", name=name)
        store.update(TABLES["sys_properties"], row["sys_id"], {"value": value})

    def row(self, table: str, **values: str) -> str:
        if TABLES[table].is_task:
            values["sys_class_name"] = table
        row: str = self.instance.store.insert(TABLES[table], {"sys_id": "", **values})[
            "sys_id"
        ]
        return row

    def policy(self, table: str, field: str, conditions: str = "") -> None:
        store = self.instance.store
        policy = Policy("data_policy", table, "Ask for more", field, conditions)
        policies.add(store, policy)

    def portal(self, **values: Any) -> None:
        """Change what the portal has stored of the connection."""
        connections.update(self.connection, **values)


Make = Callable[[World], object]


@dataclass
class Case:
    """One probe in one state: its verdict and words of its answer or repair."""

    probe: str
    name: str
    make: Make
    verdict: str
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.probe}: {self.name}"


def ask(connection: Connection, *names: str) -> dict[str, Finding]:
    """Return what the probes and those they need say now."""
    examination = probes.Examination(connection)
    planned = probes.with_needs(names) if names else probes.routine()
    return {finding.id: finding for finding in examination.ask(planned)}


def words_of(finding: Finding) -> str:
    """Return everything a finding says."""
    steps = " ".join(step.plain for step in finding.steps)
    return f"{finding.answer} {finding.evidence} {steps}"


def check(case: Case, world: World) -> Finding:
    """Bring the state about and compare what the probe says."""
    case.make(world)
    finding = ask(world.connection, case.probe)[case.probe]
    assert finding.verdict == case.verdict, words_of(finding)
    for word in case.words:
        assert word in words_of(finding)
    assert "%(" not in words_of(finding)
    assert finding.owner
    if finding.is_trouble:
        assert finding.steps, "who is in trouble is told what to do"
    return finding
