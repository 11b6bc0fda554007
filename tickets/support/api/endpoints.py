"""How an operation of the connector API is written: a function that takes a call.

    @endpoint("solutions.search", feature=SOLUTIONS, role="insights_user", methods=["POST"])
    def search(call: ApiCall) -> Reply:
        values = call.read(SearchForm)
        ...
        return Reply({"solutions": found})

It is served by a line of `tickets.support.api.urls`, and described in its package's
`schema.py` (PATHS, SCHEMAS). Whatever cannot be answered is raised as an ApiError.
What an endpoint writes it writes in a transaction of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tickets.support.api import bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest

    from connector.models import Tenant
    from tickets.support.api.bodies import BodyForm
    from tickets.support.models import Repository, SupportIntegration
    from tickets.support.setups import Feature

    Handler = Callable[..., "Reply"]

INSIGHTS_USER, ADMINISTRATOR = "insights_user", "administrator"
# Who may do what a role may do: an administrator may research as well.
HOLDERS = {
    INSIGHTS_USER: {INSIGHTS_USER, ADMINISTRATOR},
    ADMINISTRATOR: {ADMINISTRATOR},
}
# Where a failure means that what somebody typed was not kept.
_SAVING = {"requests.open", "requests.update"}


@dataclass(frozen=True)
class Agent:
    """Who works on the instance, as the instance says it."""

    user_name: str
    email: str
    roles: frozenset[str]

    def has(self, role: str) -> bool:
        """Say whether the agent may do what the role may do."""
        return bool(self.roles & HOLDERS[role])


@dataclass(frozen=True)
class ApiCall:
    """A call whose token, feature and role were checked; `body` is its JSON object."""

    request: HttpRequest
    repository: Repository
    integration: SupportIntegration
    agent: Agent
    body: dict[str, Any]

    @property
    def tenant(self) -> Tenant:
        return self.repository.tenant

    def read(self, form: type[BodyForm]) -> dict[str, Any]:
        """Return the members of the body, checked; raises an ApiError that names others."""
        return bodies.read(form, self.body)

    def read_query(self, form: type[BodyForm]) -> dict[str, Any]:
        """Return the parameters of the address, checked in the same way."""
        return bodies.read(form, self.request.GET.dict())


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers with; without a body the status is 204."""

    body: dict[str, Any] | None = None
    status: int = 200


@dataclass(frozen=True)
class Endpoint:
    """One operation; its handler takes an ApiCall and what the address names."""

    operation: str
    handler: Handler
    methods: tuple[str, ...]
    # None: part of no feature, answered while the set-up is not complete as well.
    feature: Feature | None
    # "" where no role is needed.
    role: str

    @property
    def on_failure(self) -> str:
        """The code of what nobody foresaw."""
        return "save_failed" if self.operation in _SAVING else "unexpected_error"


REGISTRY: dict[str, Endpoint] = {}


def endpoint(
    operation: str,
    *,
    methods: Sequence[str],
    feature: Feature | None = None,
    role: str = "",
) -> Callable[[Handler], Endpoint]:
    """Make a function an endpoint: its name in the log and document, and who may call it."""

    def register(handler: Handler) -> Endpoint:
        made = Endpoint(operation, handler, tuple(methods), feature, role)
        REGISTRY[operation] = made
        return made

    return register
