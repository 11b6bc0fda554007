"""Putting documents of a source into the index: what is the same is left alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from tickets.support.solutions import postings, words
from tickets.support.solutions.models import (
    DOCUMENT_TEXT_LIMIT,
    DOCUMENT_TITLE_LIMIT,
    KEYWORDS_LIMIT,
    MOST_SERVICES,
    Document,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connector.models import Tenant

Item = TypeVar("Item")

BATCH = 500
# So long a document that is gone can still be named by what people said of it.
KEPT = timedelta(days=180)
_MOST_TERMS = {"title": 60, "keywords": 60, "text": 1500}
_COLUMNS = [
    *("origin", "number", "title", "keywords", "text", "html", "services", "url"),
    *("updated_at", "is_open", "is_active", "revision", "digest", "terms"),
    "indexed_at",
]


@dataclass(frozen=True)
class Entry:
    """A document as its source hands it over; `key` is unique within the source."""

    key: str
    title: str
    text: str = ""
    keywords: str = ""
    services: Sequence[str] = field(default_factory=tuple)
    url: str = ""
    number: str = ""
    html: str = ""
    updated_at: datetime | None = None
    is_open: bool = False
    revision: str = ""


def put(
    tenant: Tenant, source: str, documents: Iterable[Entry], *, origin: str = ""
) -> int:
    """Make these the documents of the source; return how many were new or changed.

    Harmless to repeat. Whatever the source had besides leaves the index.
    """
    entries = list(documents)
    with transaction.atomic():
        changed = add(tenant, source, entries, origin=origin)
        keep_only(tenant, source, {entry.key for entry in entries}, origin=origin)
    return changed


def add(
    tenant: Tenant, source: str, documents: Iterable[Entry], *, origin: str = ""
) -> int:
    """Add documents or renew them, and leave the others; return how many were changed."""
    # Sorted, so that two workers lock the rows in the same order.
    entries = {entry.key[:300]: entry for entry in documents}
    changed = 0
    for keys in _batches(sorted(entries)):
        changed += _add(tenant, source, {key: entries[key] for key in keys}, origin)
    return changed


def keep_only(
    tenant: Tenant, source: str, keys: Iterable[str], *, origin: str = ""
) -> int:
    """Take the documents of other keys out of the index; return how many."""
    wanted = {key[:300] for key in keys}
    mine = Document.objects.for_tenant(tenant).of(source, origin).active()
    gone = [pk for pk, key in mine.values_list("pk", "key") if key not in wanted]
    if gone:
        _end(gone)
    return len(gone)


def remove(tenant: Tenant, source: str, *keys: str) -> None:
    """Take single documents out of the index."""
    mine = Document.objects.for_tenant(tenant).filter(source=source, key__in=keys)
    _end(list(mine.values_list("pk", flat=True)))


def tidy() -> None:
    """Delete what left the index long ago."""
    old = timezone.now() - KEPT
    Document.objects.filter(is_active=False, indexed_at__lt=old).delete()
    postings.tidy()


def _end(pks: list[int]) -> None:
    """Keep no contents of what is gone: who withdraws a text wants it away."""
    with transaction.atomic():
        for some in _batches(pks):
            Document.objects.filter(pk__in=some).update(
                is_active=False,
                is_open=False,
                text="",
                html="",
                terms="",
                digest="",
                revision="",
                indexed_at=timezone.now(),
            )
            postings.forget(some)


def _add(tenant: Tenant, source: str, entries: Mapping[str, Entry], origin: str) -> int:
    known = dict(
        Document.objects.for_tenant(tenant)
        .filter(source=source, key__in=entries, is_active=True)
        .values_list("key", "digest")
    )
    digests = {key: _digest(entry, origin) for key, entry in entries.items()}
    changed = [key for key in entries if known.get(key) != digests[key]]
    rows = [
        _document(tenant, source, origin, entries[key], digests[key]) for key in changed
    ]
    if rows:
        with transaction.atomic():
            Document.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["tenant", "source", "key"],
                update_fields=_COLUMNS,
            )
            postings.write(rows)
    return len(rows)


def _document(
    tenant: Tenant, source: str, origin: str, entry: Entry, digest: str
) -> Document:
    title, keywords = entry.title[:DOCUMENT_TITLE_LIMIT], entry.keywords
    text = _storable(entry.text)[:DOCUMENT_TEXT_LIMIT]
    lines = {"title": title, "keywords": f"{keywords} {entry.number}", "text": text}
    return Document(
        tenant=tenant,
        source=source,
        origin=origin,
        key=entry.key[:300],
        number=entry.number[:100],
        title=_storable(title),
        keywords=_storable(keywords)[:KEYWORDS_LIMIT],
        text=text,
        html=_html(entry.html),
        services=[str(name)[:100] for name in entry.services[:MOST_SERVICES]],
        url=entry.url[:1000],
        updated_at=entry.updated_at,
        is_open=entry.is_open,
        is_active=True,
        revision=entry.revision[:64],
        digest=digest,
        terms="\n".join(
            words.line(lines[name], most) for name, most in _MOST_TERMS.items()
        ),
        indexed_at=timezone.now(),
    )


def _html(html: str) -> str:
    """Return the HTML, or nothing: half of it would leave tags open."""
    return _storable(html) if len(html) <= 2 * DOCUMENT_TEXT_LIMIT else ""


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL refuses."""
    return text.replace("\x00", "")


def _digest(entry: Entry, origin: str) -> str:
    whole = [words.VERSION, origin, asdict(entry)]
    text = json.dumps(whole, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some
