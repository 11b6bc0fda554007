"""What the portal knows of a repository when it draws its verdicts: everything once."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis.history import History
from tickets.support.diagnosis.sight import Sight
from tickets.support.guide_parts import Facts
from tickets.support.models import Repository, SupportIntegration

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.support.diagnosis.models import DiagnosisRun
    from tickets.support.models import RepositoryCheck, SetupStep, SupportUser
    from tickets.support.setups import Setup

# Only what was written lately says something about now.
_LATELY = timedelta(days=7)


def base_url(repository: Repository) -> str:
    """Return the address of the connector API that the app of a repository calls."""
    path = f"/api/support/v1/repositories/{repository.connector_key}"
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def hosts() -> frozenset[str]:
    """Return the hosts the app calls: the sign-in of Microsoft, and this portal."""
    found = (urlsplit(one).hostname for one in _addresses())
    return frozenset(host for host in found if host)


def _addresses() -> tuple[str, str]:
    return settings.ENTRA_AUTHORITY, settings.SITE_URL


class Known:
    """Settings, guide, checks, people, calls, and what the instance showed."""

    def __init__(self, repository: Repository, run: DiagnosisRun | None) -> None:
        self.repository = repository
        self.integration = SupportIntegration.objects.of(repository.tenant)
        self.history = History(repository)
        self.sight = Sight(run)

    @property
    def setup(self) -> Setup | None:
        return self.integration.setup

    @property
    def base_url(self) -> str:
        return base_url(self.repository)

    @cached_property
    def checks(self) -> dict[str, RepositoryCheck]:
        """The live checks of the guide that were made, by their ids."""
        rows = self.repository.checks.exclude(checked_at=None)
        return {row.check_id: row for row in rows}

    @cached_property
    def steps(self) -> dict[str, SetupStep]:
        return {row.step_id: row for row in self.repository.steps.all()}

    @cached_property
    def people(self) -> dict[str, SupportUser]:
        """The users with a role or a linked account, by their names."""
        return {row.user_name: row for row in self.repository.users.all()}

    @cached_property
    def others(self) -> dict[str, Repository]:
        """The organisation's other repositories, by the address of their API."""
        rows = Repository.objects.for_tenant(self.repository.tenant)
        return {base_url(one): one for one in rows.exclude(pk=self.repository.pk)}

    @cached_property
    def writes(self) -> list[ConnectorCall]:
        """What the portal wrote into the instance lately, or tried to, newest first."""
        rows = ConnectorCall.objects.filter(
            repository=self.repository,
            direction=ConnectorCall.Direction.OUTBOUND,
            at__gte=timezone.now() - _LATELY,
            method__in=["POST", "PUT", "PATCH"],
            address__contains="/api/",
        )
        return list(rows.exclude(purpose__startswith="check ")[:50])

    @cached_property
    def texts(self) -> dict[str, str]:
        """The values that the texts of the causes name."""
        facts = Facts.of(self.integration, self.repository)
        return {
            "base_url": self.base_url,
            "portal_host": urlsplit(settings.SITE_URL).netloc,
            "login_host": urlsplit(settings.ENTRA_AUTHORITY).netloc,
            "directory": facts.directory or "-",
            "token_url": facts.token_url or "-",
            "outbound_app": facts.outbound_app_id or "-",
            "oauth_profile": f"{facts.name('outbound')} default_profile",
            "rest_username": facts.rest_username or "-",
            "endpoint": self.repository.endpoint,
            "repository": self.repository.repository_id,
        }

    def called_since(self, moment: datetime | None) -> datetime | None:
        """Return when the last call came, if that was after this moment."""
        last = self.history.last
        return last if last and (moment is None or last > moment) else None
