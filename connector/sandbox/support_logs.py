"""What an application writes down of itself: the system log and the outbound HTTP log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.sandbox import records
from connector.sandbox.support_settings import SCOPE

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Store

ERROR = "2"


def error(store: Store, user: User, message: str) -> None:
    """Write a line into the system log; it must have no secrets in it."""
    records.insert(
        store,
        "syslog",
        level=ERROR,
        message=message[:8000],
        source=SCOPE,
        sys_created_by=user.user_name,
    )


def outbound(
    store: Store, user: User, method: str, url: str, figures: dict[str, int]
) -> None:
    """Write down one request that left the instance: never its query, headers or body."""
    parts = urlsplit(url)
    records.insert(
        store,
        "sys_outbound_http_log",
        http_method=method,
        scheme=parts.scheme,
        hostname=parts.hostname or "",
        path=parts.path,
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        app_scope=SCOPE,
        user=user.user_name,
        sys_created_by=user.user_name,
        **{name: str(value) for name, value in figures.items()},
    )
