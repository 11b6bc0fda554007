"""The work of an adoption: compare, then take over; may be cut off at any point.

Every step is claimed with compare-and-set, and what was moved is not moved again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connector import connections, tokens, wizard
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Unauthorized,
    Unavailable,
)
from connector.tasks import revoke
from tickets import outbox, profiles, state_revisions, sync
from tickets.adoption import comparing, deciding
from tickets.adoption.comparing import Comparison, Finding, Verdict
from tickets.adoption.models import Adoption
from tickets.adoption.taking import move_key, take
from tickets.models import Ticket
from tickets.waking import wake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)

# So many tickets move in one transaction.
CHUNK = 200
_PAUSE = timedelta(seconds=30)
# While a worker still sends a ticket to the old address.
_SHORT_PAUSE = timedelta(seconds=5)

Status = Adoption.Status


class ClaimLost(Exception):
    """Another worker took the adoption over, or it was discarded."""


@dataclass
class Claim:
    """The right to work on an adoption."""

    adoption: Adoption
    findings: dict[int, Finding] = field(default_factory=dict)

    def tick(self) -> None:
        """Say that somebody is at it; raises `ClaimLost`."""
        now = timezone.now()
        self._write(claimed_at=now)
        self.adoption.claimed_at = now

    def leave(self, **values: Any) -> None:
        """Give the adoption out of hand; raises `ClaimLost`."""
        self._write(claimed_at=None, **values)

    def come_back(self, pause: timedelta, **values: Any) -> None:
        """Go on after a while."""
        self.leave(due_at=timezone.now() + pause, **values)
        wake("adopt", self.adoption.pk, after=pause.total_seconds() + 0.05)

    def _write(self, **values: Any) -> None:
        mine = Adoption.objects.filter(
            pk=self.adoption.pk, claimed_at=self.adoption.claimed_at
        )
        if mine.update(**values) != 1:
            raise ClaimLost


def sweep() -> None:
    """Wake workers for what nobody works on."""
    for pk in Adoption.objects.due().values_list("pk", flat=True):
        wake("adopt", pk)


def go_on(pk: int) -> None:
    """Take the adoption one step further if it is due; harmless if it is not."""
    claim = _claim(pk)
    if claim is None:
        return
    try:
        _STEPS[Status(claim.adoption.status)](claim)
    except ClaimLost:
        logger.warning("adoption %s was taken over", pk)
    except ConnectorError as error:
        _fail(claim, error)


def _claim(pk: int) -> Claim | None:
    now = timezone.now()
    if Adoption.objects.due().filter(pk=pk).update(claimed_at=now) != 1:
        return None
    joined = ("tenant", "source__tenant", "target__tenant", "asked_by")
    adoption = Adoption.objects.select_related(*joined).get(pk=pk)
    return Claim(adoption) if adoption.claimed_at == now else None


def _compare(claim: Claim) -> None:
    found = _look_up(claim, list(_tickets(claim)))
    claim.leave(
        status=Status.READY,
        result=found.as_result(),
        compared_at=timezone.now(),
        error_code="",
        error_words="",
    )


def _look_up(claim: Claim, tickets: Sequence[Ticket]) -> Comparison:
    client = tokens.servicenow(claim.adoption.target)
    return comparing.compare(client, tickets, claim.tick)


def _tickets(claim: Claim) -> Any:
    """Return the tickets that have not moved yet."""
    mine = Ticket.objects.filter(connection=claim.adoption.source).order_by("pk")
    return mine.only("kind", "sys_id", "number", "correlation_id", "connection_id")


def _apply(claim: Claim) -> None:
    adoption = claim.adoption
    sync.hold(adoption.source)
    _know_all(claim)
    state_revisions.carry_over(
        adoption.source, adoption.target, actor=adoption.asked_by
    )
    profiles.carry_over(adoption.source, adoption.target)
    for some in _chunks(_to_move(claim)):
        claim.tick()
        with transaction.atomic():
            taken = take(adoption, {pk: claim.findings[pk] for pk in some})
        for pk in taken:
            claim.findings[pk] = replace(claim.findings[pk], verdict=Verdict.FOREIGN)
    if not _finish(claim):
        claim.come_back(_SHORT_PAUSE)


def _know_all(claim: Claim) -> None:
    """Look up what was shared or sent since the comparison, too."""
    shown = comparing.findings_in(claim.adoption.result)
    claim.findings = {finding.ticket_id: finding for finding in shown}
    unknown = [ticket for ticket in _tickets(claim) if not _is_known(claim, ticket)]
    if unknown:
        fresh = _look_up(claim, unknown).findings
        claim.findings |= {finding.ticket_id: finding for finding in fresh}
        hidden = claim.adoption.result.get("hidden", 0)
        all_of_them = Comparison(tuple(claim.findings.values()), hidden)
        claim.adoption.result = all_of_them.as_result()
        Adoption.objects.filter(pk=claim.adoption.pk).update(
            result=claim.adoption.result
        )


def _is_known(claim: Claim, ticket: Ticket) -> bool:
    finding = claim.findings.get(ticket.pk)
    if finding is None:
        return False
    return finding.verdict != Verdict.UNDELIVERED or not ticket.sys_id


def _to_move(claim: Claim) -> list[int]:
    return [
        ticket.pk
        for ticket in _tickets(claim)
        if _is_known(claim, ticket)
        and claim.findings[ticket.pk].verdict != Verdict.FOREIGN
    ]


def _chunks(keys: list[int]) -> Sequence[list[int]]:
    return [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]


def _finish(claim: Claim) -> bool:
    """Put the target in the source's place; False while tickets are still to move."""
    adoption = claim.adoption
    with transaction.atomic():
        adoption.tenant.lock()
        if not _is_complete(claim):
            return False
        _replace(adoption)
        # A poll of the old address may have ended late.
        moved = Ticket.objects.filter(
            connection=adoption.target, events__key=move_key(adoption)
        )
        moved.update(remote_updated_at=None, remote_mod_count=None)
        sync.start_over(adoption.target)
        outbox.release(adoption.target)
        claim.leave(status=Status.APPLIED, finished_at=timezone.now())
        deciding.record("adoption.applied", adoption, None, **adoption.counts)
        wake("poll", adoption.target_id, True)
    return True


