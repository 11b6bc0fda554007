"""The Attachment API: files at records."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from connector.sandbox import acl, answers, tables
from connector.sandbox.answers import Refusal
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    import re

    from werkzeug.wrappers import Request

    from connector.sandbox.api import Api
    from connector.sandbox.people import User
    from connector.sandbox.store import Row

_TABLE = TABLES["sys_attachment"]
_LIMIT = 1000
_NEEDED = ("table_name", "table_sys_id", "file_name")


def answer(api: Api, request: Request, user: User, match: re.Match[str]) -> Response:
    """Answer under /attachment."""
    version, first, rest = match.groups()
    call = api.call(request, user, "sys_attachment", version or "")
    method = "GET" if request.method == "HEAD" else request.method
    if first is None and method == "GET":
        return _list(call)
    if first == "file" and rest is None and method == "POST":
        return _upload(call, request.args.to_dict(), request.get_data())
    if first == "upload" and rest is None and method == "POST":
        return _form(call)
    if first and rest in {None, "file"} and method in {"GET", "DELETE"}:
        return _one(call, method, first, rest)
    raise answers.not_allowed(request.method)


def _list(call: tables.Call) -> Response:
    rows, sql, limit, offset = tables.found(call, _LIMIT)
    response = answers.json_response({"result": [_shown(call, row) for row in rows]})
    tables.add_count(call, response, sql, limit, offset)
    return response


def _one(call: tables.Call, method: str, sys_id: str, rest: str | None) -> Response:
    if method == "DELETE":
        return tables.answer(call, sys_id)
    row = tables.row_of(call, sys_id)
    if rest is None:
        return answers.json_response({"result": _shown(call, row)})
    [content] = call.store.execute("SELECT content FROM _file WHERE id = ?", [sys_id])
    response = Response(content["content"])
    response.headers["Content-Type"] = row["content_type"]
    response.headers["X-Attachment-Metadata"] = json.dumps(_shown(call, row))
    return response


def _form(call: tables.Call) -> Response:
    """Take a file from a multipart form."""
    request = call.request
    file = next(iter(request.files.values()), None)
    if file is None:
        raise Refusal(400, "Missing file in multipart form", "")
    given = {name: str(value) for name, value in request.form.items()}
    given.setdefault("file_name", file.filename or "")
    content = file.read()
    request.close()
    return _upload(call, given, content, file.mimetype)


def _upload(
    call: tables.Call, given: dict[str, Any], content: bytes, kind: str = ""
) -> Response:
    missing = [name for name in _NEEDED if not given.get(name)]
    if missing:
        raise Refusal(400, f"Missing parameter: {', '.join(missing)}", "")
    _check_record(call, given)
    values = {name: given[name] for name in _NEEDED}
    values |= {
        "content_type": kind or call.request.mimetype or "application/octet-stream",
        "size_bytes": str(len(content)),
        "size_compressed": str(len(content)),
        "hash": hashlib.sha256(content).hexdigest(),
        "encryption_context": given.get("encryption_context", ""),
    }
    with call.store.transaction():
        row = Writer(call.store, call.user).insert(_TABLE, values)
        sql = "INSERT INTO _file VALUES (?, ?)"
        call.store.execute(sql, [row["sys_id"], content])
    response = answers.json_response({"result": _shown(call, row)}, 201)
    response.headers["Location"] = _link(call, row)
    return response


def _check_record(call: tables.Call, given: dict[str, Any]) -> None:
    """Refuse a file for a record that is not there or may not be written."""
    table = TABLES.get(given["table_name"])
    if table is None:
        raise Refusal(400, f"Invalid table {given['table_name']}")
    row = call.store.get(table, given["table_sys_id"])
    if row is None or not acl.may_see(call.user, table, row):
        raise answers.not_found()
    if not acl.may_write(call.user, table):
        raise answers.security_constraints("Insert")


def _shown(call: tables.Call, row: Row) -> Row:
    return {name: row[name] for name in _TABLE.fields} | {
        "download_link": _link(call, row)
    }


def _link(call: tables.Call, row: Row) -> str:
    base = call.base_url.removesuffix("table")
    return f"{base}attachment/{row['sys_id']}/file"
