"""Who may call what: every address of the portal, for everybody in the cast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.score import exporting
from portal.score.list_models import Export, SavedView
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.models import Tenant

ROLES = ("admin", "operator", "reader", "helpdesk", "support")
EVERYBODY = set(ROLES)
SHARES = {"admin", "operator"}
ADMIN = {"admin"}
LOOKS = {"admin", "operator", "reader"}
NAMES = {"admin", "helpdesk"}

# method, address, arguments, query, who may.
MATRIX: list[tuple[str, str, list[str], dict[str, str], set[str]]] = [
    ("get", "portal:home", [], {}, EVERYBODY),
    ("get", "portal:audit", [], {}, ADMIN),
    ("post", "portal:switch_tenant", [], {"tenant": "TENANT"}, EVERYBODY),
    ("get", "connector:provisioning", [], {}, LOOKS),
    ("post", "connector:provisioning", [], {}, ADMIN),
    ("get", "connector:setup", [], {}, ADMIN),
    ("post", "connector:setup", [], {}, ADMIN),
    ("get", "connector:setup_status", [], {}, LOOKS),
    ("post", "connector:authorize", [], {}, ADMIN),
    ("get", "connector:configuration", [], {}, LOOKS | NAMES),
    ("post", "connector:check", [], {}, ADMIN),
    ("get", "connector:remove", [], {}, ADMIN),
    ("post", "connector:remove", [], {}, ADMIN),
    ("get", "tickets:list", [], {}, EVERYBODY),
    ("get", "tickets:new", [], {"kind": "incident"}, SHARES),
    ("post", "tickets:new", [], {}, SHARES),
    ("get", "tickets:detail", ["TICKET"], {}, EVERYBODY),
    ("get", "tickets:reference", ["REFERENCE"], {}, EVERYBODY),
    ("get", "tickets:progress", ["TICKET"], {}, EVERYBODY),
    ("post", "tickets:retry", ["TICKET"], {}, SHARES),
    ("post", "tickets:sync", [], {}, EVERYBODY),
    ("get", "tickets:states", [], {}, NAMES),
    ("post", "tickets:rename_state", ["STATE"], {"label": "Fresh"}, NAMES),
    ("post", "tickets:reset_state", ["STATE"], {}, NAMES),
    ("get", "score:overview", [], {}, EVERYBODY),
    ("get", "score:actions", [], {}, EVERYBODY),
    ("get", "score:action", ["CONTROL"], {}, EVERYBODY),
    ("post", "score:action", ["CONTROL"], {}, ADMIN),
    ("get", "score:plan_status", ["CONTROL"], {}, EVERYBODY),
    ("post", "score:retry_status", ["CONTROL"], {}, ADMIN),
    ("post", "score:bulk", [], {"control": "CONTROL"}, ADMIN),
    ("post", "score:save_view", [], {"name": "Fresh"}, EVERYBODY),
    ("post", "score:delete_view", ["VIEW"], {}, EVERYBODY),
    ("get", "score:export", [], {}, EVERYBODY),
    ("post", "score:export", [], {"control": "CONTROL"}, EVERYBODY),
    ("get", "score:export_progress", ["EXPORT"], {}, EVERYBODY),
    ("get", "score:export_file", ["EXPORT"], {}, EVERYBODY),
    ("get", "score:share", ["CONTROL"], {}, SHARES),
    ("get", "score:history", [], {}, EVERYBODY),
    ("post", "score:sync", [], {}, EVERYBODY),
    ("get", "score:sync_status", [], {}, EVERYBODY),
]
# Rows of an organisation: for members of another one they do not exist.
OWNED = [row for row in MATRIX if row[2]]
# Answers without signing in, on purpose.
OPEN = {"portal:livez", "portal:readyz"}


@pytest.fixture
def things(tenant: Tenant, admin: Any) -> dict[str, str]:
    """Make one row of everything an address can name."""
    connection = factories.ConnectionFactory(tenant=tenant)
    ticket = factories.TicketFactory(
        tenant=tenant, connection=connection, created_by=admin
    )
    factories.DeliveryFactory(ticket=ticket, status="stopped")
    state = factories.TicketStateFactory(tenant=tenant, connection=connection)
    control = factories.ControlProfileFactory(tenant=tenant)
    export = factories.ExportFactory(tenant=tenant, user=admin)
    exporting.path(export).parent.mkdir(exist_ok=True)
    exporting.path(export).touch()
    return {
        "TENANT": str(tenant.pk),
        "TICKET": str(ticket.pk),
        "REFERENCE": str(ticket.correlation_id),
        "STATE": str(state.pk),
        "CONTROL": control.control_id,
        "VIEW": str(factories.SavedViewFactory(tenant=tenant, user=admin).pk),
        "EXPORT": str(export.pk),
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_role_may_call_exactly_what_it_should(
    row: tuple[str, str, list[str], dict[str, str], set[str]],
    role: str,
    things: dict[str, str],
    client_for: Callable[..., Client],
    request: pytest.FixtureRequest,
) -> None:
    user = request.getfixturevalue(role)
    # Of these everybody has only their own.
    for model in (SavedView, Export):
        model.objects.update(user=user)
    answer = _call(client_for(user), row, things)
    answer.close()

    if role in row[4]:
        assert answer.status_code in {200, 204, 302, 409, 422}, answer.content[:500]
        assert "/accounts/login/" not in answer.headers.get("Location", "")
    else:
        assert answer.status_code == 403
        assert "needs" in answer.content.decode(), "a refusal says which role it needs"


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_stranger_is_sent_to_sign_in(
    row: tuple[str, str, list[str], dict[str, str], set[str]], things: dict[str, str]
) -> None:
    answer = _call(Client(), row, things)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("row", OWNED, ids=lambda row: f"{row[0]} {row[1]}")
def test_rows_of_another_organisation_do_not_exist(
    row: tuple[str, str, list[str], dict[str, str], set[str]],
    things: dict[str, str],
    outsider: Any,
    client_for: Callable[..., Client],
) -> None:
    assert _call(client_for(outsider), row, things).status_code == 404


def test_every_address_is_in_the_matrix() -> None:
    known = {row[1] for row in MATRIX} | OPEN
    assert set(_names(get_resolver(), "")) == known


def test_a_form_without_its_token_is_refused(
    admin: Any, things: dict[str, str]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    for row in MATRIX:
        if row[0] == "post":
            assert _call(client, row, things).status_code == 403, row[1]


def _call(client: Client, row: Any, things: dict[str, str]) -> Any:
    method, name, arguments, data, _allowed = row
    url = reverse(name, args=[things[argument] for argument in arguments])
    return getattr(client, method)(url, {k: things.get(v, v) for k, v in data.items()})


def _names(resolver: URLResolver, namespace: str) -> Iterator[str]:
    """Yield the full names of the portal's own addresses."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            yield from _names(pattern, f"{namespace}{inner}:" if inner else namespace)
        elif isinstance(pattern, URLPattern) and namespace.startswith(
            ("portal:", "connector:", "tickets:", "score:")
        ):
            yield f"{namespace}{pattern.name}"
