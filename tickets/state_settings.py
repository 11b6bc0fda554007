"""What people decide about the states of a kind, as values that can be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from tickets.choices import Colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tickets.models import TicketState


@dataclass(frozen=True)
class Setting:
    """How one state is shown: "" is ServiceNow's name, no position its order."""

    label: str = ""
    colour: str = Colour.NEUTRAL.value
    category: str = ""
    position: int | None = None


# Of all states of a kind, by ServiceNow's code.
Settings = dict[str, Setting]
FIELDS = tuple(field.name for field in fields(Setting))


@dataclass(frozen=True)
class Difference:
    """One field of one state that is another one than before."""

    value: str
    field: str
    old: Any
    new: Any


def setting_of(state: TicketState) -> Setting:
    """Return what is decided about one state."""
    return Setting(state.label, state.colour, state.category, state.position)


def settings_of(states: Iterable[TicketState]) -> Settings:
    """Return what is decided about some states."""
    return {state.value: setting_of(state) for state in states}


def as_rows(settings: Settings) -> list[dict[str, Any]]:
    """Return the settings as JSON values, in their order."""
    return [{"value": value, **asdict(one)} for value, one in settings.items()]


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Settings:
    """Return the settings that `as_rows` wrote."""
    return {
        row["value"]: Setting(**{name: row[name] for name in FIELDS}) for row in rows
    }


def differences(before: Settings, after: Settings) -> list[Difference]:
    """Return what is another one after than before; new states differ in nothing."""
    return [
        Difference(value, name, getattr(before[value], name), getattr(one, name))
        for value, one in after.items()
        if value in before
        for name in FIELDS
        if getattr(before[value], name) != getattr(one, name)
    ]


def merged(base: Settings, typed: Settings, current: Settings) -> Settings:
    """Return what is there now with what somebody typed who had seen `base`.

    Only what was typed differs from the base, so all else is as it is now.
    """
    return {
        value: _merged(base.get(value, now), typed.get(value, now), now)
        for value, now in current.items()
    }


def _merged(base: Setting, typed: Setting, now: Setting) -> Setting:
    values = {
        name: getattr(
            now if getattr(typed, name) == getattr(base, name) else typed, name
        )
        for name in FIELDS
    }
    return Setting(**values)


def order_of(states: Iterable[TicketState], settings: Settings) -> list[TicketState]:
    """Return the states as they are ordered with these settings."""

    def place(state: TicketState) -> tuple[bool, int, int, int]:
        position = settings[state.value].position
        return (position is None, position or 0, state.sequence, state.pk)

    return sorted(states, key=place)


def positions(states: Sequence[TicketState]) -> dict[str, int | None]:
    """Return the position of each state in this order; none where it is ServiceNow's."""
    usual = sorted(states, key=lambda state: (state.sequence, state.pk))
    if list(states) == usual:
        return {state.value: None for state in states}
    return {state.value: place for place, state in enumerate(states, start=1)}
