"""What the benchmark of recommended solutions does inside the product, in its own process.

Run as: python -m tests.benchmarks.solutions_scripts NAME [NUMBER].
"""

from __future__ import annotations

import math
import random
import re
import time
from typing import TYPE_CHECKING, Any

# The first of the product's imports: it sets Django up.
from tests.stack.scripts import run  # isort: skip

from django.db import connection as database

from connector.models import Tenant
from tests.benchmarks import solutions_judged as judged
from tickets.support.solutions import index, search
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CUT = 5
_RAW_WORD = re.compile(r"\w+")
_PLAIN_SQLITE = (
    "CREATE VIRTUAL TABLE plain USING fts5(title, text, tokenize = 'porter unicode61')"
)
_PLAIN_POSTGRES = (
    "SELECT id FROM (SELECT id, to_tsvector('english', title || ' ' || text) AS words "
    "FROM tickets_document WHERE is_active) AS plain, "
    "to_tsquery('english', %s) AS asked WHERE words @@ asked "
    "ORDER BY ts_rank(words, asked) DESC, id LIMIT 5"
)

Order = list[str]


def quality() -> list[dict[str, Any]]:
    """Return nDCG@5 of the ranked search and of plain keyword order, tuned and held out."""
    tenant = Tenant.objects.create(name="Contoso Electronics", slug="contoso")
    judged.fill(tenant)
    queries = judged.queries()
    plain = _plain_search()
    parts = {
        "tuned": [one for one in queries if not one.get("held_out")],
        "held out": [one for one in queries if one.get("held_out")],
    }
    return [
        {
            "part": name,
            "queries": len(some),
            "ranked": _mean(some, lambda text: _ranked(tenant, text)),
            "plain": _mean(some, plain),
        }
        for name, some in parts.items()
    ]


def _ranked(tenant: Tenant, text: str) -> Order:
    return [hit.document.key for hit in search.find(tenant, text, limit=CUT)]


def _plain_search() -> Callable[[str], Order]:
    """Return the database's own order of documents with any of the words, as typed."""
    names = dict(Document.objects.values_list("pk", "key"))
    find = _plain_of_postgres
    if database.vendor == "sqlite":
        find = _plain_of_sqlite
        with database.cursor() as cursor:
            cursor.execute(_PLAIN_SQLITE)
            cursor.execute(
                "INSERT INTO plain (rowid, title, text) "
                "SELECT id, title, text FROM tickets_document WHERE is_active"
            )
    return lambda text: [names[key] for key in find(_RAW_WORD.findall(text))]


def _plain_of_sqlite(raw: Sequence[str]) -> list[int]:
    with database.cursor() as cursor:
        asked = " OR ".join(f'"{word}"' for word in raw)
        cursor.execute(
            "SELECT rowid FROM plain WHERE plain MATCH %s ORDER BY rank, rowid LIMIT 5",
            [asked],
        )
        return [key for (key,) in cursor.fetchall()]


def _plain_of_postgres(raw: Sequence[str]) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute(_PLAIN_POSTGRES, [" | ".join(f"'{word}'" for word in raw)])
        return [key for (key,) in cursor.fetchall()]


def _mean(queries: Sequence[dict[str, Any]], find: Callable[[str], Order]) -> float:
    return sum(_ndcg(one["good"], find(one["text"])) for one in queries) / len(queries)


def _ndcg(good: dict[str, int], order: Order) -> float:
    """Return the gain of an order beside that of the best one, 1 for as good."""
    ideal = sorted(good.values(), reverse=True)[:CUT]
    return _gain([good.get(key, 0) for key in order[:CUT]]) / _gain(ideal)


def _gain(grades: Sequence[int]) -> float:
    return sum(
        (2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades)
    )


def speed(count: int) -> dict[str, Any]:
    """Time a put of 5,000 documents, and searches among `count` of them."""
    tenant = Tenant.objects.create(name="Fabrikam", slug="fabrikam")
    rows = _many(count)
    started = time.perf_counter()
    index.put(tenant, "library", rows[:5000])
    first = time.perf_counter() - started
    started = time.perf_counter()
    index.put(tenant, "library", rows[:5000])
    again = time.perf_counter() - started
    index.put(tenant, "knowledge_base", rows[5000:])
    texts = [one["text"] for one in judged.queries()]
    times = []
    for text in texts * 3:
        started = time.perf_counter()
        search.find(tenant, text)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    return {
        "documents": count,
        "put": first,
        "again": again,
        "p50": times[len(times) // 2],
        "p95": times[int(len(times) * 0.95) - 1],
    }


def _many(count: int) -> list[Entry]:
    """Return documents as long as articles, each about three of the judged ones."""
    dice = random.Random(20)  # noqa: S311 - figures, not secrets
    known = judged.documents()
    texts = [row["text"].split(". ") for row in known]
    return [
        _article(number, known[number % len(known)], dice.sample(texts, 3), dice)
        for number in range(count)
    ]


def _article(
    number: int, row: dict[str, Any], about: Sequence[list[str]], dice: random.Random
) -> Entry:
    sentences = [sentence for text in about for sentence in text]
    return Entry(
        key=f"{number}",
        title=f"{row['title']} {number}",
        text=". ".join(dice.choices(sentences, k=20)),
        services=row["services"],
    )


if __name__ == "__main__":
    run(globals())
