"""Taking over the articles of an instance's knowledge base: page by page, only what changed."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.utils import timezone

from connector import markup
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unavailable,
)
from connector.models import Tenant
from connector.servicenow import knowledge as wire
from tickets.support.bench import Unanswerable
from tickets.support.models import SupportIntegration
from tickets.support.solutions import index, readers
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document, KnowledgeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.knowledge import Article
    from tickets.support.solutions.readers import Reader

logger = logging.getLogger(__name__)

Source = Document.Source
INTERVAL = timedelta(hours=1)
SOON = timedelta(minutes=10)
# Anybody who may set it up may ask for a pull.
PAUSE = timedelta(minutes=1)
# What a person has to mend; a wrong password locks its user out if it is repeated.
LATER = timedelta(hours=6)
# Nobody reads more articles; each request counts against the instance's rule.
MOST_PAGES = 200
MOST_SINGLE = 100
_MOST_BASES = 200


@dataclass
class Pass:
    """One walk through all articles of an instance."""

    source: KnowledgeSource
    client: ServiceNow
    seen: set[str] = field(default_factory=set)
    bases: dict[str, str] = field(default_factory=dict)
    # Texts that may still be asked for one by one.
    singles: int = MOST_SINGLE
    is_complete: bool = False
    # Whether some texts are left for the next walk.
    is_owing: bool = False


def due() -> list[int]:
    """Return the sources that are to be pulled now."""
    for tenant in Tenant.objects.filter(support_integration__isnull=False):
        readers.ensure_sources(tenant)
    return list(KnowledgeSource.objects.due().values_list("pk", flat=True))


def request(source: KnowledgeSource) -> bool:
    """Have a source pulled as soon as a worker is free.

    False while the instance's own pause lasts, or when it was pulled a moment ago.
    """
    now = timezone.now()
    is_fresh = source.finished_at is not None and source.finished_at > now - PAUSE
    if _is_paused(source) or is_fresh:
        return False
    KnowledgeSource.objects.filter(pk=source.pk).update(due_at=now)
    _wake(source)
    return True


def _is_paused(source: KnowledgeSource) -> bool:
    return source.error_code == "rate_limited" and source.due_at > timezone.now()


def _wake(source: KnowledgeSource) -> None:
    """Have a worker look, from the transaction's commit on."""

    def send() -> None:
        name = "tickets.support.solutions.tasks.pull_knowledge"
        current_app.send_task(name, (source.pk,))

    transaction.on_commit(send, robust=True)


def pull(pk: int) -> None:
    """Take over what changed, if it is due, and note how that went."""
    source = KnowledgeSource.objects.claim(pk)
    if source is None:
        return
    try:
        reader, walk = _walk(source)
    except ConnectorError as error:
        logger.warning("knowledge source %s not pulled: %s", pk, error)
        _end(source, _wait_after(error), error)
        return
    source.read_as, source.succeeded_at = reader.name[:150], timezone.now()
    source.seen_bases = dict(sorted(walk.bases.items())[:_MOST_BASES])
    _end(source, SOON if walk.is_owing else INTERVAL)


def _walk(source: KnowledgeSource) -> tuple[Reader, Pass]:
    """Have the first reader who gets in read everything; raises its error otherwise."""
    if not readers.is_allowed(SupportIntegration.objects.of(source.tenant)):
        # What can no longer be compared must not stay for ever.
        readers.forget_articles(source)
    failure: ConnectorError = Misconfigured("knowledge_nobody_reads")
    for number, reader in enumerate(readers.readers(source)):
        try:
            with reader.logged():
                walk = Pass(source, reader.client())
                _read_all(walk)
        except Unanswerable:
            continue
        except ConnectorError as error:
            # The first one's: it is the repository that is to be mended.
            failure = error if number == 0 or _is_own(failure) else failure
        else:
            return reader, walk
    raise failure


def _is_own(error: ConnectorError) -> bool:
    return error.code == "knowledge_nobody_reads"


def _read_all(walk: Pass) -> None:
    offset = 0
    for _number in range(MOST_PAGES):
        page = wire.page(walk.client, offset=offset, bases=walk.source.bases)
        _take_over(walk, page.articles)
        is_last = page.total is not None and page.end >= page.total
        if is_last or page.end == offset:
            walk.is_complete = True
            break
        offset = page.end
    if walk.is_complete:
        source = walk.source
        index.keep_only(
            source.tenant, Source.KNOWLEDGE_BASE, walk.seen, origin=source.endpoint
        )


