"""How far mails and notes of a request are, and what can be done about them, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.support.api.error_texts import NOT_SAVED
from tickets.support.service_requests import texts
from tickets.support.service_requests.models import RequestDelivery

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tickets.support.service_requests.models import ServiceRequest

Channel = RequestDelivery.Channel
Status = RequestDelivery.Status
_SOON = timedelta(seconds=60)


@dataclass(frozen=True)
class Progress:
    """What the page says about one delivery that is not done with."""

    delivery: RequestDelivery
    tone: str
    title: str
    text: str
    # Seconds to the next look; 0 when nothing will change by itself.
    refresh: int = 0
    next_at: datetime | None = None
    can_retry: bool = False
    can_discard: bool = False
    words: str = ""
    request_id: str = ""

    @property
    def is_mail(self) -> bool:
        return bool(self.delivery.channel == Channel.MAIL)

    @property
    def words_from(self) -> str:
        """Whose words they are; "" for ServiceNow's."""
        if self.is_mail:
            return _("The mail server's own words:")
        if self.delivery.error_status is None:
            return _("What the network reported:")
        return ""


def of(case: ServiceRequest) -> list[Progress]:
    """Return how far everything is that is not done with, in its order."""
    return [_tell(delivery) for delivery in case.deliveries.unfinished()]


def next_look(ones: Iterable[Progress]) -> int:
    """Return the seconds to the next look at all of them; 0 when nothing will change."""
    return min((one.refresh for one in ones if one.refresh), default=0)


def _tell(delivery: RequestDelivery) -> Progress:
    if delivery.status == Status.STOPPED:
        return _stopped(delivery)
    if delivery.status == Status.WAITING:
        return _waiting(delivery)
    if delivery.status == Status.QUEUED and delivery.error_code:
        return _trying(delivery)
    is_mail = delivery.channel == Channel.MAIL
    title = _("A mail is on its way") if is_mail else _("A note is on its way")
    text = _("This takes a second or two. You may leave this page.")
    return Progress(delivery, "info", title, text, refresh=2)


def _stopped(delivery: RequestDelivery) -> Progress:
    explanation = texts.explain(delivery.error_code)
    title, text = explanation.title, explanation.repair
    if delivery.channel == Channel.NOTE:
        # What the agent's form said in the original, then what it left out.
        title, text = str(NOT_SAVED), f"{explanation.title}. {explanation.repair}"
    return Progress(
        delivery,
        "danger",
        title,
        text,
        can_retry=True,
        can_discard=True,
        words=delivery.error_words,
        request_id=delivery.error_request_id,
    )


def _waiting(delivery: RequestDelivery) -> Progress:
    title = _("A note waits until the repository's sign-in works again")
    text = _("It goes out by itself once the repository is mended.")
    if delivery.error_code:
        explanation = texts.explain(delivery.error_code)
        title, text = explanation.title, explanation.repair
    return Progress(
        delivery,
        "warning",
        title,
        text,
        refresh=15,
        can_retry=True,
        can_discard=True,
        words=delivery.error_words,
        request_id=delivery.error_request_id,
    )


def _trying(delivery: RequestDelivery) -> Progress:
    explanation = texts.explain(delivery.error_code)
    is_soon = delivery.due_at < timezone.now() + _SOON
    return Progress(
        delivery,
        "warning",
        explanation.title,
        explanation.repair,
        refresh=2 if is_soon else 15,
        next_at=delivery.due_at,
        can_retry=not is_soon,
        can_discard=True,
        words=delivery.error_words,
        request_id=delivery.error_request_id,
    )
