"""Who may call what: every address of the portal, for everybody in the cast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.score import exporting
from portal.score.list_models import Export, SavedView
from tests import factories
from tickets.support.solutions.models import LibraryImport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.models import Tenant

ROLES = ("admin", "operator", "reader", "helpdesk", "support")
EVERYBODY = set(ROLES)
SHARES = {"admin", "operator"}
ADMIN = {"admin"}
LOOKS = {"admin", "operator", "reader"}
NAMES = {"admin", "helpdesk"}
SUPPORTS = {"admin", "helpdesk", "support"}

# method, address, arguments, query, who may.
MATRIX: list[tuple[str, str, list[str], dict[str, str], set[str]]] = [
    ("get", "portal:home", [], {}, EVERYBODY),
    ("get", "portal:audit", [], {}, ADMIN),
    ("post", "portal:switch_tenant", [], {"tenant": "TENANT"}, EVERYBODY),
    ("get", "connector:provisioning", [], {}, LOOKS),
    ("post", "connector:provisioning", [], {}, ADMIN),
    ("get", "connector:setup", [], {}, ADMIN),
    ("post", "connector:setup", [], {}, ADMIN),
    ("post", "connector:setup_tick", [], {"item": "entity"}, ADMIN),
    ("post", "connector:setup_finish", [], {}, ADMIN),
    ("get", "connector:setup_status", [], {}, LOOKS),
    ("post", "connector:authorize", [], {}, ADMIN),
    ("get", "connector:configuration", [], {}, LOOKS | NAMES),
    ("post", "connector:check", [], {}, ADMIN),
    ("get", "connector:handover_new", [], {}, ADMIN),
    ("post", "connector:handover_new", [], {}, ADMIN),
    ("post", "connector:handover_revoke", [], {}, ADMIN),
    ("get", "connector:check_run", ["RUN"], {}, LOOKS),
    ("get", "connector:remove", [], {}, ADMIN),
    ("post", "connector:remove", [], {}, ADMIN),
    ("post", "connector:relabel", [], {"name": "Production"}, ADMIN),
    ("post", "connector:make_default", [], {}, ADMIN),
    ("get", "tickets:list", [], {}, EVERYBODY),
    ("get", "tickets:new", [], {"kind": "incident"}, SHARES),
    ("post", "tickets:new", [], {}, SHARES),
    ("get", "tickets:detail", ["TICKET"], {}, EVERYBODY),
    ("get", "tickets:reference", ["REFERENCE"], {}, EVERYBODY),
    ("get", "tickets:progress", ["TICKET"], {}, EVERYBODY),
    ("post", "tickets:retry", ["TICKET"], {}, SHARES),
    ("get", "tickets:edit", ["TICKET"], {}, SHARES),
    ("post", "tickets:edit", ["TICKET"], {}, SHARES),
    ("get", "tickets:note", ["TICKET"], {}, SHARES),
    ("post", "tickets:note", ["TICKET"], {}, SHARES),
    ("post", "tickets:amendment_retry", ["TICKET", "AMENDMENT"], {}, SHARES),
    ("post", "tickets:amendment_discard", ["TICKET", "AMENDMENT"], {}, SHARES),
    ("post", "tickets:sync", [], {}, EVERYBODY),
    ("get", "tickets:states", [], {}, NAMES),
    ("post", "tickets:edit_states", ["KIND"], {"action": "preview"}, NAMES),
    ("get", "tickets:edit_states", ["KIND"], {}, NAMES),
    ("get", "tickets:export_states", ["KIND"], {}, NAMES),
    ("post", "tickets:upload_states", ["KIND"], {}, NAMES),
    ("post", "tickets:undo_states", ["REVISION"], {}, NAMES),
    ("post", "tickets:import_states", [], {}, NAMES),
    ("get", "tickets:import_status", [], {}, NAMES),
    ("get", "tickets:reprovision", [], {}, ADMIN),
    ("post", "tickets:reprovision", [], {}, ADMIN),
    ("post", "tickets:take_over", [], {"source": "REMOVED"}, ADMIN),
    ("get", "tickets:adoption", ["ADOPTION"], {}, ADMIN),
    ("post", "tickets:compare_again", ["ADOPTION"], {}, ADMIN),
    ("post", "tickets:accept", ["ADOPTION"], {}, ADMIN),
    ("post", "tickets:discard", ["ADOPTION"], {}, ADMIN),
    ("get", "tickets:mapping", [], {}, ADMIN),
    ("post", "tickets:mapping", [], {"kind": "incident"}, ADMIN),
    ("post", "tickets:reset_mapping", [], {}, ADMIN),
    ("get", "support:overview", [], {}, EVERYBODY),
    ("get", "support:decision", [], {}, SUPPORTS),
    ("post", "support:decision", [], {}, SUPPORTS),
    ("get", "support:setup", [], {}, EVERYBODY),
    ("post", "support:setup", [], {}, SUPPORTS),
    ("get", "support:print", [], {}, EVERYBODY),
    ("get", "support:changes", ["REPOSITORY"], {}, EVERYBODY),
    ("post", "support:check", ["REPOSITORY"], {}, SUPPORTS),
    ("post", "support:tick", ["REPOSITORY", "STEP"], {}, SUPPORTS),
    ("post", "support:note", ["REPOSITORY", "STEP"], {}, SUPPORTS),
    ("post", "support:tick_checked", ["REPOSITORY"], {}, SUPPORTS),
    ("get", "support:settings", [], {}, SUPPORTS),
    ("post", "support:settings", [], {}, SUPPORTS),
    ("get", "support:repository_add", [], {}, SUPPORTS),
    ("post", "support:repository_add", [], {}, SUPPORTS),
    ("get", "support:repository", ["REPOSITORY"], {}, EVERYBODY),
    ("get", "support:repository_edit", ["REPOSITORY"], {}, SUPPORTS),
    ("post", "support:repository_edit", ["REPOSITORY"], {}, SUPPORTS),
    ("get", "support:repository_status", ["REPOSITORY"], {}, EVERYBODY),
    ("get", "support:repository_remove", ["REPOSITORY"], {}, SUPPORTS),
    ("post", "support:repository_remove", ["REPOSITORY"], {}, SUPPORTS),
    ("get", "support:account", [], {}, EVERYBODY),
    ("post", "support:account", [], {}, SUPPORTS),
    ("post", "support:unlink", ["LINKED"], {}, SUPPORTS),
    ("get", "support:health", [], {}, EVERYBODY),
    ("post", "support:health_refresh", [], {}, EVERYBODY),
    ("get", "support:issue", ["ISSUE"], {}, EVERYBODY),
    (
        *("post", "support:decide_match", ["ISSUE", "MATCH"], {"verdict": "confirm"}),
        SHARES | SUPPORTS,
    ),
    ("get", "support:bulk_note", ["ISSUE"], {}, SHARES),
    ("post", "support:bulk_note", ["ISSUE"], {}, SHARES),
    ("get", "support:messages", [], {}, EVERYBODY),
    ("get", "support:message", ["MESSAGE"], {}, EVERYBODY),
    ("get", "support:diagnosis", [], {}, SUPPORTS),
    ("post", "support:diagnosis_examine", ["REPOSITORY"], {}, SUPPORTS),
    ("get", "support:diagnosis_report", ["REPOSITORY"], {}, SUPPORTS),
    ("get", "support:calls", [], {}, SUPPORTS),
    ("get", "support:calls_export", [], {}, SUPPORTS),
    ("get", "support:call", ["CALL"], {}, SUPPORTS),
    ("get", "support:api", [], {}, SUPPORTS),
    ("get", "support:api_scripts", [], {}, SUPPORTS),
    ("post", "support:link_person", [], {}, SUPPORTS),
    ("post", "support:unlink_person", ["PERSON"], {}, SUPPORTS),
    ("get", "support:requests", [], {}, EVERYBODY),
    ("get", "support:request_new", [], {}, SUPPORTS),
    ("post", "support:request_new", [], {}, SUPPORTS),
    ("get", "support:request_settings", [], {}, SUPPORTS),
    ("post", "support:request_settings", [], {}, SUPPORTS),
    ("post", "support:inbound_secret", [], {}, SUPPORTS),
    ("get", "support:request_inbox", [], {}, SUPPORTS),
    ("post", "support:inbox_assign", ["MAIL"], {}, SUPPORTS),
    ("post", "support:inbox_drop", ["MAIL"], {}, SUPPORTS),
    ("get", "support:request", ["REQUEST"], {}, EVERYBODY),
    ("get", "support:request_progress", ["REQUEST"], {}, EVERYBODY),
    ("post", "support:request_state", ["REQUEST"], {}, SUPPORTS),
    ("post", "support:request_case", ["REQUEST"], {}, SUPPORTS),
    ("post", "support:request_update", ["REQUEST"], {}, SUPPORTS),
    ("post", "support:delivery_retry", ["REQUEST", "DELIVERY"], {}, SUPPORTS),
    ("post", "support:delivery_discard", ["REQUEST", "DELIVERY"], {}, SUPPORTS),
    ("get", "support:solutions", [], {"q": "outlook"}, EVERYBODY),
    (
        *("post", "support:solution_opinion", ["DOCUMENT"]),
        {"helpful": "yes", "terms": "outlook"},
        EVERYBODY,
    ),
    ("get", "support:library", [], {}, EVERYBODY),
    ("get", "support:solution", ["SOLUTION"], {}, EVERYBODY),
    ("get", "support:solution_new", [], {}, SUPPORTS),
    ("post", "support:solution_new", [], {}, SUPPORTS),
    ("post", "support:solution_preview", [], {"body": "# One"}, SUPPORTS),
    ("get", "support:solution_edit", ["SOLUTION"], {}, SUPPORTS),
    ("post", "support:solution_edit", ["SOLUTION"], {}, SUPPORTS),
    ("get", "support:solution_delete", ["SOLUTION"], {}, SUPPORTS),
    ("post", "support:solution_delete", ["SOLUTION"], {}, SUPPORTS),
    ("get", "support:library_export", [], {}, SUPPORTS),
    ("get", "support:library_import", [], {}, SUPPORTS),
    ("post", "support:library_import", [], {}, SUPPORTS),
    ("get", "support:library_import_preview", ["IMPORT"], {}, SUPPORTS),
    ("post", "support:library_import_preview", ["IMPORT"], {}, SUPPORTS),
    ("get", "support:knowledge", [], {}, SUPPORTS),
    ("post", "support:knowledge_save", ["KNOWLEDGE"], {}, SUPPORTS),
    ("post", "support:knowledge_fetch", ["KNOWLEDGE"], {}, SUPPORTS),
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
    ("get", "score:trends", [], {}, EVERYBODY),
    ("get", "score:zones", [], {}, ADMIN),
    ("post", "score:zones", [], {"okay_from": "30", "good_from": "60"}, ADMIN),
    ("get", "score:organizations", [], {}, EVERYBODY),
    ("get", "score:alerts", [], {}, EVERYBODY),
    ("post", "score:acknowledge_alerts", [], {}, SHARES),
    ("post", "score:acknowledge", ["ALERT"], {}, SHARES),
    ("get", "score:alert_rule_new", [], {}, ADMIN),
    ("post", "score:alert_rule_new", [], {}, ADMIN),
    ("get", "score:alert_rule", ["RULE"], {}, ADMIN),
    ("post", "score:alert_rule", ["RULE"], {}, ADMIN),
    ("post", "score:alert_rule_delete", ["RULE"], {}, ADMIN),
    ("get", "score:effects", [], {}, EVERYBODY),
    ("post", "score:effect_rule", [], {"on_regression": "nothing"}, ADMIN),
    ("get", "score:effect_note", ["EFFECT"], {}, SHARES),
    ("post", "score:effect_note", ["EFFECT"], {}, SHARES),
    ("get", "score:effect_reopen", ["EFFECT"], {}, SHARES),
    ("post", "score:effect_reopen", ["EFFECT"], {}, SHARES),
    ("get", "score:ledger", [], {}, EVERYBODY),
    ("get", "score:ledger_file", [], {}, EVERYBODY),
    ("get", "score:plan", [], {"goal": "count", "count": "3"}, EVERYBODY),
    ("post", "score:plan_new", [], {"control": "CONTROL"}, SHARES),
    ("get", "score:plan_review", ["PLAN"], {}, EVERYBODY),
    ("post", "score:plan_review", ["PLAN"], {"intent": "one"}, SHARES),
    ("get", "connector:graph", [], {}, ADMIN),
    ("post", "connector:graph", [], {}, ADMIN),
    ("get", "connector:graph_status", [], {}, ADMIN),
    ("post", "connector:graph_check", [], {}, ADMIN),
    ("post", "connector:graph_remove", [], {}, ADMIN),
]
# Rows of an organisation: for members of another one they do not exist.
OWNED = [row for row in MATRIX if row[2]]
# Answers without signing in, on purpose.
OPEN = {
    *("portal:livez", "portal:readyz"),
    # For somebody without an account; the link is what is asked for.
    *("connector:handover", "connector:handover_done"),
    # For mail servers; each message is signed.
    "support:inbound",
}


@pytest.fixture
def things(tenant: Tenant, admin: Any) -> dict[str, str]:
    """Make one row of everything an address can name."""
    connection = factories.ConnectionFactory(tenant=tenant)
    ticket = factories.TicketFactory(
        tenant=tenant, connection=connection, created_by=admin, delivered=True
    )
    factories.DeliveryFactory(ticket=ticket, status="stopped")
    factories.TicketStateFactory(tenant=tenant, connection=connection)
    revision = factories.StateRevisionFactory(connection=connection)
    amendment = factories.DeliveryFactory(
        ticket=ticket, operation="note", status="stopped"
    )
    removed = factories.ConnectionFactory(
        tenant=tenant, is_default=False, status="removed", removed_at=timezone.now()
    )
    factories.TicketFactory(connection=removed)
    adoption = factories.AdoptionFactory(source=removed, target=connection)
    factories.SupportIntegrationFactory(tenant=tenant)
    repository = factories.RepositoryFactory(tenant=tenant)
    linked = factories.SupportUserFactory(
        repository=repository, linked_email="a@contoso.example"
    )
    control = factories.ControlProfileFactory(tenant=tenant)
    alert = factories.AlertFactory(tenant=tenant)
    export = factories.ExportFactory(tenant=tenant, user=admin)
    exporting.path(export).parent.mkdir(exist_ok=True)
    exporting.path(export).touch()
    match = factories.IssueMatchFactory(issue__tenant=tenant, ticket=ticket)
    message = factories.ServiceMessageFactory(tenant=tenant)
    call = factories.ConnectorCallFactory(repository=repository)
    case = factories.ServiceRequestFactory(tenant=tenant)
    undelivered = factories.RequestDeliveryFactory(request=case, status="stopped")
    person = factories.LinkedPersonFactory(tenant=tenant, user=admin)
    return {
        "ALERT": str(alert.pk),
        "RULE": str(alert.rule.pk),
        "TENANT": str(tenant.pk),
        "TICKET": str(ticket.pk),
        "AMENDMENT": str(amendment.pk),
        "REFERENCE": str(ticket.correlation_id),
        "KIND": "incident",
        "REVISION": str(revision.pk),
        "CONTROL": control.control_id,
        "REMOVED": str(removed.pk),
        "ADOPTION": str(adoption.pk),
        "RUN": str(factories.ProbeRunFactory(connection=connection).pk),
        "REPOSITORY": str(repository.pk),
        "STEP": "consent",
        "LINKED": str(linked.pk),
        "VIEW": str(factories.SavedViewFactory(tenant=tenant, user=admin).pk),
        "EXPORT": str(export.pk),
        "EFFECT": str(factories.TicketEffectFactory(ticket=ticket).pk),
        "PLAN": str(factories.SharePlanFactory(tenant=tenant).pk),
        "ISSUE": match.issue.issue_id,
        "MATCH": str(match.pk),
        "MESSAGE": message.message_id,
        "CALL": str(call.pk),
        "REQUEST": case.reference,
        "DELIVERY": str(undelivered.pk),
        "MAIL": str(factories.InboundReceiptFactory(tenant=tenant).pk),
        "PERSON": str(person.pk),
        "SOLUTION": str(factories.SolutionFactory(tenant=tenant).pk),
        "DOCUMENT": str(factories.DocumentFactory(tenant=tenant).pk),
        "IMPORT": str(LibraryImport.objects.create(tenant=tenant, user=admin).pk),
        "KNOWLEDGE": str(factories.KnowledgeSourceFactory(tenant=tenant).pk),
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
    for model in (SavedView, Export, LibraryImport):
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
            ("portal:", "connector:", "tickets:", "support:", "score:")
        ):
            yield f"{namespace}{pattern.name}"
