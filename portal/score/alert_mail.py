"""Alerts by e-mail: plain, short, once."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.score import alert_texts
from portal.score.alert_models import Alert

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(minutes=10)
# After this the alert is old news; the portal shows that it was not sent.
GIVE_UP_AFTER = timedelta(days=1)


def is_sent_by_mail() -> bool:
    """Say whether a mail server is configured; without one mails become files."""
    return bool(settings.EMAIL_HOST)


def due() -> list[int]:
    """Return the keys of the alerts whose mail is to go out now."""
    fresh = Alert.objects.filter(raised_at__gt=timezone.now() - GIVE_UP_AFTER)
    return list(fresh.to_mail().values_list("pk", flat=True))


def send(alert: Alert) -> None:
    """Send one alert, unless it is sent or somebody else is at it."""
    later = timezone.now() + RETRY_AFTER
    mine = Alert.objects.to_mail().filter(pk=alert.pk)
    if not mine.update(mail_due_at=later):
        return
    try:
        message(alert).send()
    except OSError as error:
        # SMTP's errors are OSErrors as well.
        logger.warning("alert %s not mailed: %s", alert.pk, type(error).__name__)
        Alert.objects.filter(pk=alert.pk).update(mail_error=str(error)[:300])
    else:
        Alert.objects.filter(pk=alert.pk).update(
            mailed_at=timezone.now(), mail_error=""
        )


def message(alert: Alert) -> EmailMessage:
    """Return the mail of one alert."""
    headline = alert_texts.headline(alert)
    return EmailMessage(
        subject=f"{alert.tenant.name}: {headline}",
        body=_body(alert, headline),
        to=alert.recipients.split(),
    )


def _body(alert: Alert, headline: str) -> str:
    lines = [f"{headline}.", "", *alert_texts.details(alert)]
    if names := alert_texts.actions(alert):
        lines += ["", _("Regressed:"), *(f"- {name}" for name in names)]
    lines += [
        "",
        _("Organization: %(name)s") % {"name": alert.tenant.name},
        _("Rule: %(rule)s") % {"rule": alert_texts.rule(alert.kind, alert.value)},
        settings.SITE_URL + reverse("score:alerts"),
    ]
    return "\n".join(lines)
