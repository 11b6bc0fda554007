"""The sandbox's own page about Entra: applications, secrets, keys, what to copy."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from connector.sandbox import entra, support_prerequisites
from connector.sandbox.controls import TENANT_ID
from connector.sandbox.entra_directory import Application
from connector.sandbox.web import Html, fill
from connector.sandbox.widgets import el, facts, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from connector.sandbox.entra_directory import Directory
    from connector.sandbox.store import Store
    from connector.sandbox.web import Visit

PATH = "/_sandbox/entra"


def respond(store: Store, directory: Directory, visit: Visit) -> Response:
    """Show the page, or do what its forms ask for."""
    if visit.request.method != "POST":
        return _show(store, directory, visit)
    visit.check_token()
    acts: dict[str, Callable[[], object]] = {
        "register": lambda: _register(directory, visit),
        "roll": lambda: directory.roll_over(),
        "forget": lambda: directory.roll_over(forget=True),
        "expire": lambda: _expire(directory, visit),
        "prepare": lambda: support_prerequisites.prepare(
            store, directory, entra.authority(visit.request)
        ),
    }
    try:
        acts.get(visit.form("answer"), lambda: None)()
    except ValueError as error:
        return _show(store, directory, visit, str(error))
    return visit.go(PATH)


def _register(directory: Directory, visit: Visit) -> None:
    name = visit.form("name")
    if not name:
        raise ValueError("A name is mandatory.")
    client_id = visit.form("client_id") or str(uuid4())
    version = 2 if visit.form("version") == "2" else 1
    secret = secrets.token_urlsafe(30)
    directory.register(Application(client_id, secret, name, version))


def _expire(directory: Directory, visit: Visit) -> None:
    """Let a secret be expired, or good again."""
    found = directory.applications().get(visit.form("client_id").lower())
    if found is None:
        raise ValueError("There is no such application.")
    directory.register(replace(found, has_expired=not found.has_expired))


def _show(
    store: Store, directory: Directory, visit: Visit, problem: str = ""
) -> Response:
    known = directory.applications().values()
    heads = ["Name", "Client ID", "Client secret", "Tokens", "Secret"]
    cells = [_cells(one, visit.hidden_token) for one in known]
    prepared = support_prerequisites.told(store)
    content = fill(
        "entra",
        token=visit.hidden_token,
        problem=fill("_problem", text=problem) if problem else Html(""),
        addresses=facts(_addresses(visit)),
        applications=table("Applications", heads, cells),
        keys=", ".join(key.kid for key in directory.published()),
        prepared=facts(prepared) if prepared else Html(""),
    )
    return visit.page("Microsoft Entra ID", content, 422 if problem else 200)


def _addresses(visit: Visit) -> list[tuple[str, str]]:
    authority = entra.authority(visit.request)
    base = f"{authority}/{TENANT_ID}"
    return [
        ("ENTRA_AUTHORITY of the portal", authority),
        ("Directory (tenant) ID", TENANT_ID),
        ("Token URL, version 1", f"{base}/oauth2/token"),
        ("Token URL, version 2", f"{base}/oauth2/v2.0/token"),
        ("Metadata URL", f"{base}/.well-known/openid-configuration"),
    ]


def _cells(one: Application, token: Html) -> list[str]:
    label = "Make it good again" if one.has_expired else "Let it expire"
    button = el("button", label, name="answer", value="expire", class_="small")
    client = el("input", type="hidden", name="client_id", value=one.client_id)
    form = el("form", token, client, button, method="post", action=PATH)
    return [
        one.name or "(no name)",
        one.client_id,
        one.secret,
        f"Version {one.token_version}",
        Html(("Expired " if one.has_expired else "") + form),
    ]
