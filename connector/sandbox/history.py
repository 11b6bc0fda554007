"""What an instance in use already holds: a few tickets of other people."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from connector.sandbox import people
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    from connector.sandbox.store import Store

_DAY = 86_400
# Days ago, table, then what is entered at first and what was changed later.
_TICKETS: tuple[tuple[float, str, dict[str, str], dict[str, str]], ...] = (
    (
        20,
        "incident",
        {
            "short_description": "Meeting room display shows no picture",
            "category": "hardware",
            "urgency": "2",
            "assignment_group": "Service Desk",
        },
        {
            "state": "6",
            "close_code": "Solution provided",
            "close_notes": "The cable was loose.",
        },
    ),
    (
        14,
        "change_request",
        {
            "short_description": "Renew the certificate of the mail gateway",
            "type": "standard",
            "assignment_group": "Messaging and Collaboration",
        },
        {"state": "-2", "work_notes": "Planned for the next maintenance window."},
    ),
    (
        6,
        "incident",
        {
            "short_description": "Many failed sign-ins of one account",
            "category": "software",
            "impact": "2",
            "urgency": "1",
            "assignment_group": "Identity and Access",
        },
        {"state": "2", "comments": "The owner of the account has been called."},
    ),
    (
        4,
        "change_request",
        {
            "short_description": "Encrypt the disks of the field laptops",
            "assignment_group": "Endpoint Management",
        },
        {"state": "-4"},
    ),
    (
        2,
        "incident",
        {"short_description": "Request for a larger mailbox", "urgency": "3"},
        {},
    ),
    (
        0.5,
        "change_request",
        {
            "short_description": "Close the test network behind the old router",
            "type": "emergency",
            "priority": "2",
        },
        {},
    ),
)


def write(store: Store, user_id: str) -> None:
    """Enter the tickets as this user, at the times they are from."""
    user, clock = people.load(store, user_id), store.clock
    if user is None:
        return
    writer, now = Writer(store, user, as_display=True), clock()
    try:
        for days, table_name, entered, changed in _TICKETS:
            store.clock = partial(_at, now - days * _DAY)
            row = writer.insert(TABLES[table_name], entered)
            if changed:
                writer.update(TABLES[table_name], row, changed)
    finally:
        store.clock = clock


def _at(moment: float) -> float:
    return moment
