"""Every wrong setting is named, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"SITE_URL": "portal.example.com"}, {"portal.E001"}),
        ({"SITE_URL": "https://testserver/portal"}, {"portal.E001"}),
        ({"SITE_URL": "https://portal.example.com"}, {"portal.E002"}),
        ({"SITE_URL": "http://testserver"}, {"portal.W002"}),
        ({"SITE_URL": "https://testserver"}, set()),
        ({"SITE_URL": "http://127.0.0.1:8765"}, set()),
        ({"SITE_URL": "http://localhost:8765"}, set()),
        ({"ENTRA_TENANT_ID": "common", "ENTRA_CLIENT_ID": "x"}, {"portal.E003"}),
        ({"ENTRA_TENANT_ID": "Organizations", "ENTRA_CLIENT_ID": "x"}, {"portal.E003"}),
        ({"ENTRA_TENANT_ID": "5f1f…", "ENTRA_CLIENT_ID": ""}, {"portal.W001"}),
        ({"ENTRA_TENANT_ID": "5f1f…", "ENTRA_CLIENT_ID": "x"}, set()),
        ({"ENTRA_AUTHORITY": "http://127.0.0.1:8766/entra"}, {"portal.E004"}),
        (
            {
                "ENTRA_AUTHORITY": "http://127.0.0.1:8766/entra",
                "SERVICENOW_SANDBOX_URL": "http://127.0.0.1:8766",
            },
            set(),
        ),
    ],
)
def test_setting_is_checked(
    settings: Any, wrong: dict[str, str], expected: set[str]
) -> None:
    settings.SITE_URL = "https://testserver"
    for name, value in wrong.items():
        setattr(settings, name, value)
    found = [m for m in run_checks() if str(m.id).startswith("portal.")]
    assert {message.id for message in found} == expected
    assert all(message.hint for message in found)


@pytest.mark.parametrize(
    ("url", "is_embedded"),
    [("redis+socket:///var/redis.sock", True), ("redis://redis:6379/0", False)],
)
def test_embedded_redis_is_named_before_a_deployment(
    settings: Any, url: str, is_embedded: bool
) -> None:
    settings.REDIS_URL = url
    found = {message.id for message in run_checks(include_deployment_checks=True)}
    assert ("portal.W003" in found) == is_embedded


@pytest.mark.django_db
def test_keys_of_another_database_stop_the_start(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    ConnectionFactory(client_secret="a secret")
    old, new = settings.ENCRYPTION_KEYS, Fernet.generate_key().decode()

    settings.ENCRYPTION_KEYS = [new]
    with pytest.raises(SystemCheckError, match=r"connector.E003.*encrypted with other"):
        call_command("start")
    settings.ENCRYPTION_KEYS = [new, *old]
    call_command("start")
