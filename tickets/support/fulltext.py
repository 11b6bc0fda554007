"""Which tickets have which words, by the full-text search of the database.

Both databases stem English words and take a term of several words as a phrase.
"""

from __future__ import annotations

from collections import defaultdict
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
        # In quotes: words, whatever they mean to the query language.
        cursor.execute(_SEARCH, ['"{}"'.format(term.replace('"', '""'))])
        yield from [(key, term) for (key,) in cursor.fetchall()]
