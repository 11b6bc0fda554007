"""The Table API of one instance: list, get, create, update; distinct values; reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from connector import http
from connector.exceptions import Unauthorized
from connector.servicenow.answers import result_of, unexpected, words_of
from connector.servicenow.basic import Basic
from connector.servicenow.limits import limit_of
from connector.servicenow.records import (
    Page,
    Record,
    Value,
    parse_record,
    parse_value,
)

if TYPE_CHECKING:
    from requests import Session

    from connector.http import Answer, Call
    from connector.servicenow.limits import RateLimit
    from connector.servicenow.query import Query

# Returns an access token; with True, one that was renewed because the last was refused.
TokenSource = Callable[[bool], str]
# Told of each request, with the rate rule its answer named.
Meter = Callable[["RateLimit | None"], None]

PAGE_SIZE = 1000
_TABLE = re.compile(r"[a-z][a-z0-9_]*")
_SYS_ID = re.compile(r"[0-9A-Za-z]{32}")
_SHAPE = {
    "sysparm_display_value": "all",
    "sysparm_exclude_reference_link": "true",
}


class ServiceNow:
    """An instance, spoken to as the integration user.

    Every method raises `connector.exceptions` and nothing else.
    """

    def __init__(
        self,
        base_url: str,
        authority: TokenSource | Basic,
        *,
        timeout: tuple[float, float] = http.TIMEOUT,
        private_ok: bool = False,
        session: Session | None = None,
        meter: Meter = lambda _: None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._authority = authority
        self._timeout = timeout
        self._session = session or http.session(private_ok=private_ok)
        self._meter = meter

    def list(
        self,
        table: str,
        query: Query | str = "",
        *,
        fields: Sequence[str],
        limit: int = PAGE_SIZE,
        offset: int = 0,
    ) -> Page:
        """Return one page of the rows the user may see."""
        answer = self._send(
            self._call("GET", table, fields=fields),
            sysparm_query=str(query),
            sysparm_limit=str(limit),
            sysparm_offset=str(offset),
            sysparm_suppress_pagination_header="true",
        )
        total = answer.headers.get("X-Total-Count", "")
        return Page(
            tuple(parse_record(table, row, answer.request_id) for row in _rows(answer)),
            int(total) if total.isdecimal() and len(total) < 16 else None,
        )

    def get(self, table: str, sys_id: str, *, fields: Sequence[str]) -> Record:
        """Return one row; "not_found" also when it is hidden from the user."""
        return self._one(table, self._call("GET", table, sys_id, fields=fields))

    def distinct(self, table: str, field: str) -> tuple[Value, ...]:
        """Return the values a field has in any row of the table (Aggregate API).

        Rows count that the user may not see.
        """
        url = f"{self.base_url}/api/now/stats/{_checked(_TABLE, table)}"
        params = {
            "sysparm_group_by": _checked(_TABLE, field),
            "sysparm_count": "true",
            "sysparm_display_value": "all",
        }
        answer = self._send(http.Call("GET", url, params))
        groups = (row.get("groupby_fields") for row in _rows(answer))
        return tuple(
            parse_value(cell)
            for group in groups
            if isinstance(group, list)
            for cell in group
        )

    def read(self, path: str, **params: str) -> Any:
        """Return the result of another interface than the Table API."""
        return result_of(
            self._send(http.Call("GET", f"{self.base_url}{path}"), **params)
        )

    def create(
        self, table: str, values: Mapping[str, str], *, fields: Sequence[str]
    ) -> Record:
        """Insert one row and return it as the instance completed it."""
        call = self._call("POST", table, fields=fields, values=values)
        return self._one(table, call)

    def update(
        self,
        table: str,
        sys_id: str,
        values: Mapping[str, str],
        *,
        fields: Sequence[str],
    ) -> Record:
        """Change some fields of one row and return it."""
        call = self._call("PATCH", table, sys_id, fields=fields, values=values)
        return self._one(table, call)

    def _one(self, table: str, call: Call) -> Record:
        answer = self._send(call)
        row = result_of(answer)
        if not isinstance(row, dict) or not row.get("sys_id"):
            raise unexpected(answer)
        return parse_record(table, row, answer.request_id)

    def _call(
        self,
        method: str,
        table: str,
        sys_id: str = "",
        *,
        fields: Sequence[str],
        values: Mapping[str, str] | None = None,
    ) -> Call:
        url = f"{self.base_url}/api/now/table/{_checked(_TABLE, table)}"
        if sys_id:
            url += f"/{_checked(_SYS_ID, sys_id)}"
        names = ",".join(dict.fromkeys(["sys_id", *fields]))
        params = {**_SHAPE, "sysparm_fields": names}
        return http.Call(method, url, params, json=values and dict(values))

    def _send(self, call: Call, **params: str) -> Answer:
        call = replace(call, params={**call.params, **params})
        if isinstance(self._authority, Basic):
            return self._send_with_password(call, self._authority)
        answer = self._send_with_token(call, self._authority(False))
        if answer.status == 401:
            # Nothing was carried out: a 401 is decided before the request is looked at.
            answer = self._send_with_token(call, self._authority(True))
        return answer

    def _send_with_token(self, call: Call, token: str) -> Answer:
        return self._send_signed(call, f"Bearer {token}", (token,))

    def _send_with_password(self, call: Call, basic: Basic) -> Answer:
        answer = self._send_signed(call, basic.header, basic.secrets)
        if answer.status == 401:
            # Not repeated: wrong passwords lock the user out.
            wants_code = "X-MFA_TOKEN" in answer.headers
            code = "basic_needs_code" if wants_code else "basic_rejected"
            raise Unauthorized(code, answer.evidence(words_of(answer)))
        return answer

    def _send_signed(
        self, call: Call, authorization: str, secrets: tuple[str, ...]
    ) -> Answer:
        headers = {"Authorization": authorization}
        signed = replace(call, headers=headers, secrets=secrets)
        limit = None
        try:
            answer = http.send(self._session, signed, timeout=self._timeout)
            limit = limit_of(answer)
        finally:
            # What was not answered may have been counted over there as well.
            self._meter(limit)
        return answer


def _checked(pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(name):
        message = f"not usable in an address: {name!r}"
        raise ValueError(message)
    return name


def _rows(answer: Answer) -> Iterable[Mapping[str, Any]]:
    rows = result_of(answer)
    if not isinstance(rows, Sequence) or not all(isinstance(row, dict) for row in rows):
        raise unexpected(answer)
    return cast("Iterable[Mapping[str, Any]]", rows)
