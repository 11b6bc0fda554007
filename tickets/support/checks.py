"""All live checks, and how they are made one after the other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from connector.exceptions import ConnectorError
from tickets.support import (
    call_log,
    entra_checks,
    instance_checks,
    registry_checks,
    verdicts,
)
from tickets.support.bench import Bench, Unanswerable
from tickets.support.service_requests import deliveries
from tickets.support.verdicts import FAILED, OK, UNKNOWN, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tickets.support.models import Repository

logger = logging.getLogger(__name__)


def settings(bench: Bench) -> Verdict:
    """See whether everything the set-up needs was entered here."""
    integration = bench.integration
    missing = [
        name
        for name, is_there in (
            ("directory", integration.directory),
            ("outbound_app", integration.outbound_app_id),
            ("repository", bench.repository.is_complete_for(bench.setup)),
            ("admin_email", integration.admin_email),
        )
        if not is_there
    ]
    if missing:
        return Verdict("settings", FAILED, f"no_{missing[0]}")
    return Verdict("settings", OK, "complete")


CHECKS: dict[str, Callable[[Bench], Verdict]] = {
    "metadata": entra_checks.metadata,
    "outbound_token": entra_checks.outbound_token,
    "rest_token": entra_checks.rest_token,
    "settings": settings,
    "sign_in": instance_checks.sign_in,
    "integration_user": instance_checks.integration_user,
    "user_id": instance_checks.user_id,
    "cross_scope": instance_checks.cross_scope,
    "roles": instance_checks.roles,
    "outbound_entity": registry_checks.outbound_entity,
    "oauth_profile": registry_checks.oauth_profile,
    "inbound_entity": registry_checks.inbound_entity,
    "oidc_entity": registry_checks.oidc_entity,
    "inbound_token": instance_checks.inbound_token,
}


def run(
    repository: Repository, check_ids: Iterable[str], bench: Bench | None = None
) -> None:
    """Make these checks and keep each answer as soon as it is there."""
    bench = bench or Bench(repository)
    for check_id in check_ids:
        with call_log.outbound(repository, f"check {check_id}"):
            verdict = _make(check_id, bench)
        verdicts.keep(repository, verdict)
        if (check_id, verdict.verdict) == ("sign_in", OK):
            deliveries.release(repository)
        logger.info(
            "checked repository %s: %s %s %s",
            repository.pk,
            check_id,
            verdict.verdict,
            verdict.code,
        )


def _make(check_id: str, bench: Bench) -> Verdict:
    try:
        return CHECKS[check_id](bench)
    except Unanswerable as reason:
        return Verdict(check_id, UNKNOWN, reason.code, reason.facts)
    except ConnectorError as error:
        return verdicts.of_error(check_id, error)
