"""What a connection's pages say about tickets that could be taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.choosing import address
from connector.hints import Hint
from tickets.adoption import deciding
from tickets.adoption.comparing import Verdict
from tickets.adoption.models import Adoption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.models import Connection


def hints(connection: Connection) -> list[Hint]:
    """Return what is to be decided about the connection's tickets, and where."""
    under_way = Adoption.objects.unfinished().filter(
        Q(source=connection) | Q(target=connection)
    )
    decisions = [_decision(adoption) for adoption in under_way.select_related()]
    return decisions or [_offer(connection, one) for one in _left_for(connection)]


def _decision(adoption: Adoption) -> Hint:
    words = {"old": adoption.source.host, "new": adoption.target.host}
    return Hint(
        title=_("The tickets of %(old)s are to be taken over by %(new)s") % words,
        text=_("Until that is decided, everything stays as it is. Now: %(status)s.")
        % {"status": adoption.get_status_display()},
        url=reverse("tickets:adoption", args=[adoption.pk]),
        action=_("See what differs"),
    )


def _left_for(connection: Connection) -> Iterable[Connection]:
    """Return connections that were removed before this one was made.

    Their tickets may be at this instance.
    """
    if not (connection.is_settled and connection.is_connected):
        return []
    decided = dict(_decided(connection))
    return [
        one
        for one in deciding.left_behind(connection.tenant)
        if one.removed_at
        and one.removed_at <= connection.created_at
        and one.left > decided.get(one.pk, 0)  # type: ignore[attr-defined]
    ]


def _decided(connection: Connection) -> Iterable[tuple[int, float]]:
    """Return how many tickets of each source are known to stay where they are."""
    past = Adoption.objects.filter(target=connection).exclude(finished_at=None)
    for adoption in past.order_by("finished_at"):
        is_over = adoption.status == Adoption.Status.DISCARDED
        foreign = adoption.counts.get(Verdict.FOREIGN, 0)
        yield adoption.source_id, float("inf") if is_over else foreign


def _offer(connection: Connection, removed: Connection) -> Hint:
    count: int = removed.left  # type: ignore[attr-defined]
    text = ngettext(
        "%(count)s ticket can only be read. Did that instance move to this address? Then it can be found here and followed again.",
        "%(count)s tickets can only be read. Did that instance move to this address? Then they can be found here and followed again.",
        count,
    )
    title = _("The connection to %(host)s was removed, its tickets are kept")
    return Hint(
        title=title % {"host": removed.host},
        text=text % {"count": count},
        url=f"{address('tickets:reprovision', connection)}#left-behind",
        action=_("Take its tickets over"),
    )