def _take_over(walk: Pass, articles: Sequence[Article]) -> None:
    """Index the articles of a page that are new or have changed."""
    source = walk.source
    wanted = [one for one in articles if not source.bases or one.base in source.bases]
    by_key = {_key(source, one): one for one in wanted}
    walk.seen |= set(by_key)
    walk.bases |= {one.base: one.base_name for one in wanted if one.base}
    mine = Document.objects.for_tenant(source.tenant).active()
    known = dict(
        mine.filter(source=Source.KNOWLEDGE_BASE, key__in=by_key).values_list(
            "key", "revision"
        )
    )
    changed = {
        key: one for key, one in by_key.items() if known.get(key) != _revision(one)
    }
    if changed:
        entries = _entries(walk, changed)
        index.add(source.tenant, Source.KNOWLEDGE_BASE, entries, origin=source.endpoint)


def _key(source: KnowledgeSource, article: Article) -> str:
    # A clone of an instance has the same sys_ids.
    return f"{source.host}/{article.sys_id}"


def _revision(article: Article) -> str:
    told = (article.updated_at, article.number, article.title, article.snippet)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _entries(walk: Pass, changed: dict[str, Article]) -> list[Entry]:
    found = wire.texts(walk.client, [one.sys_id for one in changed.values()])
    return [
        _entry(walk, key, one, _text(walk, one, found)) for key, one in changed.items()
    ]


def _text(walk: Pass, article: Article, found: dict[str, str]) -> str | None:
    """Return the text of an article, or None when that is for another time."""
    if article.sys_id in found:
        return found[article.sys_id]
    if walk.singles == 0:
        walk.is_owing = True
        return None
    walk.singles -= 1
    try:
        return wire.content(walk.client, article.sys_id)
    except Refused as error:
        logger.info("article %s not read: %s", article.number, error)
        return ""


def _entry(walk: Pass, key: str, article: Article, html: str | None) -> Entry:
    endpoint = walk.source.endpoint
    return Entry(
        key=key,
        number=article.number,
        title=article.title or article.number,
        text=markup.plain(html or article.snippet),
        url=f"{endpoint}/kb_view.do?sys_kb_id={article.sys_id}",
        updated_at=article.updated_at,
        # Without one it is read again.
        revision="" if html is None else _revision(article),
    )


def _wait_after(error: ConnectorError) -> timedelta:
    if not isinstance(error, Unavailable):
        return LATER
    return min(max(timedelta(seconds=error.retry_after or 0), SOON), LATER)


def _end(
    source: KnowledgeSource, wait: timedelta, error: ConnectorError | None = None
) -> None:
    now = timezone.now()
    articles = Document.objects.for_tenant(source.tenant).active()
    articles = articles.of(Source.KNOWLEDGE_BASE, source.endpoint)
    # Not what people may have set meanwhile.
    KnowledgeSource.objects.filter(pk=source.pk).update(
        claimed_at=None,
        finished_at=now,
        due_at=now + wait,
        succeeded_at=source.succeeded_at,
        read_as=source.read_as,
        seen_bases=source.seen_bases,
        articles=articles.count(),
        error_code=error.code if error else "",
        error_words=error.evidence.words if error else "",
        error_request_id=error.evidence.request_id if error else "",
    )


def configure(source: KnowledgeSource, *, is_enabled: bool, bases: list[str]) -> None:
    """Set what is taken over; what is no longer wanted leaves the index at once."""
    is_narrower = bool(bases) and set(bases) != set(source.bases)
    is_changed = (is_enabled, bases) != (source.is_enabled, source.bases)
    source.is_enabled, source.bases = is_enabled, bases
    if is_changed:
        source.due_at = source.due_at if _is_paused(source) else timezone.now()
    source.save(update_fields=["is_enabled", "bases", "due_at"])
    if not is_enabled or is_narrower:
        # The index does not keep which base an article is of: all come anew.
        readers.forget_articles(source)
    if is_enabled:
        _wake(source)
