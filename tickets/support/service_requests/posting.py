"""Sending one mail through Django's mail settings, and what a failure means."""

from __future__ import annotations

import logging
import smtplib
import ssl
from typing import TYPE_CHECKING

from django.core.mail import get_connection

from connector.exceptions import Evidence, Refused, Unavailable
from connector.redaction import clean
from tickets.support.service_requests import mails

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

    from connector.exceptions import ConnectorError
    from tickets.support.service_requests.models import RequestDelivery

logger = logging.getLogger(__name__)

_HOUR = 3600.0
# At and above this the server will say the same next time (RFC 5321, 4.2.1).
_FOR_GOOD = 500


def post(delivery: RequestDelivery) -> None:
    """Send the mail; raises `Refused` with the server's own words, or `Unavailable`.

    SMTP cannot promise "once": when the connection ends between the last line of the
    mail and the server's 250, nobody knows whether it was taken, and no command asks.
    Such a mail is sent again, since a lost request is worse than a second copy; both
    carry the same Message-ID, by which mail servers and readers know a copy. What the
    server has acknowledged is never sent again, whatever happens afterwards.
    """
    mail = mails.message(delivery)
    if not mail.to[0]:
        raise Refused("no_support_address")
    connection = get_connection()
    try:
        connection.open()
        connection.send_messages([mail])
    except (OSError, smtplib.SMTPException) as error:
        raise meaning_of(error) from error
    finally:
        _close(connection)
    logger.info("mailed request delivery %s", delivery.pk)


def _close(connection: BaseEmailBackend) -> None:
    """Say goodbye; an acknowledged mail is sent, however that ends."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        logger.info("the mail server ended badly: %s", type(error).__name__)


def meaning_of(error: Exception) -> ConnectorError:
    """Return what happens next after an error of the mail server or the way to it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, words), *_others] = error.recipients.values()
        return _answered(code, words)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        # For all mails alike: mended in the environment, asked again by the hour.
        evidence = _evidence(error.smtp_code, error.smtp_error)
        return Unavailable("mail_sign_in", evidence, retry_after=_HOUR)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLError):
        evidence = Evidence(words=clean(str(error)))
        return Unavailable("mail_not_supported", evidence, retry_after=_HOUR)
    evidence = Evidence(words=clean(str(error) or type(error).__name__))
    return Unavailable("mail_unreachable", evidence, committed="maybe")


def _answered(code: int, words: bytes | str) -> ConnectorError:
    evidence = _evidence(code, words)
    if code >= _FOR_GOOD:
        return Refused("mail_refused", evidence)
    return Unavailable("mail_delayed", evidence)


def _evidence(code: int, words: bytes | str) -> Evidence:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return Evidence(words=clean(f"{code} {text}"), status=code)
