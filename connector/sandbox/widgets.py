"""Markup of form fields and tables, escaped as it is built."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from connector.sandbox.web import Html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VOID = {"input"}
Attribute = str | bool | int


def el(tag: str, *content: str, **attributes: Attribute) -> Html:
    """Return an element; False leaves an attribute out, True gives it no value."""
    words = "".join(_attribute(name, value) for name, value in attributes.items())
    inner = "".join(
        part if isinstance(part, Html) else escape(str(part)) for part in content
    )
    return Html(f"<{tag}{words}>" + ("" if tag in _VOID else f"{inner}</{tag}>"))


def _attribute(name: str, value: Attribute) -> str:
    if value is False:
        return ""
    name = name.strip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def select(
    name: str, options: Mapping[str, str], chosen: str, *, locked: bool = False
) -> Html:
    """Return a list to choose from."""
    choices = [
        el("option", label, value=value, selected=value == chosen)
        for value, label in options.items()
    ]
    return el("select", *choices, id=name, name=name, disabled=locked)


def labelled(name: str, label: str, control: Html) -> Html:
    """Return a form field under its label."""
    return el("div", el("label", label, for_=name), control, class_="field")


def hidden(name: str, value: str) -> Html:
    """Return a field that is sent but does not show."""
    return el("input", type="hidden", name=name, value=value)


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return a list of names and what they are."""
    parts = [
        part for name, value in pairs for part in (el("dt", name), el("dd", value))
    ]
    return el("dl", *parts, class_="facts")


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table whose cells know their column's name, for narrow screens."""
    head = el("tr", *(el("th", name, scope="col") for name in heads))
    body = [
        el(
            "tr",
            *(
                el("td", cell, data_label=name)
                for name, cell in zip(heads, row, strict=True)
            ),
        )
        for row in rows
    ]
    return el(
        "table",
        el("caption", caption),
        el("thead", head),
        el("tbody", *body),
        class_="list",
    )


def to_input(shown: str) -> str:
    """Turn a time as it shows into what a datetime-local field takes."""
    try:
        return datetime.fromisoformat(shown).strftime("%Y-%m-%dT%H:%M")
    except ValueError:
        return ""
