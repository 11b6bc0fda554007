"""The judged set of recommended solutions: documents of all sources, and queries."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from tickets.support.solutions import index
from tickets.support.solutions.index import Entry

if TYPE_CHECKING:
    from connector.models import Tenant

FOLDER = Path(__file__).parent
SOURCES = {
    "kb": "knowledge_base",
    "mc": "message_center",
    "sh": "service_health",
    "ss": "secure_score",
    "lib": "library",
}
# What every database has to answer, in this order.
ORDERS: dict[str, list[str]] = {
    "new phone, authenticator app gone, can't log in": [
        "mc-authenticator-jailbreak",
        "lib-mfa-reset",
        "kb-intune-wipe",
        "kb-mobile-mail",
        "sh-signin-europe",
    ],
    "OneDrive syncing stuck, red x on the icon": [
        "lib-onedrive-sync",
        "kb-onedrive-kfm",
        "kb-sp-sync-lib",
        "lib-outlook-profile",
        "kb-excel-macros",
    ],
    "customer says link we sent gives access denied": [
        "kb-onedrive-share",
        "lib-external-mail-ndr",
        "kb-shared-mailbox",
        "kb-large-attachment",
        "kb-forwarding-blocked",
    ],
    "accidentally deleted emails, need them back": [
        "kb-mailbox-restore",
        "lib-recover-deleted-mail",
        "kb-teams-restore",
        "kb-mailbox-full",
        "lib-quarantine-release",
    ],
    "NDR 550 5.7.501": ["lib-external-mail-ndr"],
}


def documents() -> list[dict[str, Any]]:
    """Return the documents; `key` begins with their source."""
    found: list[dict[str, Any]] = _read("solutions_documents.toml")["documents"]
    return found


def queries() -> list[dict[str, Any]]:
    """Return the queries with the grades of the documents that answer them."""
    found: list[dict[str, Any]] = _read("solutions_queries.toml")["queries"]
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text())


def fill(tenant: Tenant) -> None:
    """Index all documents."""
    rows = documents()
    for prefix, source in SOURCES.items():
        some = [row for row in rows if row["key"].startswith(f"{prefix}-")]
        index.put(tenant, source, map(_entry, some))


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        key=row["key"],
        title=row["title"],
        text=row["text"],
        keywords=row["keywords"],
        services=row["services"],
        updated_at=timezone.now() - timedelta(days=row.get("age", 10)),
        is_open=row.get("open", False),
    )
