"""Files of improvement actions: written at once, or by a worker with its progress."""

from __future__ import annotations

import io
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation

from connector import audit
from portal.score import listing, sheets
from portal.score.export_columns import ACTIONS, HISTORY
from portal.score.list_models import KEPT_FOR, LEASE, Export
from portal.score.models import ControlProfile, ControlScore, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.contrib.auth.models import User

    from connector.models import Tenant
    from portal.score.export_columns import Column

logger = logging.getLogger(__name__)

# More than this takes longer than a page may.
LONG = 1000
MOST_AT_ONCE = 3
_CHUNK = 200
# A file so young may belong to a row that was just written, in seconds.
_NEW = 300
# How often the progress is written down.
_STEP = 500
_COLUMNS: dict[str, tuple[Column, ...]] = {
    Export.Content.ACTIONS: ACTIONS,
    Export.Content.HISTORY: HISTORY,
}


def request(
    tenant: Tenant, user: User, *, control_ids: list[str], format: str, content: str
) -> Export:
    """Return an export of these controls; nothing is written or kept yet."""
    export = Export(
        tenant=tenant,
        user=user,
        format=format,
        content=content,
        control_ids=control_ids,
    )
    export.rows_total = _count(export)
    return export


def is_long(export: Export) -> bool:
    """Say whether a worker has to write it."""
    return export.rows_total > LONG


def enqueue(export: Export) -> None:
    """Have a worker write the file."""
    with transaction.atomic():
        export.save()
        _wake(export)


def has_room(tenant: Tenant, user: User) -> bool:
    """Say whether one more may be written for the person now."""
    mine = Export.objects.for_tenant(tenant).filter(user=user)
    statuses = [Export.Status.QUEUED, Export.Status.RUNNING]
    return mine.filter(status__in=statuses).count() < MOST_AT_ONCE


def tell(export: Export) -> None:
    """Note in the audit trail that data left the portal."""
    audit.record(
        "export.requested",
        tenant=export.tenant,
        actor=export.user,
        count=len(export.control_ids),
        format=export.format,
        content=export.content,
    )


def content(export: Export) -> bytes:
    """Return the whole file of a short export."""
    file = io.BytesIO()
    _write(file, export, _rows(export))
    return file.getvalue()


def path(export: Export) -> Path:
    """Return where the file of a long export is."""
    return Path(settings.EXPORTS_DIR) / f"{export.pk}.{export.format}"


def write(pk: str) -> None:
    """Write the file of an export that waits for it; harmless if none does."""
    export = _claim(pk)
    if export is None:
        return
    target = path(export)
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("wb") as file:
            _write(file, export, _watched(export))
        part.replace(target)
    except OSError:
        logger.exception("export %s could not be written", export.pk)
        with suppress(OSError):
            part.unlink()
        _leave(export, Export.Status.FAILED)
    else:
        _leave(export, Export.Status.READY, rows_done=export.rows_total)
        logger.info("wrote export %s", export.pk)


def tidy() -> None:
    """Wake workers for what a dead one left; remove what has expired."""
    now = timezone.now()
    lost = Export.objects.filter(_waits())
    lost.filter(created_at__lt=now - KEPT_FOR / 24).update(
        status=Export.Status.FAILED, finished_at=now
    )
    for export in Export.objects.filter(_waits()):
        _wake(export)
    old = now - KEPT_FOR
    Export.objects.filter(
        Q(finished_at__lt=old) | Q(created_at__lt=old - KEPT_FOR)
    ).delete()
    _remove_files()


def _remove_files() -> None:
    folder = Path(settings.EXPORTS_DIR)
    kept = {str(pk) for pk in Export.objects.values_list("pk", flat=True)}
    for file in folder.glob("*.*"):
        is_new = time.time() - file.stat().st_mtime < _NEW
        if file.stem not in kept and not is_new:
            file.unlink(missing_ok=True)


def _waits() -> Q:
    lapsed = Q(status="running", claimed_at__lt=timezone.now() - LEASE)
    return Q(status="queued") | lapsed


def _wake(export: Export) -> None:
    def send() -> None:
        current_app.send_task("portal.score.tasks.write_export", [str(export.pk)])

    transaction.on_commit(send, robust=True)


def _claim(pk: str) -> Export | None:
    now = timezone.now()
    waiting = Export.objects.filter(_waits(), pk=pk)
    if not waiting.update(status=Export.Status.RUNNING, claimed_at=now, rows_done=0):
        return None
    export: Export = Export.objects.select_related("tenant", "user").get(pk=pk)
    return export if export.claimed_at == now else None


def _leave(export: Export, status: str, **values: Any) -> None:
    mine = Export.objects.filter(pk=export.pk, claimed_at=export.claimed_at)
    mine.update(status=status, finished_at=timezone.now(), **values)


def _watched(export: Export) -> Iterator[Sequence[Any]]:
    """Yield the rows, and write down now and then how many there were."""
    for number, row in enumerate(_rows(export)):
        if number % _STEP == 0:
            now = timezone.now()
            mine = Export.objects.filter(pk=export.pk, claimed_at=export.claimed_at)
            mine.update(rows_done=number, claimed_at=now)
            export.claimed_at = now
        yield row


def _write(file: Any, export: Export, rows: Iterable[Sequence[Any]]) -> None:
    header = [column.header for column in _COLUMNS[export.content]]
    # A file means the same whoever's language it was asked for in.
    with translation.override("en"):
        sheets.write(file, export.format, header, rows)


def _count(export: Export) -> int:
    if export.content == Export.Content.HISTORY:
        count: int = _points(export).count()
        return count
    return len(export.control_ids)


def _rows(export: Export) -> Iterator[Sequence[Any]]:
    found = _history(export) if export.content == "history" else _actions(export)
    columns = _COLUMNS[export.content]
    for one in found:
        yield [column.value(one) for column in columns]


def _actions(export: Export) -> Iterator[listing.Row]:
    latest, reference = Snapshot.objects.latest_and_reference(export.tenant)
    actions = listing.all_actions(export.tenant, reference).for_list()
    for start in range(0, len(export.control_ids), _CHUNK):
        names = export.control_ids[start : start + _CHUNK]
        found = {p.control_id: p for p in actions.filter(control_id__in=names)}
        profiles = [found[name] for name in names if name in found]
        yield from listing.full_rows(export.tenant, profiles, latest, with_plans=True)


def _history(export: Export) -> Iterator[tuple[Any, ...]]:
    mine = ControlProfile.objects.for_tenant(export.tenant)
    titles = dict(mine.values_list("control_id", "title"))
    rows = (
        _points(export)
        .order_by("snapshot__date", "control_id")
        .values_list("snapshot__date", "control_id", "category", "score")
    )
    for row in rows.iterator(chunk_size=2000):
        yield (*row, titles.get(row[1], row[1]))


def _points(export: Export) -> Any:
    wanted = ControlScore.objects.filter(snapshot__tenant=export.tenant)
    return wanted.filter(control_id__in=export.control_ids)
