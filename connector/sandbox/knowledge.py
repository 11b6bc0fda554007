"""The knowledge interface: search the articles, read one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.sandbox import answers, query, tables
from connector.sandbox.answers import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from connector.sandbox.api import Api
    from connector.sandbox.people import User
    from connector.sandbox.store import Row

_LIMIT = 30
_SNIPPET = 200
_SHOWN = "workflow_state=published^active=true"


def answer(api: Api, request: Request, user: User, match: re.Match[str]) -> Response:
    """Answer GET /knowledge/articles and /knowledge/articles/{id}."""
    if request.method not in {"GET", "HEAD"}:
        raise answers.not_allowed(request.method)
    call = api.call(request, user, "kb_knowledge", "")
    if match[1]:
        return _article(call, match[1])
    return _search(call)


def _search(call: tables.Call) -> Response:
    words = call.option("query")
    rows = [row for row in _rows(call) if _score(row, words) or not words]
    rows.sort(key=lambda row: (-_score(row, words), row["number"]))
    start, limit = _number(call, "offset", 0), _number(call, "limit", _LIMIT)
    page = rows[start : start + limit]
    found = [
        _found(call, row, words, start + index) for index, row in enumerate(page, 1)
    ]
    meta = {
        "start": start,
        "end": start + len(page),
        "count": len(rows),
        "fields": call.option("fields"),
        "query": words,
        "filter": call.option("filter"),
        "kb": call.option("kb"),
        "language": call.option("language") or "en",
        "status": {"code": 200},
    }
    return json_response({"result": {"meta": meta, "articles": found}})


def _rows(call: tables.Call) -> list[Row]:
    """Return the articles that are published, of the wanted base and language."""
    text = _SHOWN
    if given := call.option("filter"):
        text += f"^{given}"
    if bases := call.option("kb"):
        text += f"^kb_knowledge_baseIN{bases}"
    if language := call.option("language"):
        text += f"^languageIN{language}"
    sql = query.compile_query(query.parse(text, call.table), call.table, call.session)
    found = f"SELECT * FROM kb_knowledge WHERE {sql.where}"  # noqa: S608
    rows = [dict(row) for row in call.store.execute(found, sql.values)]
    return [row for row in rows if call.sees(row)]


def _score(row: Row, words: str) -> int:
    """Count how often the words are in an article; its title counts more."""
    title, text = row["short_description"].lower(), _plain(row["text"]).lower()
    return sum(
        5 * title.count(word) + text.count(word) for word in words.lower().split()
    )


def _found(call: tables.Call, row: Row, words: str, rank: int) -> dict[str, Any]:
    named = call.option("fields").split(",")
    wanted = [name.strip() for name in named if name.strip() in call.table.fields]
    [shown] = tables.render(call, [row], wanted)
    return {
        "id": f"kb_knowledge:{row['sys_id']}",
        "number": row["number"],
        "title": row["short_description"],
        "snippet": _plain(row["text"])[:_SNIPPET],
        "score": float(_score(row, words)) if words else -1,
        "rank": rank,
        "link": f"?id=kb_article_view&sys_kb_id={row['sys_id']}",
        "fields": shown,
        "tags": [],
    }


def _article(call: tables.Call, name: str) -> Response:
    rows = [row for row in _rows(call) if name in {row["sys_id"], row["number"]}]
    if not rows:
        raise answers.not_found()
    row = rows[0]
    body = {
        "sys_id": row["sys_id"],
        "number": row["number"],
        "short_description": row["short_description"],
        "content": row["text"],
        "template": False,
        "display_attachments": True,
        "attachments": [],
        "fields": {},
    }
    return json_response({"result": body})


def _plain(text: str) -> str:
    return re.sub(r"<[^>]*>", " ", text)


def _number(call: tables.Call, name: str, default: int) -> int:
    text = call.option(name)
    return int(text) if text.isdecimal() else default
