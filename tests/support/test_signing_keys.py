"""The keys tokens are verified with: fetched by workers, kept, renewed when one is new."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery import current_app
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from connector import signing_keys, tasks
from connector.entra import keys, metadata
from connector.entra_models import SigningKeys
from connector.exceptions import ConnectorError
from tests.factories import SupportIntegrationFactory
from tests.support.calling import Instance, know_the_keys
from tests.support.entra import DIRECTORY, KEY, LOGIN, public
from tickets.support import configuration
from tickets.support import tasks as support_tasks
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant
    from tests.support.entra import Directory, Loopback
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db
NEW_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PERSONAL = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
BY_NAME = "https://login.microsoftonline.com/contoso.com"


@pytest.fixture
def rolled(calling: Instance, directory: Directory) -> Instance:
    """An instance whose tokens are signed with a key the portal does not know yet."""
    know_the_keys(calling.directory, timezone.now() - timedelta(minutes=2))
    calling.directory = directory
    directory.key, directory.kid = NEW_KEY, "k2"
    return calling


def error_of(answer: Any) -> tuple[int, str, str]:
    code = answer.json()["error"]["code"]
    return answer.status_code, code, answer.headers.get("Retry-After", "")


def waiting() -> list[list[int]]:
    """Return what workers were asked to fetch, and take it away."""
    found = []
    with current_app.connection_for_write() as broker:
        queue = broker.SimpleQueue("portal")
        while queue.qsize():
            message = queue.get_nowait()
            message.ack()
            if message.headers["task"] == "connector.tasks.fetch_signing_keys":
                found.append(message.payload[0])
        queue.close()
    return found


def work() -> None:
    """Do what a worker would."""
    for arguments in waiting():
        tasks.fetch_signing_keys(*arguments)


def age(known: SigningKeys, **fields: timedelta) -> None:
    """Have moments lie further back."""
    known.refresh_from_db()
    for name, span in fields.items():
        setattr(known, name, getattr(known, name) - span)
    known.save()


def test_a_new_key_is_fetched_and_then_accepted(
    rolled: Instance, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    waiting()
    with django_capture_on_commit_callbacks(execute=True):
        assert error_of(rolled.get()) == (503, "signing_keys_pending", "2")
        # Until it is there nobody asks again.
        assert error_of(rolled.get()) == (503, "signing_keys_pending", "2")
    work()
    assert rolled.get().status_code == 200
    assert waiting() == []


def test_a_key_that_is_unknown_after_the_fetch_is_none_of_the_directory(
    rolled: Instance, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        rolled.get()
    work()
    rolled.directory.kid = "k3"
    with django_capture_on_commit_callbacks(execute=True):
        assert error_of(rolled.get())[:2] == (401, "token_signature")
    assert waiting() == []
    # A minute later it may be a new one again.
    minute = timedelta(seconds=61)
    age(signing_keys.of(DIRECTORY), fetched_at=minute, requested_at=minute)
    assert error_of(rolled.get())[:2] == (503, "signing_keys_pending")


def test_old_keys_stay_good_while_the_authority_is_away(
    calling: Instance, directory: Directory
) -> None:
    known = know_the_keys(calling.directory, timezone.now() - timedelta(days=2))
    directory.metadata_status = 503
    signing_keys.fetch(known)
    known.refresh_from_db()
    assert known.error_code == "server_error"
    assert "AADSTS90002" in known.error_words
    assert known.keys
    assert calling.get().status_code == 200


def test_an_authority_that_is_away_is_told_apart_from_a_fetch_under_way(
    rolled: Instance, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    rolled.directory.metadata_status = 404
    with django_capture_on_commit_callbacks(execute=True):
        rolled.get()
    work()
    status, code, wait = error_of(rolled.get())
    assert (status, code) == (503, "signing_keys_unavailable")
    assert 50 <= int(wait) <= 60
    newest = ConnectorCall.objects.first()
    assert newest
    assert "directory_unknown" in newest.words


def test_before_the_first_fetch_a_call_waits_for_it(
    calling: Instance,
    directory: Directory,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    SigningKeys.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert error_of(calling.get())[:2] == (503, "signing_keys_pending")
    work()
    assert calling.get().status_code == 200
    known = SigningKeys.objects.get()
    assert known.tenant_id == DIRECTORY
    assert known.issuers == [f"{LOGIN}/v2.0", f"https://sts.windows.net/{DIRECTORY}/"]


def test_a_broken_broker_does_no_harm(
    rolled: Instance,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    def no_broker(*_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(signing_keys.current_app, "send_task", no_broker)
    with django_capture_on_commit_callbacks(execute=True):
        assert error_of(rolled.get())[:2] == (503, "signing_keys_pending")


def test_a_directory_may_be_entered_as_a_domain(
    calling: Instance,
    directory: Directory,
    integration: SupportIntegration,
    mocked: Any,
) -> None:
    integration.directory_id = "Contoso.com"
    integration.save()
    directory.answer_on(mocked, BY_NAME)
    signing_keys.fetch(signing_keys.of("Contoso.com"))
    known = SigningKeys.objects.get(directory="contoso.com")
    assert known.tenant_id == DIRECTORY
    assert calling.get().status_code == 200
    foreign = directory.application_token(tid="contoso.com")
    assert calling.get(token=foreign).json()["error"]["code"] == "token_tenant"


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://sts.windows.net/{tenantid}/"},
        {"issuer": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"},
    ],
    ids=["of any directory", "of another one"],
)
def test_metadata_of_another_directory_is_not_taken(
    directory: Directory, changed: dict[str, str]
) -> None:
    directory.metadata = changed
    known = signing_keys.of(DIRECTORY)
    signing_keys.fetch(known)
    known.refresh_from_db()
    assert (known.error_code, known.keys) == ("metadata_incomplete", [])


def usual() -> dict[str, Any]:
    return public(KEY, "k1")


def elliptic() -> dict[str, Any]:
    made = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**json.loads(ECAlgorithm.to_jwk(made)), "kid": "k1"}


def short() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    return public(key, "k1")


@pytest.mark.parametrize(
    "odd",
    [
        lambda: {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"},
        elliptic,
        short,
        lambda: {**usual(), "use": "enc"},
        lambda: {**usual(), "alg": "RS512"},
        lambda: {**usual(), "kid": None},
        lambda: {**usual(), "n": "!"},
        lambda: {**usual(), "e": 65537},
        lambda: "k1",
    ],
    ids=["secret", "EC", "1024", "enc", "RS512", "no kid", "no n", "odd e", "text"],
)
def test_keys_of_no_use_are_ignored(odd: Callable[[], Any]) -> None:
    assert keys.usable([odd(), public(NEW_KEY, "k2")]) == [public_parts("k2")]


def public_parts(kid: str) -> dict[str, Any]:
    whole = public(NEW_KEY, kid)
    return {name: whole[name] for name in ("kty", "kid", "n", "e")}


def test_a_private_key_is_not_kept() -> None:
    whole = {**json.loads(RSAAlgorithm.to_jwk(NEW_KEY)), "kid": "k2"}
    assert keys.usable([whole]) == [public_parts("k2")]


def test_the_keys_of_personal_accounts_vouch_for_nobody(
    calling: Instance, directory: Directory
) -> None:
    directory.other_keys = [
        {**public(NEW_KEY, "personal"), "issuer": PERSONAL},
        {
            **public(NEW_KEY, "anybody"),
            "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
        },
    ]
    known = signing_keys.of(DIRECTORY)
    signing_keys.fetch(known)
    known.refresh_from_db()
    assert {key["kid"] for key in known.keys} == {"k1", "anybody"}
    # Named by one document, it is not let in by the other one either.
    told = [keys.usable([{**public(NEW_KEY, "k"), "issuer": PERSONAL}])]
    told.append(keys.usable([public(NEW_KEY, "k")]))
    assert keys.of_directory(told, DIRECTORY, known.issuers) == []


def test_an_empty_set_does_not_replace_good_keys(directory: Directory) -> None:
    known = know_the_keys(directory)
    directory.keys = lambda: {"keys": [{"kty": "oct"}]}  # type: ignore[method-assign]
    signing_keys.fetch(known)
    known.refresh_from_db()
    assert known.error_code == "metadata_incomplete"
    assert [key["kid"] for key in known.keys] == ["k1"]


def test_a_stand_in_over_http_is_believed_where_it_is_the_authority(
    calling: Instance, loopback: Loopback, settings: SettingsWrapper
) -> None:
    settings.ENTRA_AUTHORITY = loopback.url
    signing_keys.fetch(signing_keys.of(DIRECTORY))
    assert calling.get().status_code == 200


def test_keys_over_http_are_refused_of_the_real_authority(
    directory: Directory, loopback: Loopback
) -> None:
    directory.metadata = {"jwks_uri": f"{loopback.url}/keys"}
    with pytest.raises(ConnectorError, match="metadata_incomplete"):
        metadata.fetch(metadata.address("https://login.microsoftonline.com", DIRECTORY))


def test_the_beat_asks_for_every_directory_of_an_integration(
    integration: SupportIntegration, other_tenant: Tenant
) -> None:
    SupportIntegrationFactory(tenant=other_tenant, directory_id="Fabrikam.com")
    support_tasks.fetch_signing_keys_due()
    asked = SigningKeys.objects.exclude(requested_at=None)
    assert {row.directory for row in asked} == {DIRECTORY, "fabrikam.com"}


def test_settings_that_name_a_directory_have_its_keys_fetched(
    tenant: Tenant, admin: User
) -> None:
    configuration.change(tenant, {"admin_email": "a@contoso.example"}, actor=admin)
    assert not SigningKeys.objects.exists()
    configuration.change(tenant, {"directory_id": "contoso.com"}, actor=admin)
    assert SigningKeys.objects.get().requested_at


def test_a_directory_is_asked_once_a_minute_at_most(integration: Any) -> None:
    known = signing_keys.of(DIRECTORY)
    assert signing_keys.ask(known)
    assert not signing_keys.ask(known)
    age(known, requested_at=timedelta(seconds=61))
    assert signing_keys.ask(known)


def test_a_clock_that_was_set_back_does_not_keep_new_keys_away(
    rolled: Instance, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    ahead = -timedelta(days=1)
    age(
        signing_keys.of(DIRECTORY),
        fetched_at=ahead,
        requested_at=ahead,
        tried_at=ahead,
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert error_of(rolled.get())[:2] == (503, "signing_keys_pending")
    work()
    assert rolled.get().status_code == 200
    known = signing_keys.of(DIRECTORY)
    known.requested_at = timezone.now() + timedelta(days=1)
    assert signing_keys.pause_left(known) <= 60
