"""What tickets do when a connection changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from connector import signals
from tickets import outbox, states
from tickets.waking import look_again, wake

if TYPE_CHECKING:
    from connector.models import Connection


@receiver([signals.authorized, signals.mended], dispatch_uid="tickets.release")
def release(connection: Connection, **_: Any) -> None:
    """Send what waited, and fetch what changed meanwhile."""
    outbox.release(connection)
    look_again(connection)


@receiver(signals.authorized, dispatch_uid="tickets.import_states")
def import_states(connection: Connection, **_: Any) -> None:
    """Have the state names ready before the first ticket is."""
    states.add_defaults(connection)
    wake("import_states", connection.pk)
