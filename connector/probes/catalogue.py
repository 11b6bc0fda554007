"""The probes: every question, who can mend it, and what must be in order before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise

    from connector.probes.examination import Examination
    from connector.probes.findings import Finding

Ask = Callable[["Examination"], "Finding"]

OWNERS: dict[str, _StrPromise] = {
    "servicenow": _("ServiceNow administrator"),
    "portal": _("whoever runs the portal"),
    "security": _("Security Administrator"),
    "entra": _("Microsoft Entra administrator"),
    "helpdesk": _("Helpdesk Administrator"),
}
GROUPS: dict[str, _StrPromise] = {
    "portal": _("In the portal"),
    "network": _("The way to the instance"),
    "oauth": _("The OAuth entity and its tokens"),
    "people": _("The integration user"),
    "tables": _("Tables and rights"),
    "limits": _("The instance itself"),
    "tickets": _("What tickets need"),
}


@dataclass(frozen=True)
class Probe:
    """One question about a connection.

    `needs` are questions that must not have failed before; `link` is the page of the
    instance and `page` the one of the portal where it is mended. What is `on_request`
    is asked when somebody asks for it, never by the way.
    """

    id: str
    question: _StrPromise
    group: str
    owner: str
    ask: Ask
    needs: tuple[str, ...] = ()
    link: str = ""
    page: str = ""
    on_request: bool = False


_probes: dict[str, Probe] = {}


def register(probes: Iterable[Probe]) -> None:
    """Add probes behind those that are there; a higher layer brings its own."""
    _probes.update({probe.id: probe for probe in probes})


def probes() -> list[Probe]:
    """Return all probes in the order in which they are asked."""
    return list(_probes.values())


def routine() -> list[Probe]:
    """Return the probes a whole check asks."""
    return [probe for probe in probes() if not probe.on_request]


def probe_of(name: str) -> Probe | None:
    """Return the probe of this name, if there is one."""
    return _probes.get(name)


def with_needs(names: Iterable[str]) -> list[Probe]:
    """Return these probes and what they build upon, in their order."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in _probes and name not in wanted:
            wanted.add(name)
            waiting += _probes[name].needs
    return [probe for probe in probes() if probe.id in wanted]
