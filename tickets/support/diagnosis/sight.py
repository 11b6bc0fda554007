"""What the instance showed when it was last asked, as the verdicts read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.servicenow.records import parse_datetime
from tickets.support.diagnosis.findings import Line
from tickets.support.diagnosis.instance import is_token_request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tickets.support.diagnosis.models import DiagnosisRun

# The clocks of both sides may differ by so much.
SKEW = timedelta(minutes=2)


@dataclass(frozen=True)
class Blind:
    """The instance did not show it; `code` says why."""

    code: str
    table: str = ""
    words: str = ""

    @property
    def line(self) -> Line:
        return Line("blind", {"why": self.code, "table": self.table}, self.words)


@dataclass(frozen=True)
class Request:
    """A request the instance sent, as its outbound HTTP log has it."""

    at: datetime
    method: str
    host: str
    path: str
    # None where no answer came.
    status: int | None
    is_for_token: bool

    @property
    def is_refused(self) -> bool:
        return self.status is not None and self.status >= 400

    @property
    def line(self) -> Line:
        facts = {
            "at": self.at.isoformat(),
            "method": self.method or "GET",
            "where": f"{self.host}{self.path}",
            "status": str(self.status or ""),
        }
        return Line("sent" if self.status else "sent_unanswered", facts)


class Sight:
    """The looks of one examination; Blind where there was none."""

    def __init__(self, run: DiagnosisRun | None) -> None:
        self._seen = run.seen if run else {}
        self.at = (run.finished_at or run.claimed_at) if run else None

    def rows(self, name: str) -> list[dict[str, str]] | Blind:
        """Return the rows a look showed."""
        found = self._seen.get(name)
        if not found:
            return Blind("not_asked")
        if "rows" in found:
            rows: list[dict[str, str]] = found["rows"]
            return rows
        return Blind(found["code"], found.get("table", ""), found.get("words", ""))

    @property
    def is_app_gone(self) -> bool:
        """Whether nothing of the app is on the instance, as far as it showed.

        Where the script was pasted there is no application, but its parts are.
        """
        return all(self.rows(name) == [] for name in ("app", "script", "action"))

    def property(self, name: str) -> str | Blind:
        """Return the value of a property of the app, "" when it is not there."""
        rows = self.rows("properties")
        if isinstance(rows, Blind):
            return rows
        return next((row["value"] for row in rows if row["name"] == name), "")

    def requests(self) -> list[Request] | Blind:
        """Return what the instance sent to the sign-in and to the portal, newest first."""
        rows = self.rows("requests")
        if isinstance(rows, Blind):
            return rows
        return sorted(_read(rows), key=lambda one: one.at, reverse=True)

    def messages(self) -> list[Line]:
        """Return the newest lines of the app in the instance's log."""
        rows = self.rows("log")
        if isinstance(rows, Blind):
            return []
        return [
            Line(
                "logged", {"at": _iso(row["at"]), "level": row["level"]}, row["message"]
            )
            for row in rows[:3]
        ]


def _read(rows: Iterable[dict[str, str]]) -> Iterable[Request]:
    for row in rows:
        at = parse_datetime(row["at"])
        if at is None:
            continue
        number = int(row["status"]) if row["status"].isdecimal() else 0
        yield Request(
            at,
            row["method"],
            row["host"],
            row["path"],
            # 0 and -1 stand for "no answer".
            number or None,
            is_token_request(row),
        )


def _iso(text: str) -> str:
    at = parse_datetime(text)
    return at.isoformat() if at else ""
