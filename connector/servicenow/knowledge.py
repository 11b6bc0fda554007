"""The knowledge interface of one instance (plugin sn_km_api): list articles, read one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.exceptions import Evidence, Unavailable
from connector.servicenow.query import Query
from connector.servicenow.records import parse_datetime, parse_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connector.servicenow.client import ServiceNow

# The most that one page may have is not documented (unverified): what comes is taken,
# and the next page begins where this one ended.
PAGE_SIZE = 100
PATH = "/api/sn_km_api/knowledge/articles"
# Columns of kb_knowledge; those the user may not read are left out without a word.
_FACTS = "sys_updated_on,kb_knowledge_base"
# Whether the interface itself leaves drafts out depends on its release (unverified).
_PUBLISHED = Query().equals("workflow_state", "published")
_SYS_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Article:
    """An article as the list has it; `text` is HTML, "" unless it was asked for."""

    sys_id: str
    number: str
    title: str
    snippet: str
    base: str
    base_name: str
    updated_at: datetime | None
    text: str = ""


@dataclass(frozen=True)
class Page:
    """Some articles, how many there are in all (None: not told), and where to go on."""

    articles: tuple[Article, ...]
    total: int | None
    end: int


def page(client: ServiceNow, *, offset: int = 0, bases: Sequence[str] = ()) -> Page:
    """Return a page of the published articles the user may read, without their texts."""
    options = {"fields": _FACTS, "filter": str(_PUBLISHED), "limit": str(PAGE_SIZE)}
    if bases:
        options["kb"] = ",".join(bases)
    return _page(client.read(PATH, **options, offset=str(offset)), offset)


def texts(client: ServiceNow, sys_ids: Sequence[str]) -> dict[str, str]:
    """Return the texts of some articles as far as the list gives them out."""
    query = str(_PUBLISHED.is_in("sys_id", sys_ids))
    result = client.read(PATH, fields="text", filter=query, limit=str(PAGE_SIZE))
    return {one.sys_id: one.text for one in _page(result, 0).articles if one.text}


def content(client: ServiceNow, sys_id: str) -> str:
    """Return the text of one article; templates and wiki texts come this way alone."""
    # Not a view of a person: the article's own count is to stay (unverified).
    result = client.read(f"{PATH}/{sys_id}", update_view="false")
    found = result.get("content") if isinstance(result, dict) else None
    return found if isinstance(found, str) else ""


def _page(result: Any, offset: int) -> Page:
    rows = result.get("articles") if isinstance(result, dict) else None
    if not isinstance(rows, list):
        raise Unavailable("unexpected_answer", Evidence(words=str(result)[:500]))
    meta = result.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    end = _number(meta.get("end"))
    found = (_article(row) for row in rows if isinstance(row, dict))
    return Page(
        tuple(one for one in found if one),
        _number(meta.get("count")),
        end if end is not None and end > offset else offset + len(rows),
    )


def _number(found: object) -> int | None:
    text = str(found)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _article(row: Mapping[str, Any]) -> Article | None:
    # "kb_knowledge:" and the sys_id, or the sys_id alone (unverified).
    sys_id = str(row.get("id") or "").rpartition(":")[2]
    if not _SYS_ID.fullmatch(sys_id):
        return None
    fields = row.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    base = parse_value(fields.get("kb_knowledge_base"))
    return Article(
        sys_id=sys_id,
        number=str(row.get("number") or ""),
        title=str(row.get("title") or ""),
        snippet=str(row.get("snippet") or ""),
        base=base.value,
        base_name=base.display,
        updated_at=parse_datetime(parse_value(fields.get("sys_updated_on")).value),
        text=parse_value(fields.get("text")).value,
    )
