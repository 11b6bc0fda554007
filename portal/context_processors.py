"""What every page's frame needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from connector.choosing import address
from connector.messages import explain
from connector.models import Connection
from connector.tokens import SOON
from portal import unsent
from portal.navigation import Item, navigation
from tickets.queries import count_of_new_states

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from connector.models import Tenant

# When the warning of an ending authorization becomes a loud one.
_URGENT_DAYS = 3
_AUTHORIZED = {Connection.Status.CONNECTED, Connection.Status.AUTHORIZING}

THEMES = {"light", "dark"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation, the organisation and the connections' banners."""
    return {"shell": Shell(request)}


@dataclass(frozen=True)
class Banner:
    """What is wrong with the connection and who can mend it where."""

    host: str
    title: str
    repair: str
    words: str
    at: datetime | None
    url: str


@dataclass(frozen=True)
class Ending:
    """That the authorization ends soon, and who can renew it where."""

    connection: Connection
    host: str
    at: datetime
    # Whole days that are left; none are left on the last day.
    days: int
    has_ended: bool
    may_renew: bool

    @property
    def is_urgent(self) -> bool:
        return self.days < _URGENT_DAYS


class Shell:
    """The frame of one page; each part is read when the page shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._user = getattr(request, "user", None)
        self.tenant: Tenant | None = getattr(request, "tenant", None)

    @property
    def theme(self) -> str:
        wanted = self._request.COOKIES.get("theme", "")
        return wanted if wanted in THEMES else ""

    @cached_property
    def tenants(self) -> list[Tenant]:
        return list(self._user.tenants.all()) if self._user and self.tenant else []

    @cached_property
    def navigation(self) -> list[Item]:
        return navigation(self._request, self._news) if self.tenant else []

    @property
    def _news(self) -> dict[str, int]:
        # Each connection carries the count of the whole organisation.
        counts = [getattr(one, "new_states", 0) for one in self.connections]
        return {"tickets:states": max(counts, default=0)}

    @cached_property
    def role(self) -> str:
        groups = self._user.groups.all() if self._user else []
        return ", ".join(group.name for group in groups)

    @property
    def opened_by(self) -> str:
        """For whom a form is opened, should the session end before it is sent."""
        return unsent.owner_of(self._request)

    @property
    def alerts(self) -> int:
        """How many alerts nobody has acknowledged."""
        return getattr(self.tenant, "open_alerts", 0) if self.navigation else 0

    @cached_property
    def connections(self) -> list[Connection]:
        if not self.tenant:
            return []
        # Counted on the way: the frame of every page needs it.
        counted = Connection.objects.annotate(new_states=count_of_new_states())
        return list(counted.of_servicenow(self.tenant).for_show())

    @cached_property
    def banners(self) -> list[Banner]:
        """What is broken, the default first."""
        broken = Connection.Status.BROKEN
        return [self._banner(one) for one in self.connections if one.status == broken]

    def _banner(self, connection: Connection) -> Banner:
        explanation = explain(connection.last_error_code)
        return Banner(
            host=connection.host,
            title=explanation.title,
            repair=explanation.repair,
            words=connection.last_error_words,
            at=connection.last_error_at,
            url=self._repair_url(connection),
        )

    @cached_property
    def endings(self) -> list[Ending]:
        """What ends soon, the soonest first."""
        found = [
            self._ending(connection, ends_at)
            for connection in self.connections
            if connection.status in _AUTHORIZED and connection.ends_within(SOON)
            if (ends_at := connection.refresh_token_expires_at)
        ]
        return sorted(found, key=lambda ending: ending.at)

    def _ending(self, connection: Connection, ends_at: datetime) -> Ending:
        left = ends_at - timezone.now()
        return Ending(
            connection=connection,
            host=connection.host,
            at=ends_at,
            days=max(0, left.days),
            has_ended=left <= timedelta(),
            may_renew=self._may_manage,
        )

    @property
    def _may_manage(self) -> bool:
        user = self._user
        return bool(user and user.has_perm("connector.manage_connection"))

    def _repair_url(self, connection: Connection) -> str:
        if not self._may_manage:
            return ""
        if len(self.connections) > 1:
            return address("connector:provisioning", connection)
        return reverse("connector:provisioning")
