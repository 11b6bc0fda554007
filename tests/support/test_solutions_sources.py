"""What is fetched from Microsoft is found in the search right after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.sandbox.graph_announcements import MAIL
from portal.score import guides, sync
from portal.score.models import ControlProfile
from tickets.support import health
from tickets.support.solutions import search
from tickets.support.solutions.models import Document

if TYPE_CHECKING:
    from connector.models import Tenant
    from tests.score.conftest import GraphServer

pytestmark = pytest.mark.django_db


def sources(tenant: Tenant) -> set[str]:
    rows = Document.objects.for_tenant(tenant).active()
    return set(rows.values_list("source", flat=True))


def test_a_fetch_of_service_health_renews_the_index(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    health.pull(tenant)
    assert sources(tenant) == {"service_health", "message_center"}
    [first, *_] = search.find(tenant, MAIL)
    assert first.document.key == MAIL
    assert first.document.url == f"/support/health/{MAIL}/"
    assert "MC1204525" in {
        hit.document.key for hit in search.find(tenant, "retired library")
    }


def test_a_sync_of_secure_score_brings_its_guides(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    sync.pull(tenant)
    assert sources(tenant) == {"secure_score"}
    [first, *_] = search.find(tenant, "require MFA for admins")
    assert first.document.url.startswith("/securescore/actions/")
    assert guides.put(tenant) == 0, "twice is once"
    ControlProfile.objects.filter(control_id=first.document.key).update(deprecated=True)
    guides.put(tenant)
    found = search.find(tenant, "require MFA for admins")
    assert first.document.key not in {hit.document.key for hit in found}
