"""The live checks over the wire: against an instance and a directory, good and bad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox import support_app
from connector.sandbox.seed import set_property
from tests.factories import ConnectionFactory
from tests.support import entra
from tests.support.conftest import INBOUND, OUTBOUND, USER, WORD
from tickets.support import checks, verdicts
from tickets.support.check_texts import _ANSWERS, QUESTIONS
from tickets.support.guides import GUIDES
from tickets.support.models import Repository, SupportIntegration

if TYPE_CHECKING:
    from collections.abc import Callable

    import responses
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Connection
    from connector.sandbox.server import Running
    from tests.support.entra import Directory

    Examine = Callable[[Repository], dict[str, tuple[str, str]]]
    Prepare = Callable[..., None]

pytestmark = pytest.mark.django_db


def outcome(found: dict[str, tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [found[name] for name in names]


def answer(repository: Repository, check_id: str) -> verdicts.Shown:
    [found] = verdicts.shown(repository, [check_id])
    return found


def test_a_finished_set_up_with_basic_authentication_is_all_right(
    repository: Repository, prepare: Prepare, directory: Directory, examine: Examine
) -> None:
    prepare()
    found = examine(repository)
    assert {verdict for verdict, _code in found.values()} == {"ok"}, found
    assert set(found) == set(GUIDES["basic"].checks)
    asked = directory.token_requests[0]
    assert asked["client_id"] == entra.OUTBOUND
    assert asked["grant_type"] == "client_credentials"


def test_a_finished_set_up_with_tokens_of_entra_is_all_right(
    aad_repository: Repository, directory: Directory, examine: Examine
) -> None:
    found = examine(aad_repository)
    assert {verdict for verdict, _code in found.values()} == {"ok"}, found
    assert set(found) == set(GUIDES["aad"].checks)
    assert directory.token_requests[-1]["scope"] == f"{entra.REST}/.default"


def test_a_finished_set_up_for_insights_is_all_right(
    repository: Repository,
    integration: SupportIntegration,
    connection: Connection,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    """Nothing signs in as the Rest user: the portal's own connection looks."""
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    Repository.objects.update(entered_for="insights", rest_username="ignored")
    repository.refresh_from_db()
    people = {"lee.gu": ["insights_user"], "it.agent": []}
    support_app.apply(instance.store, {"outbound": OUTBOUND, "roles": people})
    found = examine(repository)
    assert {verdict for verdict, _code in found.values()} == {"ok"}, found
    assert set(found) == set(GUIDES["insights"].checks)
    assert "sign_in" not in found


@pytest.fixture
def connection(
    repository: Repository, instance: Running, prepare: Prepare
) -> Connection:
    """The portal's own connection to the instance, of a user who sees everything."""
    prepare(user={**USER, "user_name": "portal.user"})
    return ConnectionFactory(
        tenant=repository.tenant,
        base_url=instance.url,
        auth_type="basic",
        integration_user="portal.user",
        password=WORD,
        access_token="",
    )


def test_the_portals_own_connection_looks_where_the_rest_user_does_not_get_in(
    repository: Repository,
    connection: Connection,
    directory: Directory,
    examine: Examine,
) -> None:
    found = examine(repository)
    assert found["sign_in"] == ("failed", "basic_rejected")
    assert found["integration_user"] == ("failed", "absent")
    assert found["inbound_entity"] == ("ok", "ready")


def test_without_anybody_who_looks_it_cannot_be_told(
    repository: Repository, prepare: Prepare, directory: Directory, examine: Examine
) -> None:
    prepare(user=None)
    found = examine(repository)
    assert found["inbound_entity"] == ("unknown", "nobody_looks")
    assert found["cross_scope"] == ("unknown", "nobody_looks")


