"""The page for the person in trouble: what comes first, what is wrong, who mends it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from connector import runs, tasks
from connector.models import AuditEvent, ProbeRun
from connector.probes import FAILED, OK, WARNING, Finding, probes
from tests.factories import ConnectionFactory, ProbeRunFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection, Tenant
    from tests.connector.asking import World

    ClientFor = Callable[[User], Client]

pytestmark = pytest.mark.django_db
PAGE = reverse("connector:provisioning")
CHECK = reverse("connector:check")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def next_of(text: str) -> str:
    """Return the part of the page that says what to do next."""
    start = text.index('aria-labelledby="next-title"')
    return text[start : text.index("</section>", start)]


def found(*findings: Finding) -> list[dict[str, Any]]:
    return [finding.as_dict() for finding in findings]


def test_without_a_connection_the_set_up_comes_first(
    admin: User, client_for: ClientFor
) -> None:
    text = text_of(client_for(admin).get(PAGE))
    assert "Connect to ServiceNow" in next_of(text)
    assert "Open the set-up page" in next_of(text)
    # The menu leads there by another page: nothing else on this one does the same.
    assert text.count(f'href="{reverse("connector:setup")}"') == 1


def test_a_draft_is_to_be_authorized(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant, draft=True)
    text = next_of(text_of(client_for(admin).get(PAGE)))
    assert "Do this next" in text
    assert "<strong>Not yet: " in text
    assert f'action="{reverse("connector:authorize")}"' in text


@pytest.mark.parametrize("state", [{}, {"draft": True}, {"broken": True}])
def test_each_button_is_there_once(
    tenant: Tenant, admin: User, client_for: ClientFor, state: dict[str, bool]
) -> None:
    ConnectionFactory(tenant=tenant, **state)
    text = text_of(client_for(admin).get(PAGE))
    for name in ("authorize", "provisioning", "check"):
        action = f'action="{reverse(f"connector:{name}")}"'
        forms = re.findall(rf"<form[^>]*{action}.*?</form>", text, re.DOTALL)
        # A question of its own is something else than everything.
        whole = [form for form in forms if 'name="probe"' not in form]
        assert len(whole) == 1, name


def test_a_connection_nobody_looked_at_is_to_be_checked(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant)
    assert "Check everything" in next_of(text_of(client_for(admin).get(PAGE)))


def test_cards_that_are_off_are_to_be_saved(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    stored = found(Finding("awake", OK, "yes", {"host": "x"}))
    ConnectionFactory(tenant=tenant, cards_enabled=False, probes=stored)
    text = next_of(text_of(client_for(admin).get(PAGE)))
    assert "the home page shows no tickets" in text
    assert f'action="{PAGE}"' in text
    assert "Save</button>" in text


def test_the_first_failure_in_the_order_of_dependency_comes_first(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    stored = found(
        Finding("incident", FAILED, "rows_hidden", {"table": "incident"}),
        Finding("lifetime", WARNING, "not_renewable"),
        Finding(
            "address",
            FAILED,
            "ip_restricted",
            {"address": "203.0.113.7"},
            evidence="Access restricted (203.0.113.7 not authorized)",
        ),
    )
    ConnectionFactory(tenant=tenant, probes=stored)
    text = next_of(text_of(client_for(admin).get(PAGE)))

    assert "the instance saw 203.0.113.7" in text
    assert "<strong>System Security &gt; IP Address Access Control</strong>" in text
    assert 'data-copy="203.0.113.7"' in text
    assert "ServiceNow administrator" in text
    assert "nav_to.do?uri=ip_access_list.do" in text
    assert 'name="probe" value="address"' in text


def test_warnings_come_after_failures_and_success_says_so(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    warned = Finding("lifetime", WARNING, "not_renewable")
    well = Finding("awake", OK, "yes", {"host": "x"})
    connection = ConnectionFactory(tenant=tenant, probes=found(well, warned))
    client = client_for(admin)
    assert "gave no refresh token" in next_of(text_of(client.get(PAGE)))
    connection.probes = found(well)
    connection.save()
    assert "Nothing has to be done" in next_of(text_of(client.get(PAGE)))


def test_a_reader_is_told_what_is_wrong_but_gets_no_buttons(
    tenant: Tenant, reader: User, client_for: ClientFor
) -> None:
    stored = found(Finding("owner", WARNING, "other", {"user": "a", "named": "b"}))
    ConnectionFactory(tenant=tenant, probes=stored)
    text = text_of(client_for(reader).get(PAGE))
    assert "it belongs to a" in text
    assert f'action="{CHECK}"' not in text
    assert f'action="{reverse("connector:authorize")}"' not in text


def test_every_question_is_on_the_page_with_its_own_button(
    world: World, admin: User, client_for: ClientFor
) -> None:
    tasks.examine(runs.begin(world.connection).pk)
    text = text_of(client_for(admin).get(PAGE))

    for probe in probes():
        assert str(probe.question) in text.replace("&#x27;", "'")
        assert f'name="probe" value="{probe.id}"' in text
    for name in ("The way to the instance", "Tables and rights", "In the portal"):
        assert name in text
    assert text.count("Send a test ticket<span") == 2
    assert "Last checks" in text


def test_check_again_asks_one_question(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    form = {"page": "provisioning", "probe": "incident"}
    response = client_for(admin).post(CHECK, form)

    assert response.url == f"{PAGE}?connection={connection.pk}#incident"
    run = ProbeRun.objects.get()
    assert (run.only, run.asked_by) == ("incident", admin)
    event = AuditEvent.objects.get(action="connection.check_requested")
    assert event.facts == {"probe": "incident"}
    assert "Checking one question" in text_of(client_for(admin).get(PAGE))


def test_a_test_ticket_is_asked_for_by_name(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant)
    client = client_for(admin)
    for _twice in range(2):
        client.post(CHECK, {"page": "provisioning", "probe": "incident_test"})
    assert ProbeRun.objects.get().only == "incident_test"
    assert AuditEvent.objects.filter(action="connection.test_requested").count() == 2
    text = text_of(client.get(reverse("portal:audit")))
    assert "had a test ticket sent to" in text


def test_a_question_that_does_not_exist_is_not_found(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant)
    assert client_for(admin).post(CHECK, {"probe": "none"}).status_code == 404
    assert not ProbeRun.objects.exists()


def test_progress_shows_what_is_known_so_far(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    old = found(Finding("awake", FAILED, "hibernating"))
    connection = ConnectionFactory(tenant=tenant, probes=old)
    fresh = found(Finding("awake", OK, "yes", {"host": "acme"}))
    ProbeRunFactory(
        connection=connection,
        finished_at=None,
        claimed_at=timezone.now(),
        answers=fresh,
    )
    text = text_of(client_for(admin).get(PAGE))
    assert "1 of" in text
    assert "Yes: acme answers." in text
    assert "asleep" not in text


def test_nobody_at_work_is_said(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    at = timezone.now() - timedelta(seconds=30)
    run = ProbeRunFactory(connection=connection, finished_at=None, started_at=at)
    client = client_for(admin)
    assert "background worker runs" in text_of(client.get(PAGE))
    ProbeRun.objects.filter(pk=run.pk).update(started_at=at - timedelta(minutes=5))
    text = text_of(client.get(PAGE))
    assert "The last check did not come to its end" in text
    assert "hx-trigger" not in text


def test_the_history_leads_to_each_round(
    world: World, admin: User, reader: User, client_for: ClientFor
) -> None:
    world.fault("acl", table="incident")
    tasks.examine(runs.begin(world.connection, asked_by=admin).pk)
    tasks.examine(runs.begin(world.connection, only="clock").pk)
    text = text_of(client_for(reader).get(PAGE))
    rows = text[text.index("Last checks") :]
    assert admin.username in rows
    assert "The portal itself" in rows
    assert "Failed: 1" in rows

    run = ProbeRun.objects.get(only="")
    page = text_of(
        client_for(reader).get(reverse("connector:check_run", args=[run.pk]))
    )
    assert "The integration user may not read incident." in page
    assert "Check again" not in page


def test_the_report_tells_everything_but_secrets(
    world: World, admin: User, client_for: ClientFor
) -> None:
    connection: Connection = world.connection
    leaky = f"cross-scope access policy {connection.access_token} {connection.client_secret}"
    world.portal(last_error_words=leaky, release="Australia")
    world.fault("acl", table="incident")
    tasks.examine(runs.begin(connection).pk)
    text = client_for(admin).get(PAGE).content.decode()
    start = text.index("<textarea")
    told = text[start : text.index("</textarea>", start)]

    assert connection.host in told
    assert "Release: Australia" in told
    assert "[FAILED]  Can incidents be read?" in told
    assert "security constraints" in told
    assert "request " in told, "the instance's own identifier of the request"
    assert "Who: ServiceNow administrator" in told
    assert "cross-scope access policy ********" in told
    for secret in (
        connection.client_secret,
        connection.access_token,
        connection.refresh_token,
    ):
        assert secret not in text


def test_another_organisations_round_does_not_exist(
    tenant: Tenant, outsider: User, client_for: ClientFor
) -> None:
    run = ProbeRunFactory(connection=ConnectionFactory(tenant=tenant))
    address = reverse("connector:check_run", args=[run.pk])
    assert client_for(outsider).get(address).status_code == 404
