"""The access to Microsoft Graph: entered, checked over the wire, explained."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import connection as database
from django.test.utils import override_settings
from django.utils import timezone

from connector import tasks as connector_tasks
from connector.graph import access, check
from connector.models import AuditEvent, GraphAccess
from connector.sandbox import graph_directory
from connector.sandbox.controls import TENANT_ID
from portal.score import sync
from portal.score.models import ControlProfile, ScoreSync, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

    SignIn = Callable[[User], Client]

PAGE = "/settings/graph/"
APPLICATION = "0f6f1a35-1111-4222-8333-944455556666"
SECRET = "value-of-the-secret"
FORM = {
    "directory_id": TENANT_ID.upper(),
    "client_id": APPLICATION,
    "credential": "secret",
    "client_secret": SECRET,
}
READ, WRITE, HEALTH, MESSAGES = (
    "SecurityEvents.Read.All",
    "SecurityEvents.ReadWrite.All",
    "ServiceHealth.Read.All",
    "ServiceMessage.Read.All",
)


@pytest.fixture
def entered(tenant: Tenant, graph_server: GraphServer) -> GraphAccess:
    """An access with a secret; its directory names permissions in its tokens."""
    graph_directory.change({"roles": [READ]})
    return GraphAccess.objects.create(
        tenant=tenant,
        directory_id=TENANT_ID,
        client_id=APPLICATION,
        client_secret=SECRET,
    )


def _pem(days: int = 100) -> tuple[str, str, str]:
    """Return a certificate, its key and its thumbprint as tokens name it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    digest = base64.urlsafe_b64encode(made.fingerprint(hashes.SHA256()))
    public = made.public_bytes(serialization.Encoding.PEM)
    return public.decode(), private.decode(), digest.decode().rstrip("=")


@pytest.fixture(scope="module")
def pem() -> tuple[str, str, str]:
    return _pem()


def _verdicts(tenant_access: GraphAccess) -> dict[str, str]:
    return {f.id: f.verdict for f in check.stored(tenant_access)}


def _checked(tenant_access: GraphAccess) -> GraphAccess:
    connector_tasks.check_graph(tenant_access.pk)
    tenant_access.refresh_from_db()
    return tenant_access


def test_what_was_entered_is_stored_encrypted_and_never_shown(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    response = client.post(PAGE, FORM, follow=True)
    assert "Saved. The access is checked now." in response.text
    assert SECRET not in response.text
    stored = GraphAccess.objects.get()
    assert (stored.directory_id, stored.client_secret) == (TENANT_ID, SECRET)
    assert stored.status == GraphAccess.Status.CHECKING
    with database.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM connector_graphaccess")
        assert SECRET not in cursor.fetchone()[0]
    event = AuditEvent.objects.get(action="graph.entered")
    assert (event.actor, event.target) == (admin, APPLICATION)
    assert SECRET not in str(event.facts)


def test_an_empty_secret_keeps_the_stored_one(
    entered: GraphAccess, admin: User, client_for: SignIn
) -> None:
    day = timezone.localdate() + timedelta(days=200)
    form = FORM | {"client_secret": "", "expires_on": day.isoformat()}
    assert client_for(admin).post(PAGE, form).status_code == 302
    entered.refresh_from_db()
    assert (entered.client_secret, entered.expires_on) == (SECRET, day)


def test_another_application_needs_its_own_secret(
    entered: GraphAccess, admin: User, client_for: SignIn
) -> None:
    other = "11111111-1111-4222-8333-944455556666"
    form = FORM | {"client_id": other, "client_secret": ""}
    response = client_for(admin).post(PAGE, form)
    assert response.status_code == 422
    assert "Enter the client secret." in response.text
    assert other in response.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directory_id": ""}, "Enter the directory (tenant) ID."),
        ({"directory_id": "contoso.com"}, "This is not an ID"),
        ({"client_id": "portal"}, "This is not an ID"),
        ({"client_secret": ""}, "Enter the client secret."),
        ({"credential": "magic"}, "magic"),
        ({"credential": "certificate"}, "This is not a certificate in PEM format"),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
    ids=str,
)
def test_what_cannot_be_is_named_and_nothing_typed_is_lost(
    tenant: Tenant,
    admin: User,
    client_for: SignIn,
    change: dict[str, str],
    words: str,
) -> None:
    response = client_for(admin).post(PAGE, FORM | change)
    assert response.status_code == 422
    assert words in response.text
    assert SECRET not in response.text
    kept = (FORM | change)["client_id"]
    assert f'value="{kept}"' in response.text
    assert not GraphAccess.objects.get().is_entered


