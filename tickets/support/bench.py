"""What the live checks work with: tokens and clients of one repository, each made once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings

from connector import addresses, probes, tokens
from connector.entra import claims, metadata
from connector.exceptions import ConnectorError, Unauthorized
from connector.models import Connection
from connector.servicenow.oauth import OAuthClient, password_grant
from tickets.support import clients
from tickets.support.models import SupportIntegration
from tickets.support.setups import AAD, BASIC

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.entra.claims import Claims
    from connector.entra.metadata import Metadata
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.query import Query
    from connector.servicenow.records import Page, Record
    from tickets.support.models import Repository
    from tickets.support.setups import Setup

Answer = TypeVar("Answer")
_MOST_ROWS = 1000


class Unanswerable(Exception):
    """The check cannot be made now; `code` says why, `facts` fill its text."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Bench:
    """One repository on the bench: whatever is asked is asked at most once.

    A wrong password is therefore tried once, and does not lock the user out.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.integration = SupportIntegration.objects.of(repository.tenant)

    @property
    def setup(self) -> Setup | None:
        return self.integration.setup

    def directory(self) -> str:
        """Return the directory; raises Unanswerable where nobody entered it."""
        if not self.integration.directory:
            raise Unanswerable("missing_directory")
        return self.integration.directory

    def outbound_app(self) -> str:
        """Return the Outbound App ID; raises Unanswerable where nobody entered it."""
        if not self.integration.outbound_app_id:
            raise Unanswerable("missing_outbound_app")
        return str(self.integration.outbound_app_id)

    def complete(self) -> Repository:
        """Return the repository; raises Unanswerable while values of it are missing."""
        if not self.repository.is_complete_for(self.setup):
            raise Unanswerable("missing_values")
        return self.repository

    def outbound_token(self) -> str:
        """Have Entra give the outbound application a token for itself."""
        directory, app_id = self.directory(), self.outbound_app()
        if not self.integration.outbound_secret:
            raise Unanswerable("missing_outbound_secret")
        secret = self.integration.outbound_secret
        return clients.application_token(directory, app_id, secret)

    def metadata(self, version: int = 1) -> Metadata:
        """Return what the directory publishes."""
        return _given(self._metadata if version == 1 else self._metadata_of_2)

    def token(self) -> str:
        """Return a token of the REST user's application for the inbound audience."""
        return _given(self._token)

    def claims(self) -> Claims | None:
        """Return what that token says, or None when it is not to be read."""
        return claims.read(self.token())

    def owner(self) -> Record | None:
        """Sign in to the instance as the Rest user and ask who that is."""
        return _given(self._owner)

    def inbound_token(self) -> None:
        """Have the instance give the inbound client a token for the Rest user."""
        repository = self.complete()
        client = OAuthClient(
            repository.endpoint,
            repository.client_id,
            repository.client_secret,
            private_ok=addresses.is_sandbox(repository.endpoint),
            timeout=clients.timeout(),
        )
        password_grant(
            client,
            user_name=repository.rest_username,
            password=repository.rest_password,
        )

    def client(self) -> ServiceNow:
        """Return the instance as the Rest user; raises Unanswerable without its values."""
        self.complete()
        return self._client

    def rows(
        self,
        table: str,
        query: Query,
        fields: Sequence[str],
        key: str,
        limit: int = _MOST_ROWS,
    ) -> list[Record]:
        """Return rows of the instance, by whoever may see them.

        Rows without the field `key` are left out: the instance did not understand.
        Raises Unanswerable where nobody may look or rows are hidden.
        """
        outcomes: list[list[Record] | Exception] = []
        for client in self._readers():
            found = self._try_to_look(
                lambda of=client: of.list(table, query, fields=fields, limit=limit),  # type: ignore[misc]
                table,
                key,
            )
            if isinstance(found, list) and found:
                return found
            outcomes.append(found)
        return _least_bad(outcomes, table)

    def _try_to_look(
        self, look: Callable[[], Page], table: str, key: str
    ) -> list[Record] | Exception:
        try:
            page = look()
        except ConnectorError as error:
            return error
        seen = [record for record in page.records if record.value(key)]
        if not seen and (page.is_hidden or page.records):
            return Unanswerable("hidden", table=table)
        return seen

    def _readers(self) -> list[ServiceNow]:
        """Return who may look: the Rest user if it gets in, and the portal itself."""
        readers = []
        is_inside = self.setup in (BASIC, AAD) and not isinstance(
            self._owner, Exception
        )
        if is_inside:
            readers.append(self._client)
        connection = self.connection
        if connection and connection.is_connected:
            readers.append(tokens.servicenow(connection))
        if not readers:
            raise Unanswerable("nobody_looks")
        return readers

    @cached_property
    def connection(self) -> Connection | None:
        """The portal's own connection to this instance, made for the tickets."""
        mine = Connection.objects.of_servicenow(self.repository.tenant)
        connection: Connection | None = mine.filter(
            base_url=self.repository.endpoint
        ).first()
        return connection

    @cached_property
    def _metadata(self) -> Metadata | Exception:
        return _attempt(lambda: self._fetch(1))

    @cached_property
    def _metadata_of_2(self) -> Metadata | Exception:
        return _attempt(lambda: self._fetch(2))

    def _fetch(self, version: int) -> Metadata:
        url = metadata.address(settings.ENTRA_AUTHORITY, self.directory(), version)
        return metadata.fetch(url, timeout=clients.timeout())

    @cached_property
    def _token(self) -> str | Exception:
        return _attempt(self._ask_token)

    def _ask_token(self) -> str:
        self.directory()
        return clients.entra_token(self.complete())

    @cached_property
    def _owner(self) -> Record | Exception | None:
        return _attempt(self._ask_owner)

    def _ask_owner(self) -> Record | None:
        self.complete()
        if self.setup is AAD and isinstance(self._token, Exception):
            raise Unanswerable("no_token")
        return probes.identify(self._client)

    @cached_property
    def _client(self) -> ServiceNow:
        return clients.servicenow(self.repository, self.setup, self.token)


def _attempt(ask: Callable[[], Answer]) -> Answer | Exception:
    try:
        return ask()
    except (ConnectorError, Unanswerable) as error:
        return error


def _given(outcome: Answer | Exception) -> Answer:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _least_bad(outcomes: list[list[Record] | Exception], table: str) -> list[Record]:
    """Return the empty list if it is sure, else raise what kept everybody from looking."""
    if any(isinstance(one, list) for one in outcomes):
        return []
    errors = [one for one in outcomes if isinstance(one, ConnectorError)]
    # A token that failed is a check of its own.
    refusals = [one for one in errors if not isinstance(one, Unauthorized)]
    raise refusals[0] if refusals else Unanswerable("hidden", table=table)
