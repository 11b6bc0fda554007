"""An instance whose app is set up for a stand-in of the connector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import support_app
from connector.sandbox.seed import password_of
from tests.sandbox.support_cases import SECRET
from tests.sandbox.wire import Browser

if TYPE_CHECKING:
    from connector.sandbox.server import Running
    from connector.sandbox.store import Row
    from tests.sandbox.connector_stub import Stub

OUTBOUND = "7595e20f-39a8-4fcb-b865-f64d6663fc5f"
PROFILE = "m365supportintegration_outbound default_profile"


def set_up(
    running: Running, stub: Stub, state: str = "complete", version: str = ""
) -> None:
    """Have the app's set-up as far as `state` says, with an agent who may do all."""
    outbound = {
        "client_id": OUTBOUND,
        "client_secret": SECRET,
        "token_url": stub.token_url(version),
    }
    properties = {
        "connector_url": stub.base,
        "oauth_profile": PROFILE,
        "repository_id": "CONTOSO",
        "setup_state": state,
    }
    wishes = {
        "app": {
            "installed": True,
            "properties": properties,
            "accounts": {"it.agent": ""},
        },
        "outbound": outbound,
        "roles": {"it.agent": ["administrator"], "lee.gu": ["insights_user"]},
    }
    support_app.apply(running.store, wishes)
    running.store.keep_note("support:token", "")


def signed_in(running: Running, user_name: str) -> Browser:
    browser = Browser(running)
    browser.sign_in(user_name, password_of(running.store, user_name))
    return browser


def log_lines(running: Running) -> list[str]:
    sql = "SELECT message FROM syslog ORDER BY rowid"
    return [row["message"] for row in running.store.execute(sql)]


def outbound_rows(running: Running) -> list[Row]:
    sql = "SELECT * FROM sys_outbound_http_log ORDER BY rowid"
    return [dict(row) for row in running.store.execute(sql)]
