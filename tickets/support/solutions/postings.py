"""Which documents have a term: the full-text index of the database, kept row by row.

PostgreSQL derives a column from `Document.terms` and indexes that; for SQLite each
change is written into a table of FTS5, beside a word for the organisation, which lets
the index itself keep organisations apart. The terms are stems already, and neither
database changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.models import Tenant
    from tickets.support.solutions.models import Document

TABLE = "tickets_document_terms"
_DELETE = f"DELETE FROM {TABLE} WHERE rowid = %s"  # noqa: S608 - a constant
_INSERT = f"INSERT INTO {TABLE} (rowid, terms) VALUES (%s, %s)"  # noqa: S608
_FIND = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # noqa: S608
_ORPHANS = (
    f"DELETE FROM {TABLE} WHERE rowid NOT IN "  # noqa: S608
    "(SELECT id FROM tickets_document WHERE is_active)"
)
_FIND_POSTGRES = """
SELECT array_agg(id) FROM tickets_document
WHERE words @@ %s::tsquery AND tenant_id = %s AND is_active
"""


def write(documents: Iterable[Document]) -> None:
    """Index these documents anew; those that are not active leave the index."""
    if connection.vendor != "sqlite":
        return
    rows = list(documents)
    with connection.cursor() as cursor:
        cursor.executemany(_DELETE, [(row.pk,) for row in rows])
        cursor.executemany(
            _INSERT,
            [
                (row.pk, f"{_mark(row.tenant_id)} {row.terms}")
                for row in rows
                if row.is_active
            ],
        )


def forget(keys: Iterable[int]) -> None:
    """Take documents out of the index."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(_DELETE, [(key,) for key in keys])


def tidy() -> None:
    """Forget what went with an organisation."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(_ORPHANS)


def find(tenant: Tenant, terms: Sequence[str]) -> dict[str, list[int]]:
    """Return the active documents of the organisation that have each term."""
    # On SQLite outside a transaction: that would keep writers waiting.
    ask = _sqlite if connection.vendor == "sqlite" else _postgres
    return ask(tenant, terms)


def _sqlite(tenant: Tenant, terms: Sequence[str]) -> dict[str, list[int]]:
    found = {}
    with connection.cursor() as cursor:
        for term in terms:
            cursor.execute(_FIND, [f'"{_mark(tenant.pk)}" AND "{term}"'])
            found[term] = [key for (key,) in cursor.fetchall()]
    return found


def _postgres(tenant: Tenant, terms: Sequence[str]) -> dict[str, list[int]]:
    found = {}
    with transaction.atomic(), connection.cursor() as cursor:
        # For a common term the planner would read all rows, and each one's terms from
        # where long values are kept.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for term in terms:
            cursor.execute(_FIND_POSTGRES, [f"'{term}'", tenant.pk])
            [(keys,)] = cursor.fetchall()
            found[term] = keys or []
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found


def _mark(tenant_pk: int) -> str:
    """Return the word of an organisation: longer than any stem."""
    return f"{'organisation' * 4}{tenant_pk}"
