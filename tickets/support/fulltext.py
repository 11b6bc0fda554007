"""Which tickets have which words, by the full-text search of the database.

Both databases stem English words and take a term of several words as a phrase.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.backends.utils import CursorWrapper

Found = dict[int, set[str]]

# An FTS5 table of a migration, filled before each search: triggers on the tickets would
# go with the next migration that remakes their table.
TABLE = "tickets_fulltext"
_FILL = (
    f"INSERT INTO {TABLE} (rowid, name, description) "  # noqa: S608 - a constant
    "SELECT id, name, description FROM tickets_ticket WHERE id = %s"
)
_SEARCH = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # noqa: S608 - a constant
_SEARCH_POSTGRES = """
WITH texts AS MATERIALIZED (
    SELECT id, to_tsvector('english', name || ' ' || description) AS words
    FROM tickets_ticket WHERE id = ANY(%s)
)
SELECT texts.id, terms.term FROM texts
JOIN unnest(%s::text[]) AS terms(term)
    ON texts.words @@ phraseto_tsquery('english', terms.term)
"""

# A table of its own in memory: a search must not wait for those who write.
_ONE_TEXT = "CREATE VIRTUAL TABLE one USING fts5(words, tokenize = 'porter unicode61')"
_IN_TEXT_POSTGRES = """
WITH text AS MATERIALIZED (SELECT to_tsvector('english', %s) AS words)
SELECT terms.term FROM text
JOIN unnest(%s::text[]) AS terms(term)
    ON text.words @@ phraseto_tsquery('english', terms.term)
"""


def tickets_with(terms: Collection[str], tickets: Iterable[int]) -> Found:
    """Return which of the terms each of the tickets has in its name or description."""
    keys, wanted = sorted(set(tickets)), sorted(set(terms))
    if not keys or not wanted:
        return {}
    found: defaultdict[int, set[str]] = defaultdict(set)
    search = _postgres if connection.vendor == "postgresql" else _sqlite
    with transaction.atomic(), connection.cursor() as cursor:
        for key, term in search(cursor, wanted, keys):
            found[key].add(term)
    return dict(found)


def _postgres(
    cursor: CursorWrapper, terms: list[str], keys: list[int]
) -> Iterable[tuple[int, str]]:
    cursor.execute(_SEARCH_POSTGRES, [keys, terms])
    return [(key, term) for key, term in cursor.fetchall()]


def _sqlite(
    cursor: CursorWrapper, terms: list[str], keys: list[int]
) -> Iterable[tuple[int, str]]:
    cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608 - a constant
    cursor.executemany(_FILL, [(key,) for key in keys])
    for term in terms:
        cursor.execute(_SEARCH, [_quoted(term)])
        yield from [(key, term) for (key,) in cursor.fetchall()]


def _quoted(term: str) -> str:
    """Return the term as words, whatever they mean to the query language."""
    return '"{}"'.format(term.replace('"', '""'))


def terms_in(text: str, terms: Collection[str]) -> set[str]:
    """Return which of the terms a text has."""
    wanted, plain = sorted(set(terms)), text.replace("\0", " ")
    if not wanted or not plain.strip():
        return set()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_IN_TEXT_POSTGRES, [plain, wanted])
            return {term for (term,) in cursor.fetchall()}
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(_ONE_TEXT)
        memory.execute("INSERT INTO one (words) VALUES (?)", [plain])
        search = "SELECT 1 FROM one WHERE one MATCH ?"
        return {
            term
            for term in wanted
            if memory.execute(search, [_quoted(term)]).fetchone()
        }
