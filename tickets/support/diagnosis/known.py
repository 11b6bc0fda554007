"""What the portal knows of a repository when it draws its verdicts: everything once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from connector.entra_models import SigningKeys
from tickets.support.api.addresses import connector_url
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis.history import History
from tickets.support.diagnosis.sight import Sight
from tickets.support.guide_parts import Facts
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests.models import RequestDelivery

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.support.diagnosis.models import DiagnosisRun
    from tickets.support.models import RepositoryCheck, SetupStep, SupportUser
    from tickets.support.setups import Setup

# Older ones say nothing about now.
_NOTES = 100


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
        return connector_url(self.repository)

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
        return {connector_url(one): one for one in rows.exclude(pk=self.repository.pk)}

    @cached_property
    def strayed(self) -> ConnectorCall | None:
        """The newest call for a repository that does not exist, from where calls come.

        Its address says whose it is: an organisation's calls come from the same ones.
        """
        inbound = ConnectorCall.objects.filter(
            direction=ConnectorCall.Direction.INBOUND
        )
        mine = inbound.filter(tenant=self.repository.tenant)
        last = self.history.last
        rows = inbound.filter(
            repository=None,
            tenant=None,
            code="repository_unknown",
            ip_address__in=mine.exclude(ip_address=None)
            .order_by()
            .values("ip_address")
            .distinct(),
        )
        return (rows.filter(at__gt=last) if last else rows).first()

    @cached_property
    def signing(self) -> SigningKeys | None:
        """What the portal has of the directory's signing keys."""
        return SigningKeys.objects.filter(
            directory=self.integration.directory.strip().lower(),
            authority=settings.ENTRA_AUTHORITY,
        ).first()

    @cached_property
    def notes(self) -> list[RequestDelivery]:
        """What is to be written into incidents, or was lately, newest first."""
        mine = RequestDelivery.objects.of_repository(self.repository)
        notes = mine.filter(channel=RequestDelivery.Channel.NOTE)
        return list(notes.select_related("request").order_by("-pk")[:_NOTES])

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
