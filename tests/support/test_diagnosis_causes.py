"""The causes of the sixteen situations, each told apart from its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector import signing_keys
from tests.factories import (
    RepositoryFactory,
    RequestDeliveryFactory,
    ServiceRequestFactory,
    SupportIntegrationFactory,
    SupportUserFactory,
)
from tests.support.situations import (
    call,
    in_it,
    look,
    present,
    properties,
    sent,
    verdicts,
)
from tickets.support.api.addresses import connector_url
from tickets.support.diagnosis import places
from tickets.support.diagnosis.catalogue import CAUSES
from tickets.support.diagnosis.diagnosis import JUDGES, Diagnosis
from tickets.support.diagnosis.history import KEY_CODES, TOKEN_CODES
from tickets.support.diagnosis.situations import SITUATIONS
from tickets.support.solutions.models import Search

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant
    from tickets.support.models import Repository, SupportIntegration

pytestmark = pytest.mark.django_db
LOGIN = "login.microsoftonline.com"


@pytest.fixture
def integration(tenant: Tenant) -> SupportIntegration:
    return SupportIntegrationFactory(tenant=tenant)


@pytest.fixture
def repository(tenant: Tenant, integration: SupportIntegration) -> Repository:
    return RepositoryFactory(tenant=tenant, repository_id="contoso")


def test_every_cause_has_its_judge_and_leads_to_a_situation() -> None:
    assert set(JUDGES) == set(CAUSES)
    reached = {number for cause in CAUSES.values() for number in cause.situations}
    assert reached == {one.number for one in SITUATIONS} == set(range(1, 17))


def test_a_repository_that_works_has_no_cause_and_no_situation(
    repository: Repository,
) -> None:
    look(repository)
    for purpose in ("health.search", "solutions.search", "requests.open"):
        call(repository, purpose)
    assert present(repository) == set()
    assert in_it(repository, "happens") | in_it(repository, "expected") == set()


@pytest.mark.parametrize("code", [*TOKEN_CODES, *KEY_CODES])
def test_a_refused_token_is_told_apart_from_the_other_twelve_refusals(
    code: str, repository: Repository
) -> None:
    call(repository, "solutions.search", code)
    assert present(repository) == {code}
    assert in_it(repository) == {9, 11}
    # The token is that of every call: what was not tried yet will fail, too.
    assert in_it(repository, "expected") == {13, 14, 15}
    [finding] = Diagnosis(repository).present
    assert f"why it is {code}" in [line.words for line in finding.evidence]
    assert finding.steps


# Purpose, code and occasion of a call, and the situations it shows the agent.
CALLS: list[tuple[str, str, str, set[int]]] = [
    ("solutions.search", "token_expired", "recommended", {9}),
    ("solutions.search", "token_expired", "search", {11}),
    ("health.search", "token_expired", "", set()),
    ("solutions.search", "token_expired", "contact", {9, 11}),
    ("requests.open", "token_expired", "", {13}),
    ("requests.read", "token_expired", "", {13}),
    ("solutions.incident", "token_expired", "", {14}),
    ("requests.list", "token_expired", "contact", {13}),
    ("requests.list", "token_expired", "case_again", {15}),
    ("requests.list", "token_expired", "solutions_again", {15}),
    ("requests.list", "token_expired", "", {13, 15}),
    ("requests.list", "integration_incomplete", "contact", {7}),
    ("solutions.search", "integration_incomplete", "recommended", {3}),
    ("solutions.search", "integration_incomplete", "search", {5}),
    ("requests.open", "integration_incomplete", "", {7}),
    ("requests.open", "account_not_linked", "", {8}),
    ("requests.open", "account_not_linked", "saving", {8}),
    ("solutions.search", "unexpected_error", "recommended", {10}),
    ("solutions.search", "rate_limited", "search", {12}),
    ("solutions.search", "not_json", "search", {12}),
    ("solutions.incident", "unexpected_error", "", {14}),
    ("requests.list", "role_missing", "case_again", {15}),
    ("requests.open", "save_failed", "", {16}),
    ("requests.update", "save_failed", "", {16}),
    ("self_test", "token_expired", "", set()),
    ("solutions.feedback", "unexpected_error", "", set()),
]


@pytest.mark.parametrize(("purpose", "code", "occasion", "numbers"), CALLS)
def test_a_call_puts_the_agent_into_the_situation_of_its_purpose(
    purpose: str,
    code: str,
    occasion: str,
    numbers: set[int],
    repository: Repository,
) -> None:
    call(repository, purpose, code, occasion=occasion, user_name="it.agent")
    rows = Diagnosis(repository).rows
    assert {row.situation.number for row in rows if row.seen} == numbers
    for row in rows:
        if row.seen and code != "integration_incomplete":
            assert row.verdict == "happens"


def test_what_happened_is_told_with_since_when_how_often_and_by_whom(
    repository: Repository,
) -> None:
    for ago in (3 * 86_400, 7200, 60):
        call(
            repository,
            "requests.open",
            "account_not_linked",
            user_name="it.agent",
            ago=ago,
        )
    row = Diagnosis(repository).rows[7]
    assert row.situation.number == 8
    assert row.seen
    assert (row.seen.in_a_day, row.seen.total) == (2, 3)
    assert row.seen.by == ("it.agent",)
    assert (row.seen.last - row.seen.first).days == 2


def test_a_refused_token_is_told_by_the_address_it_came_from(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "token_tenant")
    row = Diagnosis(repository).rows[8]
    assert row.seen
    assert row.seen.by == ("203.0.113.7",)


def test_of_several_refusals_of_the_token_the_newest_counts(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "token_expired", ago=600)
    call(repository, "solutions.search", "token_audience", ago=60)
    assert present(repository) == {"token_audience"}
    expired = Diagnosis(repository).findings["token_expired"]
    assert expired.verdict == "absent"
    assert "token_audience" in expired.evidence[-1].text


def test_a_token_that_is_let_in_ends_the_refusals(repository: Repository) -> None:
    call(repository, "solutions.search", "token_audience", ago=600)
    # Refused for something else, but past the door.
    call(repository, "requests.open", "account_not_linked", ago=60, user_name="a")
    assert present(repository) == {"account_not_linked"}


def test_since_when_counts_from_the_last_call_that_was_let_in(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "token_expired", ago=9000)
    call(repository, "solutions.search", ago=6000)
    newer = call(repository, "solutions.search", "token_expired", ago=3000)
    call(repository, "solutions.search", "token_expired", ago=30)
    [finding] = Diagnosis(repository).present
    assert finding.since == newer.at
    assert "refused for this: 2," in finding.evidence[0].text


def test_an_operation_that_works_again_is_no_cause_any_more(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "unexpected_error", ago=600)
    assert present(repository) == {"unexpected_error"}
    call(repository, "health.search", ago=100)
    assert present(repository) == {"unexpected_error"}
    call(repository, "solutions.search", ago=60)
    assert present(repository) == set()
    assert verdicts(repository)[10] == "absent"


def test_too_many_calls_are_told_for_an_hour_though_others_went_through(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "rate_limited", ago=600)
    call(repository, "solutions.search", ago=60)
    assert present(repository) == {"rate_limited"}
    assert in_it(repository) == {10, 12}
    assert in_it(repository, "expected") == {14, 15}


def test_too_many_calls_of_yesterday_are_no_cause_any_more(
    repository: Repository,
) -> None:
    call(repository, "solutions.search", "rate_limited", ago=86_400)
    assert present(repository) == set()


@pytest.mark.parametrize(
    ("code", "cause", "numbers"),
    [
        ("unexpected_error", "unexpected_error", {10, 12}),
        ("rate_limited", "rate_limited", {10, 12}),
        ("too_large", "request_refused", {10, 12}),
        ("not_json", "request_refused", {10, 12}),
        ("method_not_allowed", "request_refused", {10, 12}),
    ],
)
def test_a_service_error_is_told_apart_by_its_code(
    code: str, cause: str, numbers: set[int], repository: Repository
) -> None:
    call(repository, "solutions.search", code)
    assert present(repository) == {cause}
    assert in_it(repository) == numbers


def test_an_account_is_linked_or_the_agent_let_through_and_it_is_over(
    repository: Repository,
) -> None:
    for name in ("first", "second", "third"):
        call(repository, "requests.open", "account_not_linked", user_name=name, ago=600)
    call(repository, "requests.open", user_name="first", ago=60)
    SupportUserFactory(
        repository=repository,
        user_name="second",
        linked_email="admin@contoso.example",
        linked_at=Diagnosis(repository).known.history.last,
    )
    SupportUserFactory(
        repository=repository, user_name="third", email="third@contoso.example"
    )
    [finding] = Diagnosis(repository).present
    assert finding.id == "account_not_linked"
    assert finding.facts["accounts"] == "third (third@contoso.example)"
    assert finding.told.startswith("third (third@contoso.example).")
    assert in_it(repository) == {8}


def test_a_missing_role_is_about_the_agent_alone(repository: Repository) -> None:
    call(repository, "solutions.incident", "role_missing", user_name="a", ago=600)
    call(repository, "solutions.incident", user_name="b", ago=60)
    [finding] = Diagnosis(repository).present
    assert (finding.id, finding.facts["users"]) == ("role_missing", "a")
    assert finding.cause.is_personal
    call(repository, "solutions.incident", user_name="a", ago=30)
    assert present(repository) == set()


# What is missing in the settings, and the cause; situations are 3, 5 and 7.
@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"basic_auth_allowed": None}, "undecided"),
        ({"directory_id": ""}, "directory_missing"),
        ({"outbound_app_id": ""}, "outbound_app_missing"),
        ({"basic_auth_allowed": False}, "repository_incomplete"),
    ],
)
def test_what_is_missing_here_is_told_apart_and_who_was_refused(
    values: dict[str, Any],
    cause: str,
    repository: Repository,
    integration: SupportIntegration,
) -> None:
    type(integration).objects.update(**values)
    assert present(repository) == {cause}
    assert in_it(repository, "expected") == {3, 5, 7}
    call(repository, "requests.open", "integration_incomplete", user_name="a")
    assert in_it(repository) == {7}
    assert in_it(repository, "expected") == {3, 5}
    [finding] = Diagnosis(repository).present
    assert finding.since


# What the instance shows, the causes it proves, and the situations.
LOOKS: list[tuple[dict[str, Any], set[str], set[int]]] = [
    # Without an application: the script was pasted.
    ({"app": {"rows": []}}, set(), set()),
    (
        {name: {"rows": []} for name in ("app", "script", "action", "properties")},
        {"app_not_installed"},
        {1},
    ),
    ({"script": {"rows": []}}, {"script_include_missing"}, {1}),
    (
        {"script": {"rows": [{"name": "x", "active": "false"}]}},
        {"script_include_inactive"},
        {1},
    ),
    ({"action": {"rows": []}}, {"ui_action_missing"}, {1}),
    (
        {"action": {"rows": [{"name": "x", "active": "false"}]}},
        {"ui_action_inactive"},
        {1},
    ),
    (
        {"views": {"rows": [{"view": "Self Service", "visibility": "exclude"}]}},
        {"view_excluded"},
        {1},
    ),
    (
        {"views": {"rows": [{"view": "Major Incident", "visibility": "include"}]}},
        {"view_excluded"},
        {1},
    ),
]


@pytest.mark.parametrize(("shown", "causes", "numbers"), LOOKS)
def test_what_the_instance_shows_of_the_tab_is_told_apart(
    shown: dict[str, Any],
    causes: set[str],
    numbers: set[int],
    repository: Repository,
) -> None:
    look(repository, **shown)
    assert present(repository) == causes
    assert in_it(repository, "expected") == numbers


def test_a_tab_that_makes_calls_since_then_is_there(repository: Repository) -> None:
    look(repository, action={"rows": []}, script={"rows": []}, ago=600)
    call(repository, "self_test", ago=60)
    assert present(repository) == {"ui_action_missing", "script_include_missing"}
    call(repository, "health.search", ago=60)
    assert present(repository) == set()


# Properties of the app, the causes they prove, and the situations.
PROPERTIES: list[tuple[dict[str, str], set[str], set[int]]] = [
    ({"connector_url": ""}, {"connector_url_missing"}, {2, 4, 6}),
    ({"oauth_profile": ""}, {"oauth_profile_unset"}, {2, 4, 6}),
    ({"setup_state": ""}, {"consent_missing"}, {2, 4, 6}),
    ({"setup_state": "agreed"}, {"completion_missing"}, {3, 5, 7}),
    (
        {"setup_state": "agreed", "connector_url": ""},
        {"connector_url_missing"},
        {2, 4, 6},
    ),
    (
        {"connector_url": "https://old.example/api/support/v1/repositories/x"},
        {"address_wrong"},
        {9, 11, 13, 14, 15},
    ),
]


@pytest.mark.parametrize(("changed", "causes", "numbers"), PROPERTIES)
def test_how_the_app_is_set_up_is_told_apart(
    changed: dict[str, str],
    causes: set[str],
    numbers: set[int],
    repository: Repository,
) -> None:
    look(repository, properties={"rows": properties(repository, **changed)})
    assert present(repository) == causes
    assert in_it(repository, "expected") == numbers
    call(repository, "solutions.search", ago=60)
    assert present(repository) == set()


def test_a_cloned_instance_calls_in_the_name_of_the_other(
    repository: Repository,
) -> None:
    other = RepositoryFactory(tenant=repository.tenant, repository_id="production")
    url = {"connector_url": connector_url(other)}
    look(repository, properties={"rows": properties(repository, **url)})
    [finding] = Diagnosis(repository).present
    assert (finding.id, finding.facts["other"]) == ("other_repository", "production")
    assert in_it(repository, "expected") == {14, 15}


def test_a_repository_of_another_organisation_is_not_named(
    repository: Repository, other_tenant: Tenant
) -> None:
    other = RepositoryFactory(tenant=other_tenant, repository_id="secret-name")
    url = {"connector_url": connector_url(other)}
    look(repository, properties={"rows": properties(repository, **url)})
    [finding] = Diagnosis(repository).present
    assert finding.id == "address_wrong"
    assert "secret-name" not in str(finding)


def _api(repository: Repository) -> str:
    return f"/api/support/v1/repositories/{repository.connector_key}/solutions/search"


@pytest.mark.parametrize(
    ("to_entra", "status", "cause"),
    [
        (True, 401, "entra_refuses"),
        (True, 400, "entra_refuses"),
        (True, 0, "entra_unreachable"),
        (False, 0, "portal_unreachable"),
        (False, 407, "intercepted"),
        (False, 502, "intercepted"),
        (False, 200, "intercepted"),
    ],
)
def test_where_a_call_got_lost_is_told_by_the_log_of_the_instance(
    to_entra: bool,
    status: int,
    cause: str,
    repository: Repository,
    settings: SettingsWrapper,
) -> None:
    host, path = "portal.example", _api(repository)
    if to_entra:
        host, path = LOGIN, "/tenant/oauth2/token"
    rows = [sent(host, path, status)]
    if not to_entra:
        rows.append(sent(LOGIN, "/tenant/oauth2/token", 200, ago=61))
    look(repository, requests={"rows": rows}, ago=10)
    assert present(repository) == {cause}
    assert in_it(repository, "expected") == {9, 11, 13, 14, 15}


def test_a_call_that_is_in_both_logs_was_not_intercepted(
    repository: Repository,
) -> None:
    rows = [sent("portal.example", _api(repository), 401)]
    look(repository, requests={"rows": rows}, ago=10)
    call(repository, "solutions.search", "token_audience", ago=61)
    assert present(repository) == {"token_audience"}


def test_a_later_token_or_call_says_that_the_way_is_free(
    repository: Repository,
) -> None:
    path = "/tenant/oauth2/token"
    rows = [sent(LOGIN, path, 401, ago=3000), sent(LOGIN, path, 200, ago=2000)]
    look(repository, requests={"rows": rows})
    assert present(repository) == set()
    look(repository, requests={"rows": rows[:1]}, ago=10)
    assert present(repository) == {"entra_refuses"}
    call(repository, "solutions.search")
    assert present(repository) == set()


def test_without_any_call_it_cannot_be_told_and_the_guide_is_evidence(
    repository: Repository,
) -> None:
    diagnosis = Diagnosis(repository)
    assert diagnosis.present == []
    unknown = {"no_call", "completion_missing", "entra_refuses", "ui_action_missing"}
    assert unknown <= {one.id for one in diagnosis.open}
    assert set(verdicts(repository).values()) == {"unknown"}
    lines = [line.text for line in diagnosis.findings["completion_missing"].evidence]
    assert "The guide's step “Complete the integration” is not ticked." in lines
    assert "The instance was not asked yet: select Check again." in lines


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insights", "With Insights only the portal never calls the instance"),
        ("nobody_looks", "the Rest user does not get in"),
        ("hidden", "may not see sys_properties"),
        ("out_of_time", "so slow"),
        ("hibernating", "asleep"),
    ],
)
def test_an_instance_that_cannot_be_looked_at_says_why(
    code: str, words: str, repository: Repository
) -> None:
    look(repository, properties={"code": code, "table": "sys_properties"})
    finding = Diagnosis(repository).findings["connector_url_missing"]
    assert finding.verdict == "unknown"
    assert words in finding.evidence[0].text


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        ("stopped", "acl", "write_refused"),
        ("waiting", "basic_rejected", "write_unauthorized"),
        ("queued", "timeout", "write_unreachable"),
    ],
)
def test_a_note_that_is_held_up_is_told_in_the_words_of_the_instance(
    status: str, code: str, cause: str, repository: Repository
) -> None:
    case = ServiceRequestFactory(repository=repository, tenant=repository.tenant)
    RequestDeliveryFactory(request=case, status="delivered")
    held = RequestDeliveryFactory(
        request=case, status=status, error_code=code, error_words="Update Failed"
    )
    assert present(repository) == {cause}
    assert in_it(repository, "expected") == {16}
    [finding] = Diagnosis(repository).present
    assert [line.words for line in finding.evidence] == ["Update Failed"]
    assert case.reference in finding.evidence[0].text
    type(held).objects.update(status="delivered", error_code="")
    assert present(repository) == set()
    call(repository, "health.search")
    assert verdicts(repository)[16] == "absent"


def test_a_note_that_was_queued_just_now_is_not_held_up(
    repository: Repository,
) -> None:
    case = ServiceRequestFactory(repository=repository, tenant=repository.tenant)
    RequestDeliveryFactory(request=case)
    assert present(repository) == set()


def test_a_rest_user_who_does_not_get_in_will_not_write(
    repository: Repository,
) -> None:
    repository.checks.create(
        check_id="sign_in",
        verdict="failed",
        code="basic_rejected",
        checked_at=timezone.now(),
    )
    call(repository, "health.search")
    assert present(repository) == {"write_unauthorized"}


def test_a_save_that_failed_is_over_when_one_succeeds(repository: Repository) -> None:
    call(repository, "requests.open", "save_failed", ago=60)
    assert present(repository) == {"save_failed"}
    assert in_it(repository) == {16}
    call(repository, "requests.open", ago=30)
    assert present(repository) == set()


@pytest.mark.parametrize(
    ("check_id", "verdict", "code", "cause", "numbers"),
    [
        ("oauth_profile", "failed", "absent", "oauth_profile_absent", {2, 4, 6}),
        ("cross_scope", "failed", "closed", "cross_scope_closed", {2, 4, 6}),
        ("roles", "warning", "nobody", "nobody_has_role", {1}),
        (
            *("outbound_token", "failed", "graph_secret_wrong", "entra_refuses"),
            {9, 11, 13, 14, 15},
        ),
        (
            *("outbound_entity", "failed", "other_token_url"),
            *("outbound_provider_wrong", {9, 11, 13, 14, 15}),
        ),
    ],
)
def test_a_failed_check_is_evidence_until_a_call_proves_the_contrary(
    check_id: str,
    verdict: str,
    code: str,
    cause: str,
    numbers: set[int],
    repository: Repository,
) -> None:
    run = look(repository)
    repository.checks.create(
        check_id=check_id,
        verdict=verdict,
        code=code,
        checked_at=run.finished_at,
        evidence="its own words",
    )
    assert present(repository) == {cause}
    assert in_it(repository, "expected") == numbers
    [finding] = Diagnosis(repository).present
    assert "its own words" in [line.words for line in finding.evidence]
    call(repository, "health.search")
    assert present(repository) == set()


def test_a_check_that_could_not_look_says_less_than_a_call_before_it(
    repository: Repository,
) -> None:
    call(repository, "solutions.search")
    look(repository)
    repository.checks.create(
        check_id="outbound_entity",
        verdict="unknown",
        code="hidden",
        facts={"table": "oauth_entity"},
        checked_at=timezone.now(),
    )
    finding = Diagnosis(repository).findings["outbound_provider_wrong"]
    assert finding.verdict == "absent"
    assert [line.code for line in finding.evidence] == ["call_came"]


def test_calls_of_another_repository_say_nothing(repository: Repository) -> None:
    other = RepositoryFactory(tenant=repository.tenant)
    call(other, "solutions.search", "token_audience")
    case = ServiceRequestFactory(repository=other, tenant=other.tenant)
    RequestDeliveryFactory(request=case, status="stopped", error_code="acl")
    assert present(repository) == set()
    assert not any(row.seen for row in Diagnosis(repository).rows)


def test_the_rows_are_those_of_the_guide_word_for_word() -> None:
    messages = {one.message for one in SITUATIONS if one.message}
    assert messages == {
        "Please contact your ServiceNow admin and ask them to complete the setup steps for the app.",
        "Please contact your ServiceNow admin and ask them to complete the final set up step for the app.",
        "{EmailAddress} is not a valid Microsoft 365 admin account. You need Microsoft 365 admin privileges to open a service request. In the app, link the admin account.",
        "Please contact app support.",
        "Unable to save ticket details. Please contact App support.",
    }
    looks = {
        one.number: " ".join(look.id for look in one.by_hand) for one in SITUATIONS
    }
    assert looks == {
        **dict.fromkeys([2, 3, 4, 5, 6, 7, 8, 10, 12], "D1"),
        **dict.fromkeys([9, 11, 13], "D2"),
        **dict.fromkeys([14, 15], "D3"),
        1: "view D3",
        16: "form",
    }


def searched(repository: Repository, sys_id: str, number: str) -> Search:
    return Search.objects.create(
        tenant=repository.tenant,
        repository=repository,
        incident=sys_id,
        incident_number=number,
    )


def test_an_incident_of_a_copied_instance_is_recorded_elsewhere(
    repository: Repository,
) -> None:
    other = RepositoryFactory(tenant=repository.tenant, repository_id="production")
    searched(other, "a" * 32, "INC1")
    searched(repository, "b" * 32, "INC1")
    assert present(repository) == set()
    searched(repository, "a" * 32, "INC1")
    finding = Diagnosis(repository).findings["recorded_elsewhere"]
    assert finding.situations == (14,)
    assert "production" in finding.evidence[0].text


def test_an_incident_that_was_imported_again_is_recorded_under_two_names(
    repository: Repository,
) -> None:
    ServiceRequestFactory(
        tenant=repository.tenant,
        repository=repository,
        incident_sys_id="a" * 32,
        incident_number="INC1",
    )
    assert present(repository) == set()
    searched(repository, "b" * 32, "INC1")
    assert present(repository) == {"recorded_elsewhere"}
    assert in_it(repository, "expected") == {15}


def test_an_incident_of_another_organisation_is_nobodys_business(
    repository: Repository, other_tenant: Tenant
) -> None:
    searched(RepositoryFactory(tenant=other_tenant), "a" * 32, "INC1")
    searched(repository, "a" * 32, "INC1")
    assert present(repository) == set()


def test_every_cause_leads_to_pages_that_exist(repository: Repository) -> None:
    for cause_id in CAUSES:
        finding = Diagnosis(repository).findings[cause_id]
        label, href = places.page_of(finding, repository)
        assert bool(label) == bool(href) == bool(finding.cause.page)
        assert all("%(" not in step.plain for step in finding.steps)
        assert finding.told


def test_keys_that_cannot_be_fetched_are_told_before_any_call_comes(
    repository: Repository, integration: SupportIntegration
) -> None:
    known = signing_keys.of(integration.directory)
    assert present(repository) == set()
    known.error_code, known.error_words = "unknown_host", "Name not known"
    known.tried_at = timezone.now()
    known.save()
    [finding] = Diagnosis(repository).present
    assert finding.id == "signing_keys_unavailable"
    assert finding.evidence[-1].words == "Name not known"
    known.keys = [{"kid": "k1"}]
    known.save()
    assert present(repository) == set()
    call(repository, "solutions.search", "token_signature")
    [finding] = Diagnosis(repository).present
    assert "The portal knows 1 key(s)" in finding.evidence[-2].text


def test_what_an_agent_entered_is_no_fault_of_the_script(
    repository: Repository,
) -> None:
    call(repository, "requests.open", "invalid_request")
    assert present(repository) == set()
    assert not any(row.seen for row in Diagnosis(repository).rows)


def test_a_failure_that_no_agent_sees_is_told_all_the_same(
    repository: Repository,
) -> None:
    call(repository, "solutions.feedback", "unexpected_error")
    [finding] = Diagnosis(repository).present
    assert (finding.id, finding.situations) == ("unexpected_error", ())


def test_tokens_that_other_integrations_are_refused_say_nothing(
    repository: Repository, integration: SupportIntegration
) -> None:
    mine = f"/{integration.directory}/oauth2/token"
    look(
        repository,
        requests={
            "rows": [
                sent(LOGIN, "/of-another/oauth2/token", 401, ago=60),
                # Another application of the same directory: ours has a token.
                sent(LOGIN, mine, 401, ago=120),
                sent(LOGIN, mine, 200, ago=1200),
            ]
        },
        ago=10,
    )
    assert present(repository) == set()
    rows = [sent(LOGIN, mine, 401, ago=120), sent(LOGIN, mine, 200, ago=7200)]
    look(repository, requests={"rows": rows}, ago=5)
    assert present(repository) == {"entra_refuses"}


def test_calls_for_a_repository_that_was_removed_are_told_by_where_they_come_from(
    repository: Repository,
) -> None:
    """It was added again since: the app still calls the address of the old one."""
    removed = RepositoryFactory(tenant=repository.tenant)
    call(removed, "solutions.search", ago=900)
    removed.delete()
    stray = {"tenant": None, "status": 404, "address": "/api/of-the-removed"}
    other = {**stray, "ip_address": "198.51.100.9"}
    call(None, "unknown", "repository_unknown", ago=60, **other)
    assert present(repository) == set()
    call(None, "unknown", "repository_unknown", ago=60, **stray)
    [finding] = Diagnosis(repository).present
    assert finding.id == "address_wrong"
    assert "/api/of-the-removed" in finding.told
    call(repository, "health.search", ago=30)
    assert present(repository) == set()
