"""Checking a field mapping with ServiceNow: asked for on a page, done by a worker."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connector import connections, tokens
from connector.exceptions import ConnectorError, Unauthorized
from tickets import columns, references
from tickets.instance_models import InstanceProfile
from tickets.waking import wake

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

# After this the page says that the worker may be the reason, and stops asking.
_SLOW_AFTER = timedelta(seconds=20)
_PATIENCE = timedelta(seconds=90)
# What was asked so lately is not asked again by a second press of the button.
_FRESH = timedelta(seconds=60)


def ask(profile: InstanceProfile, elements: Iterable[str]) -> None:
    """Have a worker look for these columns and for every name that was typed."""
    columns.ask(profile, elements)
    profile.refresh_from_db(fields=["asked_at"])
    wake("check_mapping", profile.pk)


def is_pending(profile: InstanceProfile) -> bool:
    """Say whether an answer may still come."""
    asked, answered = profile.asked_at, profile.answered_at
    if asked is None or (answered is not None and answered >= asked):
        return False
    return timezone.now() - asked < _PATIENCE


def is_slow(profile: InstanceProfile) -> bool:
    """Say whether the answer takes longer than it should."""
    asked: Any = profile.asked_at
    return is_pending(profile) and timezone.now() - asked > _SLOW_AFTER


def is_fresh(profile: InstanceProfile, elements: Iterable[str]) -> bool:
    """Say whether these columns were asked for a moment ago, and all is told."""
    asked = profile.asked_at
    if asked is None or timezone.now() - asked > _FRESH:
        return False
    return set(elements) <= set(columns.known(profile.connection, profile.kind))


def run(profile: InstanceProfile) -> None:
    """Ask the instance, and write down what it says or what kept it from that."""
    started_at = timezone.now()
    values: dict[str, Any] = {"error_code": "", "error_words": ""}
    try:
        _ask_all(profile)
    except ConnectorError as error:
        logger.warning("field mapping %s: %s", profile.pk, error)
        values = {"error_code": error.code, "error_words": error.evidence.words}
        if isinstance(error, Unauthorized):
            connections.report_failure(profile.connection, error)
    else:
        values["knows_columns"] = profile.knows_columns
        values["knows_choices"] = profile.knows_choices
    row = InstanceProfile.objects.filter(pk=profile.pk)
    row.update(answered_at=started_at, **values)
    note_types(profile)


def _ask_all(profile: InstanceProfile) -> None:
    connection = profile.connection
    if not connection.is_connected:
        raise Unauthorized(connection.last_error_code or "not_authorized")
    client = tokens.servicenow(connection)
    columns.learn(profile, client)
    references.resolve(profile, client)


def note_types(profile: InstanceProfile) -> None:
    """Note whether the due date's column is known to be one of days."""
    known = columns.known(profile.connection, profile.kind)
    is_day = columns.is_day(profile.columns, known)
    row = InstanceProfile.objects.filter(pk=profile.pk, columns=profile.columns)
    row.update(due_is_day=is_day)
