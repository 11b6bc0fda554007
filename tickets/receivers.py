"""What tickets do when a connection changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from connector import signals
from tickets import outbox, states, sync
from tickets.adoption import deciding, offering
from tickets.adoption.models import Adoption
from tickets.waking import look_again, wake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.hints import Hint
    from connector.models import Connection


@receiver([signals.authorized, signals.mended], dispatch_uid="tickets.release")
def release(connection: Connection, **_: Any) -> None:
    """Send what waited, and fetch what changed meanwhile."""
    outbox.release(connection)
    look_again(connection)
    for adoption in Adoption.objects.unfinished().filter(target=connection):
        wake("adopt", adoption.pk)


@receiver(signals.authorized, dispatch_uid="tickets.import_states")
def import_states(connection: Connection, **_: Any) -> None:
    """Have the state names ready before the first ticket is."""
    states.add_defaults(connection)
    wake("import_states", connection.pk)


@receiver(signals.removed, dispatch_uid="tickets.rest")
def rest(connection: Connection, **_: Any) -> None:
    """Keep what is to be sent, and look at everything anew should it come back."""
    outbox.park(connection)
    sync.start_over(connection)
    deciding.forsake(connection)


@receiver(signals.shown, dispatch_uid="tickets.offer")
def offer(connection: Connection, **_: Any) -> Sequence[Hint]:
    """Say what is to be decided about the connection's tickets."""
    return offering.hints(connection)
