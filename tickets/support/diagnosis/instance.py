"""What only the instance knows: the parts of the app, its properties, two of its logs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import timezone

from connector.exceptions import ConnectorError
from connector.redaction import clean
from connector.servicenow.query import Query
from tickets.support.bench import Unanswerable
from tickets.support.diagnosis.causes_tab import SCRIPT_INCLUDE, UI_ACTION
from tickets.support.guide_parts import APP_SCOPE
from tickets.support.setups import INSIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.servicenow.records import Record
    from tickets.support.bench import Bench

# How far back the logs of the instance are read, and how many rows of them.
_BACK = timedelta(hours=24)
_LOG_ROWS, _HTTP_ROWS = 30, 300
# Of these so many are kept.
_KEPT_LOG, _KEPT_HTTP = 10, 40
# No look is begun later than this, in seconds: logs of busy instances are slow.
_LONGEST = 60.0
# Column names (unverified) of the outbound HTTP log, those of other releases behind.
_HTTP_HOST = ("hostname", "url_hostname")
_HTTP_STATUS = ("response_status", "http_status", "status")
_HTTP_WHERE = ("url", "path", "url_path")
_HTTP_FIELDS = ("sys_created_on", "http_method", *_HTTP_HOST, *_HTTP_STATUS)

Shaped = dict[str, str]


@dataclass(frozen=True)
class Look:
    """One table of the instance, asked once; `key` is a field every row of it has."""

    id: str
    table: str
    query: Callable[[], Query]
    fields: tuple[str, ...]
    key: str
    limit: int = 100
    # Which rows are meant (a condition that was ignored brings others), and how kept.
    shape: Callable[[Record], Shaped | None] = lambda record: {
        name: value.value for name, value in record.values.items()
    }
    kept: int = 100
    # Whether its row is a part of the app that can be missing.
    is_part: bool = False


def _since() -> Any:
    return timezone.now() - _BACK


def _newest() -> Query:
    since = Query().at_least("sys_created_on", _since())
    return since.order_by("sys_created_on", descending=True)


def _named(wanted: str, *fields: str) -> Callable[[Record], Shaped | None]:
    def shape(record: Record) -> Shaped | None:
        if record.value(fields[0]) != wanted:
            return None
        return {name: record.value(name) for name in fields}

    return shape


def _property(record: Record) -> Shaped | None:
    scope, _dot, name = record.value("name").partition(".")
    if scope != APP_SCOPE:
        return None
    return {"name": name, "value": record.value("value")[:500]}


def _view(record: Record) -> Shaped | None:
    if record.value("sys_ui_action.name") not in {UI_ACTION, ""}:
        return None
    title = record.value("sys_ui_view.title") or record.value("sys_ui_view.name")
    return {
        "view": title or "Default view",
        "is_default": "" if record.value("sys_ui_view.name") else "yes",
        "visibility": record.value("visibility"),
    }


def _message(record: Record) -> Shaped | None:
    if record.value("source") != APP_SCOPE:
        return None
    return {
        "at": record.value("sys_created_on"),
        "level": record.display("level") or record.value("level"),
        "message": clean(record.value("message"))[:500],
    }


def _request(record: Record) -> Shaped | None:
    parts = urlsplit(_first(record, _HTTP_WHERE))
    return {
        "at": record.value("sys_created_on"),
        "method": record.value("http_method"),
        "host": _first(record, _HTTP_HOST) or parts.hostname or "",
        "path": parts.path,
        "status": _first(record, _HTTP_STATUS),
    }


def _first(record: Record, names: tuple[str, ...]) -> str:
    return next(filter(None, (record.value(name) for name in names)), "")


LOOKS = (
    Look(
        "app",
        "sys_scope",
        lambda: Query().equals("scope", APP_SCOPE),
        ("scope", "name"),
        "scope",
        shape=_named(APP_SCOPE, "scope", "name"),
        is_part=True,
    ),
    Look(
        "properties",
        "sys_properties",
        lambda: Query().starts_with("name", f"{APP_SCOPE}."),
        ("name", "value"),
        "name",
        shape=_property,
        is_part=True,
    ),
    Look(
        "script",
        "sys_script_include",
        lambda: Query().equals("name", SCRIPT_INCLUDE),
        ("name", "active"),
        "name",
        shape=_named(SCRIPT_INCLUDE, "name", "active"),
        is_part=True,
    ),
    Look(
        "action",
        "sys_ui_action",
        lambda: Query().equals("name", UI_ACTION).equals("table", "incident"),
        ("name", "table", "active"),
        "name",
        shape=_named(UI_ACTION, "name", "table", "active"),
        is_part=True,
    ),
    Look(
        "views",
        "sys_ui_action_view",
        lambda: Query().equals("sys_ui_action.name", UI_ACTION),
        (
            *("visibility", "sys_ui_action.name"),
            *("sys_ui_view.name", "sys_ui_view.title"),
        ),
        "visibility",
        shape=_view,
    ),
    Look(
        "log",
        "syslog",
        lambda: _newest().equals("source", APP_SCOPE),
        ("sys_created_on", "level", "message", "source"),
        "message",
        _LOG_ROWS,
        _message,
        _KEPT_LOG,
    ),
    Look(
        "requests",
        "sys_outbound_http_log",
        _newest,
        (*_HTTP_FIELDS, *_HTTP_WHERE),
        "sys_created_on",
        _HTTP_ROWS,
        _request,
        _KEPT_HTTP,
    ),
)


def look(bench: Bench, hosts: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what each look showed: its rows, or the code of what kept it from looking.

    Of the outbound requests only those to these hosts are kept, without their query.
    """
    ends_at = time.monotonic() + _LONGEST
    for one in LOOKS:
        if time.monotonic() > ends_at:
            yield one.id, {"code": "out_of_time"}
            continue
        yield one.id, _looked(bench, one, hosts)


def _looked(bench: Bench, one: Look, hosts: frozenset[str]) -> dict[str, Any]:
    try:
        found = bench.rows(one.table, one.query(), one.fields, one.key, one.limit)
        if not found and one.is_part and not _sees_any(bench, one):
            return {"code": "hidden", "table": one.table}
    except Unanswerable as reason:
        if reason.code == "nobody_looks" and bench.setup is INSIGHTS:
            return {"code": "insights"}
        return {"code": reason.code, "table": one.table}
    except ConnectorError as error:
        words = error.evidence.words
        return {"code": error.code, "table": one.table, "words": words}
    shaped = [row for row in map(one.shape, found) if row]
    if one.id == "requests":
        # Other integrations of the instance are nobody's business here.
        shaped = [row for row in shaped if row["host"] in hosts]
    return {"rows": shaped[: one.kept]}


def _sees_any(bench: Bench, one: Look) -> bool:
    """Say whether any row of a table shows: only then a row that does not is missing."""
    return bool(bench.rows(one.table, Query(), (one.key,), one.key, 1))


def is_token_request(row: Shaped) -> bool:
    """Say whether a row of the outbound log asks for a token."""
    return "/oauth2/" in row["path"] and row["path"].rstrip("/").endswith("token")