def test_a_wrong_password_is_tried_once(
    repository: Repository,
    prepare: Prepare,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    """Several tries would lock the integration user out."""
    prepare(user={**USER, "password": "another"})
    before = instance.app.api.requests["table"], instance.app.api.requests["oauth"]
    found = examine(repository)
    after = instance.app.api.requests["table"], instance.app.api.requests["oauth"]
    assert (after[0] - before[0], after[1] - before[1]) == (1, 0)
    assert found["sign_in"] == ("failed", "basic_rejected")
    assert found["inbound_token"] == ("failed", "basic_rejected")
    shown = answer(repository, "sign_in")
    assert "User is not authenticated" in shown.evidence
    assert "Web service access only" in shown.repair


@pytest.mark.parametrize(
    ("changed", "check_id", "expected"),
    [
        ({"outbound": None}, "outbound_entity", ("failed", "absent")),
        (
            {"outbound": {**OUTBOUND, "active": "false"}},
            "outbound_entity",
            ("failed", "inactive"),
        ),
        (
            {"outbound": {**OUTBOUND, "default_grant_type": "authorization_code"}},
            "outbound_entity",
            ("failed", "other_grant"),
        ),
        (
            {"outbound": {**OUTBOUND, "token_url": "https://elsewhere.example/token"}},
            "outbound_entity",
            ("failed", "other_token_url"),
        ),
        (
            {"outbound": {**OUTBOUND, "redirect_url": "https://a.example/back"}},
            "outbound_entity",
            ("warning", "other_redirect"),
        ),
        (
            {
                "outbound": {
                    **OUTBOUND,
                    "token_url": "https://login.microsoftonline.com/contoso.com/oauth2/token",
                }
            },
            "outbound_entity",
            ("warning", "tenant_token_url"),
        ),
        ({"outbound": None}, "oauth_profile", ("failed", "absent")),
        ({"inbound": None}, "inbound_entity", ("failed", "absent")),
        (
            {"inbound": {**INBOUND, "active": "false"}},
            "inbound_entity",
            ("failed", "inactive"),
        ),
        (
            {"inbound": {**INBOUND, "client_secret": "another"}},
            "inbound_token",
            ("failed", "password_grant_rejected"),
        ),
        (
            {"user": {**USER, "web_service_access_only": "false"}},
            "sign_in",
            ("failed", "basic_rejected"),
        ),
        ({"cross_scope": "closed"}, "cross_scope", ("failed", "closed")),
        ({"cross_scope": "unrecorded"}, "cross_scope", ("warning", "no_privilege")),
        ({"roles": None}, "roles", ("warning", "nobody")),
        (
            {"roles": {"lee.gu": ["insights_user"]}},
            "roles",
            ("warning", "no_administrator"),
        ),
    ],
)
def test_what_is_wrong_on_the_instance_is_named(
    changed: dict[str, Any],
    check_id: str,
    expected: tuple[str, str],
    repository: Repository,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare(**changed)
    assert examine(repository)[check_id] == expected
    assert answer(repository, check_id).repair


def test_a_token_url_with_the_other_name_of_the_tenant_is_the_same(
    repository: Repository,
    integration: SupportIntegration,
    prepare: Prepare,
    directory: Directory,
    mocked: responses.RequestsMock,
    examine: Examine,
) -> None:
    """The portal knows a domain, ServiceNow the ID: the metadata says both are one."""
    integration.directory_id = "contoso.com"
    integration.save()
    directory.answer_on(mocked, "https://login.microsoftonline.com/contoso.com")
    prepare()
    assert examine(repository)["outbound_entity"] == ("ok", "ready")


@pytest.mark.parametrize("path", ["oauth_redirect.do", "auth_redirect.do"])
def test_both_spellings_of_the_redirect_address_are_accepted(
    path: str,
    repository: Repository,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
) -> None:
    url = f"{repository.endpoint}/{path}"
    prepare(outbound={**OUTBOUND, "redirect_url": url})
    assert examine(repository)["outbound_entity"] == ("ok", "ready")


def test_a_user_who_may_also_open_pages_is_a_warning(
    repository: Repository,
    prepare: Prepare,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    name = "glide.authenticate.basic_auth.restriction.enforce"
    set_property(instance.store, name, "false")
    prepare(user={**USER, "web_service_access_only": "false"})
    assert examine(repository)["integration_user"] == ("warning", "not_only")


@pytest.mark.parametrize("column", ["active", "locked_out"])
def test_a_user_that_may_not_act_is_named(
    column: str,
    repository: Repository,
    connection: Connection,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
) -> None:
    value = {"active": "false", "locked_out": "true"}[column]
    prepare(user={**USER, column: value})
    code = {"active": "inactive", "locked_out": "locked"}[column]
    assert examine(repository)["integration_user"] == ("failed", code)


def test_a_refusal_by_cross_scope_access_is_recognised(
    repository: Repository,
    prepare: Prepare,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare()
    instance.faults.add("cross_scope", table="oauth_entity", rule="x_mioms_m365_assis")
    assert examine(repository)["inbound_entity"] == ("failed", "cross_scope")
    shown = answer(repository, "inbound_entity")
    assert "from scope 'x_mioms_m365_assis' was denied" in shown.evidence
    assert "All application scopes" in shown.repair
    assert "Can read" in shown.repair


def test_a_closed_table_is_told_in_the_words_of_the_set_up_flow(
    repository: Repository, prepare: Prepare, directory: Directory, examine: Examine
) -> None:
    prepare(cross_scope="closed")
    examine(repository)
    shown = answer(repository, "cross_scope")
    assert (
        "Read operation on table 'oauth_entity' from scope 'x_mioms_m365_assis' was "
        "denied because of the table's cross-scope access policy"
    ) in shown.answer
    assert "All application scopes" in shown.repair


def test_what_is_hidden_from_the_rest_user_cannot_be_told(
    repository: Repository, prepare: Prepare, directory: Directory, examine: Examine
) -> None:
    prepare(user={**USER, "roles": ["itil"]})
    found = examine(repository)
    hidden = ("unknown", "hidden")
    assert outcome(found, "inbound_entity", "outbound_entity") == [hidden, hidden]
    assert found["sign_in"] == ("ok", "same")
    assert "oauth_entity" in answer(repository, "inbound_entity").answer


def test_an_instance_that_sleeps_cannot_be_told(
    repository: Repository,
    prepare: Prepare,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare()
    instance.faults.add("hibernating")
    assert examine(repository)["sign_in"] == ("unknown", "hibernating")


def test_an_instance_that_filters_addresses_names_ours(
    repository: Repository,
    prepare: Prepare,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare()
    instance.faults.add("ip_filter")
    assert examine(repository)["sign_in"] == ("failed", "ip_restricted")
    assert "127.0.0.1" in answer(repository, "sign_in").evidence


def test_a_wrong_secret_of_an_application_is_told_in_entras_words(
    repository: Repository,
    integration: SupportIntegration,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare()
    integration.outbound_secret = "a-wrong-secret-of-ours"
    integration.save()
    found = examine(repository)
    assert found["outbound_token"] == ("failed", "graph_secret_wrong")
    shown = answer(repository, "outbound_token")
    assert "AADSTS7000215" in shown.evidence
    assert "a-wrong-secret-of-ours" not in shown.evidence


def test_an_unknown_directory_is_told_in_entras_words(
    repository: Repository, prepare: Prepare, directory: Directory, examine: Examine
) -> None:
    prepare()
    directory.metadata_status = 400
    assert examine(repository)["metadata"] == ("failed", "directory_unknown")
    assert "AADSTS90002" in answer(repository, "metadata").evidence


@pytest.mark.parametrize("name", ["issuer", "jwks_uri", "token_endpoint"])
def test_incomplete_metadata_is_named(
    name: str,
    repository: Repository,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
) -> None:
    prepare()
    directory.metadata = {name: ""}
    assert examine(repository)["metadata"] == ("failed", "metadata_incomplete")
    assert name in answer(repository, "metadata").evidence


@pytest.mark.parametrize(
    ("claims", "issuer", "expected"),
    [
        ({"appid": None, "azp": entra.REST_USER}, None, ("failed", "no_appid")),
        ({"aud": "api://another"}, None, ("failed", "other_audience")),
        ({}, f"{entra.LOGIN}/v2.0", ("warning", "version_2")),
        ({}, "https://sts.windows.net/other/", ("failed", "other_issuer")),
    ],
)
def test_a_token_the_instance_will_not_accept_is_named(
    claims: dict[str, Any],
    issuer: str | None,
    expected: tuple[str, str],
    aad_repository: Repository,
    directory: Directory,
    examine: Examine,
) -> None:
    directory.claims = claims
    directory.issuer = issuer or directory.issuer
    assert examine(aad_repository)["rest_token"] == expected
    assert answer(aad_repository, "rest_token").repair


def test_a_user_id_that_is_not_the_client_id_is_named(
    aad_repository: Repository,
    connection_of_aad: Connection,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    sql = "UPDATE sys_user SET user_name = 'something.else' WHERE user_name = ?"
    instance.store.execute(sql, [entra.REST_USER])
    found = examine(aad_repository)
    assert found["sign_in"] == ("failed", "token_rejected")
    assert found["user_id"] == ("failed", "absent")
    assert entra.REST_USER in answer(aad_repository, "user_id").answer


@pytest.fixture
def connection_of_aad(
    aad_repository: Repository, instance: Running, prepare: Prepare
) -> Connection:
    portal = {**USER, "user_name": "portal.user"}
    prepare(outbound=None, inbound=None, roles=None, user=portal)
    return ConnectionFactory(
        tenant=aad_repository.tenant,
        base_url=instance.url,
        auth_type="basic",
        integration_user="portal.user",
        password=WORD,
        access_token="",
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": "another"}, "absent"),
        ({"active": "false"}, "inactive"),
        ({"oidc_config_url": "https://elsewhere.example/"}, "other_metadata"),
        ({"user_claim": "upn"}, "other_claim"),
        ({"user_field": "email"}, "other_field"),
        ({"enable_jti_verification": "true"}, "jti"),
    ],
)
def test_what_is_wrong_with_the_oidc_entity_is_named(
    changed: dict[str, str],
    code: str,
    aad_repository: Repository,
    instance: Running,
    directory: Directory,
    examine: Examine,
) -> None:
    if "client_id" in changed:
        sql = "UPDATE oauth_oidc_entity SET client_id = 'another' WHERE client_id = ?"
        instance.store.execute(sql, [entra.REST])
    else:
        support_app.apply(
            instance.store, {"oidc": {"client_id": entra.REST, **changed}}
        )
    assert examine(aad_repository)["oidc_entity"] == ("failed", code)
    assert answer(aad_repository, "oidc_entity").repair


def test_administrators_are_a_mistake_with_insights_only(
    repository: Repository,
    integration: SupportIntegration,
    connection: Connection,
    directory: Directory,
    examine: Examine,
) -> None:
    integration.basic_auth_allowed = integration.single_tenant = False
    integration.save()
    Repository.objects.update(entered_for="insights")
    repository.refresh_from_db()
    assert examine(repository)["roles"] == ("failed", "administrators")
    assert "it.agent" in answer(repository, "roles").answer


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("directory_id", "no_directory"),
        ("outbound_app_id", "no_outbound_app"),
        ("admin_email", "no_admin_email"),
    ],
)
def test_what_is_missing_in_the_settings_is_named(
    name: str,
    code: str,
    repository: Repository,
    integration: SupportIntegration,
) -> None:
    setattr(integration, name, "")
    integration.save()
    checks.run(repository, ["settings"])
    assert repository.checks.get().code == code


def test_values_of_another_set_up_are_not_used(
    aad_repository: Repository, integration: SupportIntegration, directory: Directory
) -> None:
    integration.basic_auth_allowed = True
    integration.save()
    checks.run(aad_repository, ["sign_in", "inbound_token", "settings"])
    codes = dict(aad_repository.checks.values_list("check_id", "code"))
    assert codes["sign_in"] == codes["inbound_token"] == "missing_values"
    assert codes["settings"] == "no_repository"


def test_a_repository_that_is_removed_meanwhile_does_no_harm(
    repository: Repository,
) -> None:
    Repository.objects.all().delete()
    checks.run(repository, ["settings"])
    assert not Repository.objects.exists()


def test_secrets_are_in_no_answer_and_no_log(
    repository: Repository,
    prepare: Prepare,
    directory: Directory,
    examine: Examine,
    caplog: pytest.LogCaptureFixture,
    settings: SettingsWrapper,
) -> None:
    prepare(user={**USER, "password": "another"})
    examine(repository)
    kept = str(list(repository.checks.values()))
    for secret in (WORD, repository.client_secret, *entra.SECRETS.values()):
        assert secret not in caplog.text
        assert secret not in kept


def test_every_check_of_a_guide_exists_and_has_its_question() -> None:
    wanted = {check for guide in GUIDES.values() for check in guide.checks}
    assert wanted == set(checks.CHECKS) == set(QUESTIONS)
    assert {name for name, _code in _ANSWERS} <= wanted | {"*"}