def _is_complete(claim: Claim) -> bool:
    """Whether nothing is left at the source but what is not to be touched."""
    return all(
        finding is not None and finding.verdict == Verdict.FOREIGN
        for finding in (claim.findings.get(ticket.pk) for ticket in _tickets(claim))
    )


def _replace(adoption: Adoption) -> None:
    source, target = adoption.source, adoption.target
    for connection in (source, target):
        connection.refresh_from_db()
    if target.replaces_id == source.pk:
        wizard.carry_over(source, target)
        connections.stand_alone(target)
    if source.is_removed:
        return
    if source.is_default:
        connections.make_default(target, actor=adoption.asked_by)
    connections.remove(source, actor=adoption.asked_by)
    revoke.delay_on_commit(source.pk)


def _fail(claim: Claim, error: ConnectorError) -> None:
    """Wait and try again, or leave it to a person."""
    logger.warning("adoption %s: %s", claim.adoption.pk, error)
    said = {"error_code": error.code, "error_words": error.evidence.words}
    connections.report_failure(claim.adoption.target, error)
    try:
        if isinstance(error, Unavailable):
            claim.come_back(timedelta(seconds=error.retry_after or 0) + _PAUSE, **said)
        elif isinstance(error, Unauthorized | Misconfigured):
            # It goes on by itself as soon as the connection is mended.
            claim.leave(**said)
        else:
            claim.leave(status=Status.FAILED, **said)
            deciding.record("adoption.failed", claim.adoption, None, code=error.code)
    except ClaimLost:
        logger.warning("adoption %s was taken over", claim.adoption.pk)


_STEPS: dict[Status, Callable[[Claim], None]] = {
    Status.COMPARING: _compare,
    Status.APPLYING: _apply,
}
