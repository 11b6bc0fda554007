"""The settings of a kind's states as a JSON file, out and in again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from json import decoder, scanner
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tickets import state_settings
from tickets.choices import Kind
from tickets.state_settings import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tickets.models import TicketState

VERSION = 1
# Some hundred states; nobody has more.
MOST_BYTES = 64 * 1024
# So many are shown at a time.
MOST_PROBLEMS = 20
_STATE_KEYS = ("value", *FIELDS)


@dataclass(frozen=True)
class Problem:
    """What is wrong in a file, and in which line, counted from 1."""

    line: int
    text: str

    def __str__(self) -> str:
        words = {"line": self.line, "problem": self.text}
        return _("Line %(line)d: %(problem)s") % words


class WrongFile(Exception):
    """The file cannot be used; `problems` say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


@dataclass(frozen=True)
class Entry:
    """One state of a file as it was read, and the line it begins in."""

    line: int
    values: dict[str, Any]

    @property
    def value(self) -> str:
        return str(self.values["value"])


def export(kind: str, states: Iterable[TicketState]) -> str:
    """Return the file: a state per line, in the order they are shown."""
    rows = state_settings.as_rows(state_settings.settings_of(states))
    lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    kind_text = json.dumps(str(kind))
    return (
        f'{{\n  "version": {VERSION},\n  "kind": {kind_text},\n'
        f'  "states": [\n{lines}\n  ]\n}}\n'
    )


def parse(content: bytes, kind: str) -> list[Entry]:
    """Read a file of this kind; what its states say is checked by the form.

    Raises `WrongFile` with what is wrong with its shape.
    """
    whole = _read(content)
    _refuse(_wrong_frame(whole, kind))
    entries = whole["states"]
    _refuse(problem for entry in entries for problem in _wrong_entry(entry))
    found = [Entry(entry.line, dict(entry)) for entry in entries]
    _refuse(_twice(found))
    return found


def _refuse(problems: Iterable[Problem]) -> None:
    first = list(islice(problems, MOST_PROBLEMS))
    if first:
        raise WrongFile(first)


class _Located(dict[str, Any]):
    """An object of a file that knows the line it begins in."""

    line = 1


class _Decoder(json.JSONDecoder):
    """Reads JSON and keeps the line of every object."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_no_number)
        # The scanner in C does not say where it is; this one asks `parse_object`.
        self.parse_object = self._object
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    @staticmethod
    def _object(text_and_end: tuple[str, int], *rest: Any) -> tuple[_Located, int]:
        text, start = text_and_end
        pairs, end = decoder.JSONObject((text, start), *_keeping_pairs(rest))  # type: ignore[attr-defined]
        found = _Located(pairs)
        if len(found) != len(pairs):
            message = "the same name twice in one object"
            raise json.JSONDecodeError(message, text, start)
        found.line = text.count("\n", 0, start) + 1
        return found, end


def _keeping_pairs(rest: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the scanner's arguments with a hook that loses no name given twice."""
    strict, scan_once, _object_hook, _pairs_hook, *memo = rest
    return (strict, scan_once, None, list, *memo)


def _no_number(text: str) -> None:
    message = f"{text} is no JSON"
    raise ValueError(message)


def _read(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        text = _("The file is larger than %(size)d KB.") % {"size": MOST_BYTES // 1024}
        raise WrongFile([Problem(1, text)])
    try:
        return _Decoder().decode(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        text = _("This is not JSON: %(words)s.") % {"words": error.msg}
        raise WrongFile([Problem(error.lineno, text)]) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongFile([Problem(line, _("This is not UTF-8 text."))]) from error
    except (ValueError, RecursionError) as error:
        raise WrongFile(
            [Problem(1, _("This is not JSON that can be read."))]
        ) from error


def _wrong_frame(whole: Any, kind: str) -> Iterator[Problem]:
    if not isinstance(whole, _Located):
        yield Problem(1, _("The file must be one object in braces."))
        return
    missing = list(_wrong_keys(whole, ("version", "kind", "states")))
    yield from missing
    if missing:
        return
    if not _is_number(whole["version"]) or whole["version"] != VERSION:
        text = _("“version” must be %(number)d.") % {"number": VERSION}
        yield Problem(whole.line, text)
    if whole["kind"] != kind:
        words = {"kind": kind, "name": Kind(kind).label}
        text = _("“kind” must be “%(kind)s”: this is the table of %(name)s states.")
        yield Problem(whole.line, text % words)
    states = whole["states"]
    if not isinstance(states, list) or not all(isinstance(s, _Located) for s in states):
        yield Problem(whole.line, _("“states” must be a list of objects."))


def _wrong_entry(entry: _Located) -> Iterator[Problem]:
    yield from _wrong_keys(entry, _STATE_KEYS)
    for name in _STATE_KEYS:
        if name in entry and not _SHAPES[name](entry[name]):
            yield Problem(entry.line, _SAID[name]())


def _wrong_keys(found: _Located, wanted: tuple[str, ...]) -> Iterator[Problem]:
    for name in wanted:
        if name not in found:
            yield Problem(found.line, _("“%(name)s” is missing.") % {"name": name})
    for name in found:
        if name not in wanted:
            text = _("“%(name)s” is not known here.") % {"name": name[:40]}
            yield Problem(found.line, text)


def _twice(entries: list[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        if entry.value in seen:
            text = _("The state “%(value)s” is there twice.") % {"value": entry.value}
            yield Problem(entry.line, text)
        seen.add(entry.value)


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def _is_text(found: object) -> bool:
    return isinstance(found, str)


_SHAPES: dict[str, Callable[[object], bool]] = {
    "value": lambda found: isinstance(found, str) and bool(found),
    "label": _is_text,
    "colour": _is_text,
    "category": _is_text,
    "position": lambda found: found is None or _is_number(found),
}
_SAID: dict[str, Callable[[], str]] = {
    "value": lambda: _("“value” must be ServiceNow's code in quotation marks."),
    "label": lambda: _('“label” must be text; "" stands for ServiceNow\'s name.'),
    "colour": lambda: _("“colour” must be text."),
    "category": lambda: _('“category” must be text; "" stands for not mapped yet.'),
    "position": lambda: _("“position” must be a whole number or null."),
}
