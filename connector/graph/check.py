"""The live check of an access to Microsoft Graph: questions, answers, evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connector import audit, signals
from connector.exceptions import ConnectorError, Misconfigured
from connector.graph import access as accesses
from connector.graph import auth, client, texts
from connector.models import GraphAccess

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.graph.records import SecureScore

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
Status = GraphAccess.Status


@dataclass(frozen=True)
class Finding:
    """One question with its answer; texts are made when it is shown."""

    id: str
    verdict: str
    code: str
    facts: dict[str, str] = field(default_factory=dict)
    evidence: str = ""
    request_id: str = ""

    @property
    def question(self) -> str:
        return texts.question_of(self.id)

    @property
    def answer(self) -> str:
        return texts.answer_of(self.id, self.code, self.facts)

    @property
    def repair(self) -> str:
        needs_repair = self.verdict in {WARNING, FAILED}
        return texts.repair_of(self.id, self.code) if needs_repair else ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Examination:
    """The findings of one moment, and what the token says it may do."""

    findings: list[Finding]
    permissions: list[str] | None = None
    error: ConnectorError | None = None


def stored(access: GraphAccess) -> list[Finding]:
    """Return the findings of the last check."""
    return [Finding(**values) for values in access.findings]


def ask(access: GraphAccess, *, actor: User) -> None:
    """Note that a check is wanted; a worker makes it."""
    access.status, access.asked_at = Status.CHECKING, timezone.now()
    access.save(update_fields=["status", "asked_at"])
    audit.record("graph.check_requested", tenant=access.tenant, actor=actor)


def run(access: GraphAccess) -> None:
    """Ask Microsoft and keep the answers, unless the access was changed meanwhile."""
    before = (access.client_id, access.asked_at)
    told = examine(access)
    error = told.error
    with transaction.atomic():
        same = GraphAccess.objects.filter(
            pk=access.pk, client_id=before[0], asked_at=before[1]
        )
        kept = same.update(
            status=Status.FAILING if error else Status.WORKING,
            findings=[finding.as_dict() for finding in told.findings],
            permissions_found=told.permissions,
            last_error_code=error.code if error else "",
            last_error_words=error.evidence.words if error else "",
            checked_at=timezone.now(),
        )
        if kept and not error:
            # The tokens kept in other processes may know less than this one.
            signals.graph_changed.send(sender=GraphAccess, tenant=access.tenant)


def examine(access: GraphAccess) -> Examination:
    """Ask for a token and for one day; never raises a ConnectorError."""
    credentials = accesses.credentials_for(access.tenant)
    try:
        token = auth.fresh_token(credentials)
    except ConnectorError as error:
        return Examination(_without_token(error), error=error)
    # Those kept may be of before a permission was granted.
    auth.forget_tokens()
    graph = auth.connect(credentials, token=token)
    return _examine_reading(access, graph, auth.permissions_in(token))


def _examine_reading(
    access: GraphAccess, graph: client.Graph, granted: list[str] | None
) -> Examination:
    try:
        scores = graph.secure_scores(days=1)
    except ConnectorError as error:
        unread = [_failed("read", error), _unasked("directory")]
        findings = [_SIGNED_IN, *_permissions(granted, error), *unread]
        return Examination(findings, granted, error)
    directory = _directory(access, scores)
    findings = [_SIGNED_IN, *_permissions(granted), _read(scores), directory]
    is_other = directory.verdict == FAILED
    wrong = Misconfigured(directory.code) if is_other else None
    return Examination(findings, granted, wrong)


_SIGNED_IN = Finding("sign_in", OK, "yes")


def _without_token(error: ConnectorError) -> list[Finding]:
    later = (client.READ, client.WRITE, client.HEALTH, client.MESSAGES)
    unasked = map(_unasked, (*later, "read", "directory"))
    return [_failed("sign_in", error), *unasked]


def _failed(question: str, error: ConnectorError) -> Finding:
    evidence = error.evidence
    return Finding(
        question,
        FAILED,
        error.code,
        evidence=evidence.words,
        request_id=evidence.request_id,
    )


def _unasked(question: str) -> Finding:
    return Finding(question, UNKNOWN, "not_asked")


def _permissions(
    granted: list[str] | None, refusal: ConnectorError | None = None
) -> list[Finding]:
    """Judge by the token; one that does not say is judged by what Graph answered."""
    if granted is None:
        is_refused = refusal is not None and refusal.code == "graph_forbidden"
        read = Finding(
            client.READ, *((FAILED, "missing") if is_refused else (UNKNOWN, "opaque"))
        )
        return [
            read,
            Finding(client.WRITE, UNKNOWN, "opaque"),
            Finding(client.HEALTH, UNKNOWN, "opaque"),
            Finding(client.MESSAGES, UNKNOWN, "opaque"),
        ]
    may_read = client.READ in granted or client.WRITE in granted
    return [
        _granted(client.READ, has_it=may_read, otherwise=FAILED),
        _granted(client.WRITE, has_it=client.WRITE in granted, otherwise=WARNING),
        _granted(client.HEALTH, has_it=client.HEALTH in granted, otherwise=WARNING),
        _granted(client.MESSAGES, has_it=client.MESSAGES in granted, otherwise=WARNING),
    ]


def _granted(permission: str, *, has_it: bool, otherwise: str) -> Finding:
    if has_it:
        return Finding(permission, OK, "granted")
    return Finding(permission, otherwise, "missing")


def _read(scores: list[SecureScore]) -> Finding:
    if not scores:
        return Finding("read", WARNING, "empty")
    day = scores[0].created_at.date().isoformat()
    return Finding("read", OK, "yes", {"day": day})


def _directory(access: GraphAccess, scores: list[SecureScore]) -> Finding:
    """See that Graph answers for the organisation these pages belong to."""
    answered = next((score.tenant_id for score in scores if score.tenant_id), "")
    expected = access.directory_id or access.tenant.microsoft_tenant_id
    if not answered:
        return Finding("directory", UNKNOWN, "silent")
    facts = {"answered": answered, "expected": expected}
    if expected and expected.lower() != answered.lower():
        return Finding("directory", FAILED, "graph_other_tenant", facts)
    return Finding("directory", OK, "same", facts)
