"""The operations of the connector API, for one incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Row
    from connector.sandbox.support_client import Client

Json = dict[str, Any]


@dataclass(frozen=True)
class Calls:
    """Each raises Failed."""

    client: Client
    incident: Row

    @property
    def _identity(self) -> Json:
        return {"sys_id": self.incident["sys_id"], "number": self.incident["number"]}

    @property
    def _texts(self) -> Json:
        names = ("short_description", "description")
        return {name: self.incident[name] for name in names if self.incident[name]}

    def health(self) -> list[Json]:
        """Return the service health incidents that its text may be about."""
        path = "health-incidents/search"
        # The short description is what they are matched by: it is always named.
        body = {"short_description": "", **self._texts}
        return _rows(self.client.ask("health.search", "POST", path, body), "incidents")

    def solutions(self, text: str = "") -> Json:
        """Search for solutions by its text, or by what somebody typed."""
        asked = {"text": text} if text else self._texts
        body = {**asked, "incident": self._identity}
        return self.client.ask("solutions.search", "POST", "solutions/search", body)

    def last_solutions(self) -> Json:
        """Return what the last search for this incident showed."""
        path = f"solutions?incident={self.incident['sys_id']}"
        return self.client.ask("solutions.incident", "GET", path)

    def rate(self, solution: str, search_id: str, *, helpful: bool) -> None:
        """Say whether a solution helped."""
        path = f"solutions/{quote(solution, safe='')}/feedback"
        body = {"helpful": helpful, "search_id": search_id}
        self.client.ask("solutions.feedback", "POST", path, body)

    def requests(self) -> list[Json]:
        """Return the service requests of the incident."""
        path = f"service-requests?incident={self.incident['sys_id']}"
        answer = self.client.ask("requests.list", "GET", path)
        return _rows(answer, "service_requests")

    def open(self, wish: Mapping[str, str]) -> Json:
        """Open a service request; the same `id` opens one only once."""
        contact = {
            name: wish[name] for name in ("name", "email", "phone") if wish[name]
        }
        names = ("id", "title", "description", "severity")
        body: Json = {name: wish[name] for name in names}
        short = self.incident["short_description"]
        incident = self._identity | ({"short_description": short} if short else {})
        body |= {"contact": contact, "incident": incident}
        return self.client.ask("requests.open", "POST", "service-requests", body)

    def add(self, reference: str, wish: Mapping[str, str], *, close: bool) -> Json:
        """Add an update to a service request."""
        path = f"service-requests/{quote(reference, safe='')}/updates"
        body: Json = {"id": wish["id"], "text": wish["text"]}
        if close:
            body["close"] = True
        return self.client.ask("requests.update", "POST", path, body)


def _rows(answer: Json, name: str) -> list[Json]:
    rows = answer.get(name)
    found = rows if isinstance(rows, list) else []
    return [row for row in found if isinstance(row, dict)]
