"""Who may read an instance's knowledge base for the index, and whether anybody may."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector import tokens
from connector.models import Connection
from tickets.support import call_log
from tickets.support.bench import Bench
from tickets.support.models import Repository, SupportIntegration
from tickets.support.setups import INSIGHTS, SOLUTIONS
from tickets.support.solutions import index
from tickets.support.solutions.models import Document, KnowledgeSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from connector.models import Tenant
    from connector.servicenow.client import ServiceNow

PURPOSE = "knowledge"


@dataclass(frozen=True)
class Reader:
    """A way into an instance: under which name, and how; `repository` may be None."""

    name: str
    client: Callable[[], ServiceNow]
    repository: Repository | None = None

    def logged(self) -> AbstractContextManager[None]:
        """Log the calls inside where they are made for a repository."""
        if self.repository is None:
            return nullcontext()
        return call_log.outbound(self.repository, PURPOSE)


def is_allowed(integration: SupportIntegration) -> bool:
    """Say whether the set-up has the feature, and lets the portal call instances."""
    return SOLUTIONS in integration.features and integration.setup is not INSIGHTS


def ensure_sources(tenant: Tenant) -> None:
    """Have a row for each instance the organisation knows, and for no other.

    They begin switched off. Articles of an instance that was removed go with it.
    """
    repositories = Repository.objects.for_tenant(tenant)
    connections = Connection.objects.of_servicenow(tenant)
    known = {
        *repositories.values_list("endpoint", flat=True),
        *connections.values_list("base_url", flat=True),
    }
    mine = KnowledgeSource.objects.for_tenant(tenant)
    for gone in mine.exclude(endpoint__in=known):
        forget_articles(gone)
        gone.delete()
    missing = known - set(mine.values_list("endpoint", flat=True))
    KnowledgeSource.objects.bulk_create(
        [KnowledgeSource(tenant=tenant, endpoint=one) for one in sorted(missing)],
        ignore_conflicts=True,
    )


def forget_articles(source: KnowledgeSource) -> None:
    """Take the articles of an instance out of the index."""
    base = Document.Source.KNOWLEDGE_BASE
    index.keep_only(source.tenant, base, (), origin=source.endpoint)


def readers(source: KnowledgeSource) -> Iterator[Reader]:
    """Return who may read: the Rest user of the repository, then the portal's own user."""
    integration = SupportIntegration.objects.of(source.tenant)
    if not is_allowed(integration):
        return
    repositories = Repository.objects.for_tenant(source.tenant)
    for repository in repositories.filter(endpoint=source.endpoint):
        repository.tenant = source.tenant
        if repository.is_complete_for(integration.setup):
            bench = Bench(repository)
            yield Reader(repository.rest_username, bench.client, repository)
    connections = Connection.objects.of_servicenow(source.tenant).usable()
    for connection in connections.filter(base_url=source.endpoint):
        name = connection.remote_user_name or connection.integration_user
        yield Reader(name, _client_of(connection))


def _client_of(connection: Connection) -> Callable[[], ServiceNow]:
    return lambda: tokens.servicenow(connection)
