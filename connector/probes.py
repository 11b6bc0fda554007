"""The questions a working connection can answer, each with its evidence."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connector import tokens
from connector.exceptions import ConnectorError, Misconfigured, Refused, Unauthorized
from connector.probe_texts import answer_of, question_of, repair_of
from connector.servicenow.query import Query

if TYPE_CHECKING:
    from connector.models import Connection
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
TABLES = ("task", "change_request", "incident")
# The first families, in order; whatever is not among them is newer.
_TOO_OLD = [
    "aspen",
    "berlin",
    "calgary",
    "dublin",
    "eureka",
    "fuji",
    "geneva",
    "helsinki",
    "istanbul",
    "jakarta",
]
_FAMILY = re.compile(r"glide-([a-z]+)-")
# Enough rows that one hidden row does not hide the table.
_SAMPLE = 20
_WARN_DAYS = 30
# Refusals that concern everything the integration user asks for.
_SHUT_OUT = frozenset({"ip_restricted", "scope", "api_acl"})


@dataclass(frozen=True)
class Probe:
    """One question with its answer; texts are made when it is shown.

    `code` names the answer (or an error), `facts` fill it, `evidence` is what the
    instance said word for word.
    """

    id: str
    verdict: str
    code: str
    facts: dict[str, str] = field(default_factory=dict)
    evidence: str = ""

    @property
    def question(self) -> str:
        return question_of(self.id)

    @property
    def answer(self) -> str:
        return answer_of(self.id, self.code, self.facts)

    @property
    def repair(self) -> str:
        needs_repair = self.verdict in {WARNING, FAILED}
        return repair_of(self.id, self.code, self.facts) if needs_repair else ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Examination:
    """The probes of one moment, and what was learnt by the way."""

    probes: list[Probe]
    owner: Record | None = None
    release: str = ""
    # What kept the examination from being made, if anything did.
    error: ConnectorError | None = None

    @property
    def has_failed(self) -> bool:
        return any(probe.verdict == FAILED for probe in self.probes)


def stored(connection: Connection) -> list[Probe]:
    """Return the probes of the last examination."""
    return [Probe(**values) for values in connection.probes]


def examine(connection: Connection) -> Examination:
    """Ask the instance everything; never raises a ConnectorError."""
    client = tokens.servicenow(connection)
    try:
        owner = identify(client)
    except ConnectorError as error:
        return Examination(_stopped_by(error), error=error)
    release, release_probe = _release(client)
    samples = {table: _sample(client, table) for table in TABLES}
    probes = [
        Probe("reachable", OK, "yes", {"host": connection.host}),
        Probe("token", OK, "yes"),
        _owner(connection, owner),
        release_probe,
        *(_table(table, sample) for table, sample in samples.items()),
        _labels(client, samples),
        _lifetime(connection),
    ]
    return Examination(probes, owner, release)


def identify(client: ServiceNow) -> Record | None:
    """Return the user the token belongs to, or None when the instance does not say."""
    query = Query().is_script("user_name", "gs.getUserName()")
    try:
        page = client.list("sys_user", query, fields=["user_name", "name"], limit=2)
    except Refused as error:
        if error.code in _SHUT_OUT:
            raise
        return None
    # More than one: the condition was ignored.
    return page.records[0] if len(page.records) == 1 else None


def _stopped_by(error: ConnectorError) -> list[Probe]:
    evidence = error.evidence.words
    if isinstance(error, Unauthorized | Refused):
        first = [
            Probe("reachable", OK, "answers"),
            Probe("token", FAILED, error.code, evidence=evidence),
        ]
    else:
        first = [
            Probe("reachable", FAILED, error.code, evidence=evidence),
            Probe("token", UNKNOWN, "not_asked"),
        ]
    rest = ("owner", "release", *TABLES, "labels")
    return first + [Probe(name, UNKNOWN, "not_asked") for name in rest]


def _owner(connection: Connection, owner: Record | None) -> Probe:
    if owner is None:
        return Probe("owner", UNKNOWN, "hidden", {"named": connection.integration_user})
    facts = {
        "user": owner.value("user_name"),
        "name": owner.value("name"),
        "named": connection.integration_user,
    }
    if facts["user"].casefold() == facts["named"].casefold():
        return Probe("owner", OK, "same", facts)
    code = "other" if connection.needs_consent else "other_entity"
    return Probe("owner", WARNING, code, facts)


def _release(client: ServiceNow) -> tuple[str, Probe]:
    query = Query().equals("name", "glide.war")
    try:
        page = client.list("sys_properties", query, fields=["name", "value"], limit=2)
    except Refused as error:
        words = error.evidence.words
        return "", Probe("release", UNKNOWN, "hidden", evidence=words)
    except ConnectorError as error:
        return "", _unanswered("release", error)
    found = [row.value("value") for row in page.records if _is_war(row)]
    return _judge(found[0]) if found else ("", Probe("release", UNKNOWN, "hidden"))


def _is_war(row: Record) -> bool:
    return row.value("name") == "glide.war"


def _judge(war: str) -> tuple[str, Probe]:
    match = _FAMILY.search(war)
    if not match:
        return war[:100], Probe("release", UNKNOWN, "unreadable", evidence=war)
    family = match[1]
    facts = {"release": family.capitalize()}
    if family in _TOO_OLD:
        return facts["release"], Probe("release", FAILED, "too_old", facts, war)
    return facts["release"], Probe("release", OK, "new_enough", facts, war)


Sample = tuple[list["Record"], bool] | ConnectorError


def _sample(client: ServiceNow, table: str) -> Sample:
    """Return some rows and whether rows are hidden, or the error."""
    try:
        page = client.list(table, fields=["number", "state"], limit=_SAMPLE)
    except ConnectorError as error:
        return error
    return list(page.records), page.is_hidden


def _table(table: str, sample: Sample) -> Probe:
    facts = {"table": table}
    if isinstance(sample, Refused | Misconfigured):
        return Probe(table, FAILED, sample.code, facts, sample.evidence.words)
    if isinstance(sample, ConnectorError):
        return _unanswered(table, sample)
    rows, is_hidden = sample
    if is_hidden:
        return Probe(table, FAILED, "rows_hidden", facts)
    return Probe(table, OK, "readable" if rows else "empty", facts)


def _labels(client: ServiceNow, samples: dict[str, Sample]) -> Probe:
    for sample in samples.values():
        if not isinstance(sample, ConnectorError) and _labelled(sample[0]):
            label = _labelled(sample[0])
            return Probe("labels", OK, "with_records", {"label": label})
    query = Query().equals("name", "incident").equals("element", "state")
    try:
        page = client.list("sys_choice", query, fields=["label", "value"], limit=5)
    except ConnectorError as error:
        return Probe("labels", UNKNOWN, "hidden", evidence=error.evidence.words)
    return Probe(
        "labels", *((OK, "with_choices") if page.records else (UNKNOWN, "hidden"))
    )


def _labelled(rows: list[Record]) -> str:
    labels = (
        row.display("state")
        for row in rows
        if row.display("state") != row.value("state")
    )
    return next(labels, "")


def _lifetime(connection: Connection) -> Probe:
    if connection.has_password:
        return Probe("lifetime", WARNING, "password")
    if not connection.needs_consent:
        return Probe("lifetime", OK, "asked_anew")
    ends_at = connection.refresh_token_expires_at
    if not connection.refresh_token or ends_at is None:
        return Probe("lifetime", WARNING, "not_renewable")
    days = (ends_at - timezone.now()).days
    facts = {"days": str(days), "date": timezone.localtime(ends_at).date().isoformat()}
    if days < _WARN_DAYS:
        return Probe("lifetime", WARNING, "ends_soon", facts)
    return Probe("lifetime", OK, "long", facts)


def _unanswered(name: str, error: ConnectorError) -> Probe:
    return Probe(name, UNKNOWN, error.code, evidence=error.evidence.words)
