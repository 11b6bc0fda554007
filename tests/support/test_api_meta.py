"""The self-test of the connector API, and how its answers look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.calling import Instance
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db


def test_the_app_learns_how_its_repository_is_set_up(calling: Instance) -> None:
    answer = calling.get()
    assert answer.status_code == 200
    said = answer.json()
    assert said.pop("server_time").endswith("+00:00")
    assert said == {
        "repository_id": calling.repository.repository_id,
        "organization": "Contoso Electronics",
        "setup": "basic",
        "features": ["health", "solutions", "requests"],
        "is_test": False,
        "is_complete": True,
        "app_id": "7595e20f-39a8-4fcb-b865-f64d6663fc5f",
        "version": "1",
    }


def test_the_self_test_needs_no_role_and_no_complete_repository(
    calling: Instance, integration: SupportIntegration
) -> None:
    calling.roles = ""
    integration.basic_auth_allowed = False
    integration.save()
    answer = calling.get()
    assert answer.status_code == 200
    assert answer.json()["is_complete"] is False
    assert answer.json()["setup"] == "aad"
