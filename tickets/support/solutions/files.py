"""Reading solutions from files: Markdown with front matter, and CSV."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tickets.cells import FORMULA_STARTS
from tickets.support.solutions.models import (
    BODY_LIMIT,
    KEY_LIMIT,
    KEYWORDS_LIMIT,
    MOST_SERVICES,
    TITLE_LIMIT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_FILES = 50
MOST_BYTES = 1024 * 1024
MOST_DRAFTS = 500
COLUMNS = ("key", "title", "services", "keywords", "published", "body")
_NEEDED = ("title", "body")
_SERVICE_LIMIT = 100
_TRUE, _FALSE = {"", "yes", "true", "1", "published"}, {"no", "false", "0", "draft"}
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"\A\s*#{1,6}[ \t]+([^\r\n]+)")


class WrongFile(Exception):
    """The file cannot be read at all; its text says why."""


@dataclass(frozen=True)
class Draft:
    """A solution as a file has it, where it stands, and what is wrong with it."""

    file: str
    line: int
    key: str = ""
    title: str = ""
    body: str = ""
    keywords: str = ""
    services: Sequence[str] = field(default_factory=list)
    is_published: bool = True
    problems: Sequence[str] = field(default_factory=list)


def read(name: str, content: bytes) -> list[Draft]:
    """Return the solutions of a file; raises WrongFile."""
    if len(content) > MOST_BYTES:
        text = _("%(file)s is larger than %(size)d KB.")
        raise WrongFile(text % {"file": name, "size": MOST_BYTES // 1024})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = _("%(file)s, line %(line)d: this is not UTF-8 text.")
        raise WrongFile(words % {"file": name, "line": line}) from error
    if name.lower().endswith((".md", ".markdown")):
        return [_from_markdown(name, text)]
    if name.lower().endswith(".csv"):
        return list(_from_csv(name, text))
    raise WrongFile(
        _("%(file)s: only Markdown (.md) and CSV (.csv) are read.") % {"file": name}
    )


def _from_markdown(name: str, text: str) -> Draft:
    front = _FRONT.match(text)
    values = _front_matter(front[1]) if front else {}
    body = text[front.end() :] if front else text
    if not values.get("title") and (heading := _HEADING.match(body)):
        values["title"] = heading[1].rstrip().rstrip("#")
        body = body[heading.end() :]
    values.setdefault("key", name.rsplit(".", 1)[0])
    return _draft(name, 1, values | {"body": body})


def _front_matter(text: str) -> dict[str, str]:
    """Return its names and values: "name: value", a list in brackets or below."""
    values: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        entry = line.strip()
        if entry.startswith("- ") and name:
            values[name] = f"{values[name]}, {_bare(entry[2:])}".strip(", ")
        elif ":" in entry and not entry.startswith("#"):
            name, _colon, value = entry.partition(":")
            name = name.strip().lower()
            values[name] = _bare(value)
    return values


def _bare(value: str) -> str:
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(_unquoted(part) for part in value[1:-1].split(","))
    return _unquoted(value)


def _unquoted(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value


def _from_csv(name: str, text: str) -> Iterator[Draft]:
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        _refuse_header(name, header)
        line = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _draft(name, line, _row(header, row), _wrong_row(header, row))
            line = rows.line_num + 1
    except csv.Error as error:
        words = _("%(file)s, line %(line)d: this is no CSV: %(words)s.")
        facts = {"file": name, "line": rows.line_num, "words": error}
        raise WrongFile(words % facts) from error


def _refuse_header(name: str, header: Sequence[str]) -> None:
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        words = _("%(file)s, line 1: the column “%(column)s” is missing.")
        raise WrongFile(words % {"file": name, "column": missing[0]})
    for column in header:
        if column not in COLUMNS or header.count(column) > 1:
            words = _(
                "%(file)s, line 1: “%(column)s” is not known here or there twice. Known are: %(known)s."
            )
            facts = {"column": column[:40], "known": ", ".join(COLUMNS)}
            raise WrongFile(words % {"file": name, **facts})


def _row(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {column: _cell(cell) for column, cell in zip(header, row, strict=False)}


def _cell(cell: str) -> str:
    rest = cell[1:].removeprefix("'")
    is_guarded = cell.startswith("'") and rest.startswith(FORMULA_STARTS)
    return cell[1:] if is_guarded else cell


def _wrong_row(header: Sequence[str], row: Sequence[str]) -> list[str]:
    if len(row) == len(header):
        return []
    words = _("It has %(cells)d cells, and the first line %(columns)d.")
    return [words % {"cells": len(row), "columns": len(header)}]


def _draft(
    name: str, line: int, values: Mapping[str, str], wrong: Sequence[str] = ()
) -> Draft:
    published = values.get("published", "").strip().lower()
    services = re.split(r"[,;|]", values.get("services", ""))
    made = Draft(
        file=name,
        line=line,
        key=" ".join(values.get("key", "").split()),
        title=" ".join(values.get("title", "").split()),
        body=values.get("body", "").replace("\r\n", "\n").replace("\r", "\n").strip(),
        keywords=" ".join(values.get("keywords", "").split()),
        services=list(dict.fromkeys(one.strip() for one in services if one.strip())),
        is_published=published not in _FALSE,
    )
    problems = [*wrong, *_problems(made)]
    if published not in _TRUE | _FALSE:
        problems.append(_("“published” must be yes or no."))
    return Draft(**{**vars(made), "problems": problems})


def _problems(draft: Draft) -> Iterator[str]:
    limits = (
        (_("The key"), draft.key, KEY_LIMIT),
        (_("The title"), draft.title, TITLE_LIMIT),
        (_("The text"), draft.body, BODY_LIMIT),
        (_("The keywords"), draft.keywords, KEYWORDS_LIMIT),
        *((_("A service"), one, _SERVICE_LIMIT) for one in draft.services),
    )
    for name, text, limit in limits:
        if len(text) > limit:
            words = _("%(what)s is longer than %(limit)d characters.")
            yield words % {"what": name, "limit": limit}
        if "\x00" in text:
            yield _("%(what)s has characters that cannot be stored.") % {"what": name}
    if not draft.title:
        yield _("It has no title.")
    if not draft.body:
        yield _("It has no text.")
    if len(draft.services) > MOST_SERVICES:
        yield _("At most %(most)d services.") % {"most": MOST_SERVICES}
