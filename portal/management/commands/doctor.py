"""Find out what keeps the portal from working, and print it with the repair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from connector import report, runs, upkeep
from connector.models import Connection, Tenant
from connector.probes import FAILED
from connector.probes.findings import read
from connector.redaction import hide
from portal import diagnostics
from tickets.support.diagnosis import summary
from tickets.support.models import Repository

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Iterator

    from connector.probes import Finding
    from portal.diagnostics import Sign
    from tickets.support.diagnosis.summary import Summary

_USAGE = 2
_UNUSABLE = {"settings", "database"}


class Command(BaseCommand):
    help = (
        "Examine the portal and its ServiceNow connections and say how to repair what "
        "is wrong. Exits with 1 when something has failed, with 2 when it was called "
        "wrongly."
    )
    # They are among what is reported.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON instead")
        parser.add_argument("--tenant", metavar="SLUG", help="of one organisation only")
        parser.add_argument(
            "--connection", type=int, metavar="ID", help="one connection only"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        signs = list(diagnostics.signs())
        failed = {sign.id for sign in signs if sign.verdict == FAILED}
        chosen = [] if failed & _UNUSABLE else _chosen(options)
        examined = [(one, _examined(one)) for one in chosen]
        found = [finding for _one, findings in examined for finding in findings]
        told = [] if failed & _UNUSABLE else _summaries(options)
        verdicts = [*(one.verdict for one in found), *(one.verdict for one in told)]
        has_failed = bool(failed) or FAILED in verdicts
        if options["json"]:
            answer = _as_json(signs, examined) | {"ok": not has_failed}
            answer["repositories"] = [_repository(one) for one in told]
            self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            self._print(signs, examined)
            self._print_repositories(told)
        if has_failed:
            raise SystemExit(1)

    def _print(
        self, signs: list[Sign], examined: list[tuple[Connection, list[Finding]]]
    ) -> None:
        self.stdout.write("PORTAL")
        for sign in signs:
            self._lines(_told(sign))
        for connection, findings in examined:
            self.stdout.write("")
            self.stdout.write(f"SERVICENOW {connection.pk}: {connection.host}")
            self.stdout.write(f"{connection.tenant}, {connection.get_status_display()}")
            for finding in findings:
                text = "\n".join(report.told(finding))
                self._lines([hide(text, connection.secrets)])
        if not examined:
            self.stdout.write("\nNo connection was examined.")

    def _print_repositories(self, summaries: list[Summary]) -> None:
        if not summaries:
            return
        self.stdout.write("\nSUPPORT INTEGRATION")
        for one in summaries:
            mark = f"[{report.WORDS[one.verdict]}]".ljust(10)
            self.stdout.write(f"{mark}{one.line}")

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _chosen(options: dict[str, Any]) -> list[Connection]:
    """Return the connections that are meant; raises CommandError for unknown ones."""
    rows = Connection.objects.active().select_related("tenant").order_by("pk")
    if slug := options["tenant"]:
        if not Tenant.objects.filter(slug=slug).exists():
            raise CommandError(f"There is no organisation {slug}.", returncode=_USAGE)
        rows = rows.filter(tenant__slug=slug)
    if pk := options["connection"]:
        rows = rows.filter(pk=pk)
        if not rows:
            raise CommandError(f"There is no connection {pk}.", returncode=_USAGE)
    return list(rows)


def _summaries(options: dict[str, Any]) -> list[Summary]:
    """Return the repositories in a line each: what is known of them, nobody is asked."""
    if options["connection"]:
        return []
    rows = Repository.objects.select_related("tenant")
    if slug := options["tenant"]:
        rows = rows.filter(tenant__slug=slug)
    return [summary.of(one) for one in rows]


def _repository(found: Summary) -> dict[str, Any]:
    return {
        "id": found.repository.pk,
        "repository": found.repository.repository_id,
        "tenant": found.repository.tenant.slug,
        "verdict": found.verdict,
        "causes": [
            {
                "id": one.id,
                "title": str(one.cause.title),
                "situations": list(one.situations),
                "owner": str(one.cause.owner),
                "repair": [step.plain for step in one.steps],
            }
            for one in found.causes
        ],
    }


def _examined(connection: Connection) -> list[Finding]:
    run = runs.begin(connection, anew=True)
    upkeep.examine(run)
    connection.refresh_from_db()
    return read(run.answers)


def _told(sign: Sign) -> Iterator[str]:
    yield f"[{report.WORDS[sign.verdict]}]".ljust(10) + sign.answer
    for number, step in enumerate(sign.steps, 1):
        yield f"{'':10}{number}. {step}"


def _as_json(
    signs: list[Sign], examined: list[tuple[Connection, list[Finding]]]
) -> dict[str, Any]:
    return {
        "portal": [
            {
                "id": sign.id,
                "verdict": sign.verdict,
                "answer": sign.answer,
                "repair": list(sign.steps),
            }
            for sign in signs
        ],
        "connections": [
            {
                "id": connection.pk,
                "host": connection.host,
                "tenant": connection.tenant.slug,
                "status": connection.status,
                "release": connection.release,
                "findings": [_finding(connection, finding) for finding in findings],
            }
            for connection, findings in examined
        ],
    }


def _finding(connection: Connection, finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "verdict": finding.verdict,
        "code": finding.code,
        "question": finding.question,
        "answer": finding.answer,
        "evidence": hide(finding.evidence, connection.secrets),
        "request_id": finding.request_id,
        "repair": [step.plain for step in finding.steps],
        "owner": finding.owner,
        "asked_at": finding.at,
    }
