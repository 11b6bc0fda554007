"""What every page's frame needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from connector.messages import explain
from connector.models import Connection
from connector.tokens import SOON
from portal import unsent
from portal.navigation import Item, navigation

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from connector.models import Tenant

# When the warning of an ending authorization becomes a loud one.
_URGENT_DAYS = 3
_AUTHORIZED = {Connection.Status.CONNECTED, Connection.Status.AUTHORIZING}

THEMES = {"light", "dark"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation, the organisation and the connection's banner."""
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
        return navigation(self._request) if self.tenant else []

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
    def connection(self) -> Connection | None:
        return Connection.objects.current(self.tenant) if self.tenant else None

    @cached_property
    def banner(self) -> Banner | None:
        connection = self.connection
        if connection is None or connection.status != Connection.Status.BROKEN:
            return None
        explanation = explain(connection.last_error_code)
        return Banner(
            host=connection.host,
            title=explanation.title,
            repair=explanation.repair,
            words=connection.last_error_words,
            at=connection.last_error_at,
            url=self._repair_url(),
        )

    @cached_property
    def ending(self) -> Ending | None:
        connection = self.connection
        if connection is None or connection.status not in _AUTHORIZED:
            return None
        ends_at = connection.refresh_token_expires_at
        if ends_at is None or not connection.ends_within(SOON):
            return None
        left = ends_at - timezone.now()
        return Ending(
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

    def _repair_url(self) -> str:
        return reverse("connector:provisioning") if self._may_manage else ""