def test_another_directory_than_the_scores_is_refused(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    tenant.microsoft_tenant_id = "22222222-3333-4444-5555-666666666666"
    tenant.save()
    response = client_for(admin).post(PAGE, FORM)
    assert response.status_code == 422
    assert "Another directory is another organization." in response.text


def test_a_certificate_is_read_and_the_secret_goes(
    entered: GraphAccess, admin: User, client_for: SignIn, pem: tuple[str, str, str]
) -> None:
    form = {**FORM, "credential": "certificate", "certificate": pem[0]}
    client = client_for(admin)
    response = client.post(PAGE, form | {"private_key": pem[1]}, follow=True)
    entered.refresh_from_db()
    assert (entered.client_secret, entered.certificate) == ("", pem[0].strip())
    assert len(entered.thumbprint) == 40
    assert entered.expires_on == timezone.now().date() + timedelta(days=100)
    assert entered.thumbprint in response.text
    assert "PRIVATE KEY-----\n" not in response.text
    # Both empty keep what is stored.
    kept = {**FORM, "credential": "certificate"}
    assert client.post(PAGE, kept).status_code == 302
    entered.refresh_from_db()
    assert entered.private_key == pem[1].strip()


def test_a_key_of_another_certificate_is_refused(
    tenant: Tenant, admin: User, client_for: SignIn, pem: tuple[str, str, str]
) -> None:
    form = {**FORM, "credential": "certificate", "certificate": _pem()[0]}
    response = client_for(admin).post(PAGE, form | {"private_key": pem[1]})
    assert response.status_code == 422
    assert "This private key belongs to another certificate." in response.text
    assert form["certificate"].splitlines()[1] in response.text
    assert pem[1].splitlines()[1] not in response.text


def test_an_expired_certificate_is_refused(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    certificate, key, _thumbprint = _pem(days=-1)
    form = {**FORM, "credential": "certificate", "certificate": certificate}
    response = client_for(admin).post(PAGE, form | {"private_key": key})
    assert "This certificate has expired." in response.text


def test_removing_forgets_the_secrets(
    entered: GraphAccess, admin: User, client_for: SignIn
) -> None:
    client_for(admin).post(f"{PAGE}remove/")
    entered.refresh_from_db()
    assert (entered.client_id, entered.client_secret) == ("", "")
    assert AuditEvent.objects.get(action="graph.removed").target == APPLICATION


def test_a_check_asks_microsoft_and_says_what_is_granted(
    entered: GraphAccess, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    assert client.post(f"{PAGE}check/").status_code == 302
    assert "Asking Microsoft" in client.get(f"{PAGE}status/").text
    checked = _checked(GraphAccess.objects.get())
    assert _verdicts(checked) == {
        "sign_in": "ok",
        READ: "ok",
        WRITE: "warning",
        HEALTH: "warning",
        MESSAGES: "warning",
        "read": "ok",
        "directory": "ok",
    }
    assert (checked.status, checked.permissions_found) == ("working", [READ])
    text = client.get(f"{PAGE}status/").text
    assert "The access works" in text
    assert f"select {WRITE}, then Grant admin consent" in text
    assert "hx-trigger" not in text


@pytest.mark.parametrize(
    ("change", "code", "words", "repair"),
    [
        (
            {"secret": "expired"},
            "graph_secret_expired",
            "AADSTS7000222",
            "Client secrets > New client secret",
        ),
        (
            {"secret": "wrong"},
            "graph_secret_wrong",
            "AADSTS7000215",
            "Enter the secret&#x27;s Value, not its Secret ID",
        ),
        (
            {"roles": []},
            "graph_forbidden",
            "Allowed scopes: SecurityEvents.Read.All",
            "select SecurityEvents.Read.All, then Grant admin consent",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_trouble_is_named_in_microsofts_words_with_its_repair(
    entered: GraphAccess,
    admin: User,
    client_for: SignIn,
    change: dict[str, Any],
    code: str,
    words: str,
    repair: str,
) -> None:
    graph_directory.change(change)
    failed = _checked(entered)
    assert (failed.status, failed.last_error_code) == ("failing", code)
    assert words in failed.last_error_words
    assert SECRET not in str(failed.findings)
    text = client_for(admin).get(PAGE).text
    assert words in text
    assert repair.replace(" > ", " &gt; ") in text


def test_an_unknown_directory_is_told_apart(entered: GraphAccess) -> None:
    entered.directory_id = "99999999-7a3e-4c8f-9a64-2f0e6d93c1ab"
    entered.save()
    failed = _checked(entered)
    assert failed.last_error_code == "graph_tenant_unknown"
    assert "AADSTS90002" in failed.last_error_words


def test_an_unknown_application_is_told_apart(
    entered: GraphAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_GRAPH_CLIENT_ID", "another")
    failed = _checked(entered)
    assert failed.last_error_code == "graph_application_unknown"
    assert "AADSTS700016" in failed.last_error_words


def test_a_score_of_another_directory_fails_the_check(
    entered: GraphAccess, graph_server: GraphServer
) -> None:
    row = {"createdDateTime": "2026-11-20T00:00:00Z", "azureTenantId": "other"}
    graph_server.say("secureScores", {"value": [row]})
    failed = _checked(entered)
    assert failed.last_error_code == "graph_other_tenant"
    assert _verdicts(failed)["directory"] == "failed"


def test_a_certificate_signs_in(
    entered: GraphAccess, pem: tuple[str, str, str]
) -> None:
    GraphAccess.objects.update(client_secret="", private_key=pem[1], certificate=pem[0])
    failed = _checked(entered)
    assert failed.last_error_code == "graph_certificate_refused"
    assert "AADSTS700027" in failed.last_error_words
    graph_directory.change({"certificate": pem[2]})
    assert _checked(entered).status == "working"


def test_an_opaque_token_is_judged_by_what_it_reads(entered: GraphAccess) -> None:
    graph_directory.change({"roles": None})
    checked = _checked(entered)
    assert checked.permissions_found is None
    assert (_verdicts(checked)[READ], _verdicts(checked)["read"]) == ("unknown", "ok")


def test_a_check_of_details_changed_meanwhile_is_dropped(entered: GraphAccess) -> None:
    GraphAccess.objects.update(asked_at=timezone.now())
    check.run(entered)
    entered.refresh_from_db()
    assert (entered.checked_at, entered.findings) == (None, [])


def test_the_environments_access_is_checked_as_well(
    tenant: Tenant, graph_server: GraphServer, admin: User, client_for: SignIn
) -> None:
    page = client_for(admin).get(PAGE).text
    assert "Those of the environment" in page
    assert _checked(GraphAccess.objects.get()).status == "working"


def test_the_environment_is_for_the_oldest_organisation_alone(
    tenant: Tenant, other_tenant: Tenant, graph_server: GraphServer
) -> None:
    assert access.credentials_for(tenant).is_complete
    assert not access.credentials_for(other_tenant).is_complete


def test_the_environment_is_for_the_organisation_of_its_directory(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    for row, directory in ((tenant, "other"), (other_tenant, TENANT_ID)):
        row.microsoft_tenant_id = directory
        row.save()
    with override_settings(
        GRAPH_TENANT_ID=TENANT_ID, GRAPH_CLIENT_ID="app", GRAPH_CLIENT_SECRET="x"
    ):
        assert not access.credentials_for(tenant).is_complete
        assert access.credentials_for(other_tenant).is_complete


def test_a_sync_uses_what_was_entered_and_names_what_is_missing(
    entered: GraphAccess, tenant: Tenant
) -> None:
    graph_directory.change({"roles": [HEALTH]})
    sync.run(tenant)
    failed = ScoreSync.objects.get()
    assert failed.error_code == "graph_forbidden"
    # Once it is granted, a token that is still kept must not be in the way.
    graph_directory.change({"roles": [READ]})
    ScoreSync.objects.update(due_at=timezone.now())
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == ""
    assert Snapshot.objects.count() == 90


def test_a_check_that_succeeds_starts_a_sync_that_had_failed(
    entered: GraphAccess, tenant: Tenant
) -> None:
    later = timezone.now() + timedelta(hours=1)
    ScoreSync.objects.create(
        tenant=tenant, error_code="graph_secret_expired", due_at=later
    )
    _checked(entered)
    assert ScoreSync.objects.due().exists()


def test_hundreds_of_profiles_come_page_by_page(
    entered: GraphAccess, tenant: Tenant, graph_server: GraphServer
) -> None:
    graph_directory.change({"profiles": 417})
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == ""
    pages = [r for r in graph_server.seen if r.path.endswith("ControlProfiles")]
    assert len(pages) == 9
    profiles = ControlProfile.objects.for_tenant(tenant)
    # The two that are scored without a profile stand beside them.
    assert profiles.count() == 419
    levels = set(profiles.values_list("user_impact", flat=True))
    assert levels == {"low", "moderate", "high", "unknown"}


def test_the_end_of_a_secret_is_announced_to_who_can_renew_it(
    entered: GraphAccess, admin: User, reader: User, client_for: SignIn
) -> None:
    ScoreSync.objects.create(tenant=entered.tenant)
    GraphAccess.objects.update(expires_on=timezone.localdate() + timedelta(days=9))
    words = "The access to Microsoft Graph ends soon"
    assert words in client_for(admin).get("/securescore/").text
    assert words not in client_for(reader).get("/securescore/").text
    assert "expires soon" in client_for(admin).get(PAGE).text
    GraphAccess.objects.update(expires_on=timezone.localdate() - timedelta(days=1))
    assert "has expired" in client_for(admin).get(PAGE).text


def test_another_organisations_access_is_not_touched(
    entered: GraphAccess, outsider: User, client_for: SignIn
) -> None:
    client = client_for(outsider)
    assert APPLICATION not in client.get(PAGE).text
    client.post(f"{PAGE}remove/")
    entered.refresh_from_db()
    assert entered.client_secret == SECRET
