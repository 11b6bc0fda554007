"""What a change of states means, in sentences: before it is saved, and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import state_settings
from tickets.choices import Colour, StateCategory
from tickets.state_models import icon_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tickets.models import TicketState
    from tickets.state_settings import Difference, Setting, Settings


@dataclass(frozen=True)
class Badge:
    """How a state is shown."""

    label: str
    colour: str
    icon: str


@dataclass(frozen=True)
class Effect:
    """What a change does to one state and the tickets in it."""

    name: str
    before: Badge
    after: Badge
    sentences: list[str]
    tickets: int


@dataclass(frozen=True)
class Effects:
    """What a change does; `order` names the states in their new order, if it is one."""

    states: list[Effect]
    order: list[str]

    @property
    def tickets(self) -> int:
        """How many tickets look different or count differently afterwards."""
        return sum(effect.tickets for effect in self.states)


def badge(state: TicketState, setting: Setting) -> Badge:
    """Return how a state is shown with a setting."""
    label = setting.label or state.default_label
    return Badge(label, setting.colour, icon_of(setting.category))


def colour_name(colour: str) -> str:
    """Return what a colour is called."""
    return str(Colour(colour).label)


def category_name(category: str) -> str:
    """Return what a category is called, also none."""
    if not category:
        return _("Not mapped yet")
    return str(StateCategory(category).label)


def effects(
    states: Sequence[TicketState],
    before: Settings,
    after: Settings,
    tickets: Mapping[str, int],
) -> Effects:
    """Return what it does to go from one to the other; `tickets` are counts by code."""
    found = state_settings.differences(before, after)
    shown = [
        _effect(
            state,
            [one for one in found if one.value == state.value],
            (before[state.value], after[state.value]),
            tickets.get(state.value, 0),
        )
        for state in state_settings.order_of(states, after)
    ]
    old = state_settings.order_of(states, before)
    new = state_settings.order_of(states, after)
    names = [after[s.value].label or s.default_label for s in new] if old != new else []
    return Effects([effect for effect in shown if effect.sentences], names)


def _effect(
    state: TicketState,
    found: Iterable[Difference],
    settings: tuple[Setting, Setting],
    count: int,
) -> Effect:
    old, new = (badge(state, setting) for setting in settings)
    sentences = [_consequence(one, old, new, count) for one in found]
    texts = [text for text in sentences if text]
    return Effect(state.default_label, old, new, texts, count)


def _consequence(one: Difference, old: Badge, new: Badge, count: int) -> str:
    words: dict[str, object] = {"count": count, "name": new.label}
    if one.field == "label" and old.label != new.label:
        text = ngettext(
            "%(count)d ticket will change from “%(old)s” to “%(new)s”",
            "%(count)d tickets will change from “%(old)s” to “%(new)s”",
            count,
        )
        return text % {**words, "old": old.label, "new": new.label}
    if one.field == "colour":
        text = ngettext(
            "%(count)d ticket in “%(name)s” will be shown in %(new)s instead of %(old)s",
            "%(count)d tickets in “%(name)s” will be shown in %(new)s instead of %(old)s",
            count,
        )
        return text % {**words, **_named(one, colour_name)}
    if one.field == "category":
        text = ngettext(
            "%(count)d ticket in “%(name)s” will count as “%(new)s”, not as “%(old)s”",
            "%(count)d tickets in “%(name)s” will count as “%(new)s”, not as “%(old)s”",
            count,
        )
        return text % {**words, **_named(one, category_name)}
    return ""


def _named(one: Difference, name: Callable[[str], str]) -> dict[str, str]:
    return {"old": name(one.old), "new": name(one.new)}


def history(before: Settings, after: Settings, names: Mapping[str, str]) -> list[str]:
    """Return what was changed, a line per fact; `names` are ServiceNow's, by code."""
    found = state_settings.differences(before, after)
    new = [
        _("New: “%(name)s”") % {"name": names.get(value, value)}
        for value in after
        if value not in before
    ]
    lines = [_line(one, names.get(one.value, one.value)) for one in found]
    if any(one.field == "position" for one in found):
        lines.append(_("Order changed"))
    return [*new, *(line for line in lines if line)]


def _line(one: Difference, name: str) -> str:
    if one.field == "label":
        words = {"state": name, "old": one.old or name, "new": one.new or name}
        return _("“%(state)s”: name “%(old)s” → “%(new)s”") % words
    if one.field == "colour":
        words = {"state": name, **_named(one, colour_name)}
        return _("“%(state)s”: colour %(old)s → %(new)s") % words
    if one.field == "category":
        words = {"state": name, **_named(one, category_name)}
        return _("“%(state)s”: category %(old)s → %(new)s") % words
    return ""
