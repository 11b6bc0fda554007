"""The field mapping page: nothing typed is lost, nothing is sent before it is shown."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from connector.models import AuditEvent, Connection
from connector.sandbox import customs
from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    InstanceProfileFactory,
    TableColumnFactory,
    TicketFactory,
)
from tickets import checking, mapping, outbox, profiles, tasks
from tickets.instance_models import InstanceProfile, TableColumn
from tickets.models import Delivery, Kind, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running

PAGE = reverse("tickets:mapping")
RESET = reverse("tickets:reset_mapping")


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    connection: Connection = ConnectionFactory(tenant=tenant, name="Production")
    return connection


@pytest.fixture
def browser(admin: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(admin)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What workers were woken for."""
    woken: list[Any] = []
    monkeypatch.setattr(checking, "wake", lambda *args: woken.append(args))
    return woken


def _text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def _form(browser: Client, kind: str = "incident", **typed: str) -> dict[str, str]:
    """Return what the page's form holds, with some of it typed over."""
    page = _text(browser.get(PAGE, {"kind": kind}))
    form = page[page.index('id="mapping-form"') :].partition("</form>")[0]
    inputs = re.findall(r'<input type="text" name="(\w+)"(?: value="([^"]*)")?', form)
    values = {"kind": kind, **dict(inputs)}
    for name, body in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="(\w*)" selected', body)
        values[name] = chosen[1] if chosen else ""
    return values | {"intent": "save"} | typed


def _row(kind: str = Kind.INCIDENT) -> InstanceProfile:
    return InstanceProfile.objects.get(kind=kind)


def test_the_page_shows_what_is_sent_as_ever(
    browser: Client, connection: Connection
) -> None:
    text = _text(browser.get(PAGE))

    assert "What is sent to Production, field by field" in text
    assert "Ensure multifactor authentication" in text
    assert 'value="short_description"' in text
    assert "Nothing is mapped otherwise than by default." in text
    values = _form(browser, "change_request")
    assert values["column_justification"] == "justification"
    assert (values["weight_high_priority"], values["in_1"]) == ("2", "high")
    assert (values["in_5"], values["change_type"]) == ("low", "")


def test_without_a_connection_it_says_so(browser: Client, tenant: Tenant) -> None:
    assert "ServiceNow is not connected" in _text(browser.get(PAGE))
    assert browser.post(RESET, {"kind": "incident"}).status_code == 404


def test_saving_what_is_shown_changes_nothing(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    ticket = TicketFactory(connection=connection, kind=Kind.INCIDENT)
    before = mapping.payload(ticket)

    answer = browser.post(PAGE, _form(browser))

    assert answer.status_code == 302
    assert not profiles.is_customised(_row())
    assert mapping.payload(ticket) == before
    assert not AuditEvent.objects.filter(action="mapping.changed").exists()


def test_a_mapping_is_saved_audited_and_checked(
    browser: Client, admin: User, connection: Connection, asked: list[Any]
) -> None:
    form = _form(
        browser,
        column_source="u_source",
        column_urgency="",
        default_column_0="u_constant",
        default_value_0="5",
        weight_low_impact="2",
        in_5="medium",
        group="Cyber Defence",
        close_code="Solution provided",
    )

    answer = browser.post(PAGE, form)

    assert answer.url == f"{PAGE}?connection={connection.pk}&kind=incident"
    row = _row()
    assert row.columns == {"source": "u_source", "urgency": ""}
    assert row.defaults == {"u_constant": "5"}
    assert row.weights_out == {"low": {"impact": "2"}}
    assert row.priorities_in == {"5": "medium"}
    assert row.group == {"name": "Cyber Defence", "problem": "waiting"}
    assert asked == [("check_mapping", row.pk)]
    [event] = AuditEvent.objects.filter(action="mapping.changed")
    assert (event.actor, event.facts["kind"]) == (admin, "incident")
    assert event.facts["old"] == []
    assert "source column: u_source" in event.facts["new"]
    assert "urgency column: -" in event.facts["new"]
    assert "group: Cyber Defence" in event.facts["new"]
    text = _text(browser.get(answer.url))
    assert "Being looked up. Until it is found, tickets go out without it." in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"column_source": "Security Source"}, "small letters, digits and underscores"),
        ({"column_source": "sys_created_by"}, "belongs to ServiceNow"),
        ({"column_source": "correlation_id"}, "belongs to ServiceNow"),
        ({"column_source": "state"}, "belongs to ServiceNow"),
        ({"default_column_0": "number", "default_value_0": "x"}, "belongs to"),
        ({"column_source": "description"}, "is filled by “Description” already"),
        (
            {"default_column_0": "description", "default_value_0": "x"},
            "is filled by “Description” already",
        ),
        ({"column_source": "assignment_group"}, "an input of its own"),
        ({"default_value_0": "x"}, "Enter the column this value is for."),
        ({"default_column_0": "u_a"}, "Enter a value, or leave the column empty"),
        ({"weight_high_impact": ""}, "Enter the code that is sent for it."),
        ({"group": "A^B"}, "cannot be asked for a name with ^"),
        ({"in_1": "enormous"}, "not one of the available choices"),
        ({"close_code": "x" * 101}, "at most 100 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(
    browser: Client,
    connection: Connection,
    asked: list[Any],
    typed: dict[str, str],
    words: str,
) -> None:
    for intent in ("save", "check"):
        form = _form(browser, column_sender="u_kept", **typed)

        answer = browser.post(PAGE, form | {"intent": intent})

        assert answer.status_code == 422
        text = _text(answer)
        assert words in text
        assert 'value="u_kept"' in text
        for name, value in typed.items():
            assert name == "in_1" or f'value="{value}"' in text or not value
    assert not InstanceProfile.objects.exists()
    assert asked == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"template": "Rotate keys"}, "A template needs the type Standard."),
        (
            {"category": "Software", "column_category": "category"},
            "The column category is filled by a field already.",
        ),
        (
            {"default_column_0": "category", "default_value_0": "x"},
            "an input of its own",
        ),
        ({"column_source": "type"}, "an input of its own"),
        ({"change_type": "sudden"}, "not one of the available choices"),
    ],
)
def test_what_a_change_cannot_have_is_refused(
    browser: Client, connection: Connection, typed: dict[str, str], words: str
) -> None:
    answer = browser.post(PAGE, _form(browser, "change_request", **typed))

    assert answer.status_code == 422
    assert words in _text(answer)


def test_a_default_is_added_with_what_was_typed_kept(
    browser: Client, connection: Connection
) -> None:
    form = _form(browser, column_source="Not yet right", default_column_0="u_first")
    del form["intent"]

    answer = browser.post(PAGE, form | {"add": "u_second"})

    text = _text(answer)
    assert answer.status_code == 200
    assert 'value="Not yet right"' in text
    assert 'name="default_column_1" value="u_second"' in text
    assert "field--invalid" not in text
    answer = browser.post(PAGE, form | {"add": ""})
    assert 'name="default_column_1"' in _text(answer)


def test_the_preview_is_what_is_sent_byte_for_byte(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    ticket = TicketFactory(connection=connection, kind=Kind.INCIDENT, name="Größe")
    form = _form(browser, column_source="u_source")

    page = browser.post(PAGE, form | {"intent": "preview"})
    browser.post(PAGE, form)

    wire = json.dumps(mapping.payload(ticket))
    assert '"u_source": "Microsoft recommendation"' in wire
    assert wire in _text(page)


def test_a_check_asks_a_worker_once_and_keeps_what_was_typed(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    form = _form(browser, column_source="u_source", intent="check")

    text = _text(browser.post(PAGE, form))
    browser.post(PAGE, form)

    assert "ServiceNow is being asked" in text
    assert 'value="u_source"' in text
    assert len(asked) == 1
    assert _row().columns == {}
    # Another column is another question.
    browser.post(PAGE, form | {"column_sender": "u_sender"})
    assert len(asked) == 2
    assert TableColumn.objects.filter(element="u_sender").exists()


def test_the_answer_comes_into_the_open_form(
    browser: Client, linked: Connection, instance: Running
) -> None:
    customs.add(instance.store, {"columns": {"incident": ["u_source string Source"]}})
    outbox.deliver(outbox.enqueue(TicketFactory(connection=linked, kind="incident")).pk)
    form = _form(browser, column_source="u_source", column_sender="u_none")
    browser.post(PAGE, form | {"intent": "check"})
    tasks.check_mapping(_row().pk)

    part = _text(browser.post(PAGE, form | {"intent": "verdicts"}))

    assert "<html" not in part
    assert "every 1s" not in part
    source = part[part.index('id="verdict-column-source"') :].partition("</div>")[0]
    assert "It is there" in source
    sender = part[part.index('id="verdict-column-sender"') :].partition("</div>")[0]
    assert "not there, or hidden from the integration user" in sender
    assert "may not read sys_dictionary" in part


def test_a_broken_connection_is_not_asked_and_the_page_says_so(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    Connection.objects.update(status="broken", last_error_code="refresh_rejected")

    answer = browser.post(PAGE, _form(browser, intent="check"))

    assert "ServiceNow is not connected, so it cannot be asked." in _text(answer)
    assert asked == []


def test_what_the_instance_demands_stands_on_top(
    browser: Client, connection: Connection
) -> None:
    TableColumnFactory(
        connection=connection,
        element="u_a",
        label="Alpha",
        mandatory=True,
    )
    ticket = TicketFactory(connection=connection, kind=Kind.INCIDENT)
    words = "Operation Failed: Data Policy Exception: The following fields are mandatory: Beta, Alpha"
    DeliveryFactory(
        ticket=ticket, status="stopped", error_code="data_policy", error_words=words
    )

    text = _text(browser.get(PAGE, {"kind": "incident"}))

    assert "Mandatory columns that nothing fills" in text
    assert re.search(r'name="add" value="u_a"', text)
    assert "<strong>Beta</strong>: ServiceNow refused a ticket for want of it." in text
    assert text.count("<strong>Alpha</strong>") == 1
    # Filled by a default, it is no longer asked for.
    form = _form(browser, default_column_0="u_a", default_value_0="x")
    text = _text(browser.post(PAGE, form | {"intent": "preview"}))
    assert "<strong>Alpha</strong>" not in text


def test_a_column_that_cannot_be_followed_is_named(
    browser: Client, connection: Connection
) -> None:
    form = _form(browser, column_due_date="u_due", column_name="", intent="preview")

    text = _text(browser.post(PAGE, form))

    assert "polls read the table task, which lacks this column" in text
    assert "Not sent, so a change in ServiceNow is not followed either." in text


def test_priorities_the_instance_was_seen_to_use_can_be_mapped(
    browser: Client, connection: Connection
) -> None:
    TicketFactory(connection=connection, kind="incident", remote_priority="0")

    values = _form(browser, in_0="high")

    browser.post(PAGE, values)
    assert _row().priorities_in == {"0": "high"}


def test_reset_forgets_one_kind(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    for kind in Kind.values:
        browser.post(PAGE, _form(browser, kind, column_source="u_source"))

    answer = browser.post(RESET, {"kind": "incident", "connection": connection.pk})

    assert answer.url == f"{PAGE}?connection={connection.pk}&kind=incident"
    assert not profiles.is_customised(_row())
    assert profiles.is_customised(_row(Kind.CHANGE_REQUEST))
    event = AuditEvent.objects.filter(action="mapping.changed").latest("at")
    assert (event.facts["old"], event.facts["new"]) == (["source column: u_source"], [])


def test_each_connection_has_its_own_mapping(
    browser: Client, connection: Connection, tenant: Tenant, asked: list[Any]
) -> None:
    other = ConnectionFactory(tenant=tenant, is_default=False, name="Test instance")
    form = _form(browser, column_source="u_source")

    browser.post(PAGE, form | {"connection": str(other.pk)})

    assert _row().connection == other
    text = _text(browser.get(PAGE, {"connection": other.pk, "kind": "incident"}))
    assert 'value="u_source"' in text
    assert f'<option value="{connection.pk}">Production</option>' in text
    assert 'value="u_source"' not in _text(browser.get(PAGE, {"kind": "incident"}))


def test_a_connection_of_others_does_not_exist(
    browser: Client, connection: Connection, other_tenant: Tenant
) -> None:
    foreign = ConnectionFactory(tenant=other_tenant)

    for answer in (
        browser.get(PAGE, {"connection": foreign.pk}),
        browser.post(PAGE, _form(browser) | {"connection": foreign.pk}),
        browser.post(RESET, {"connection": foreign.pk, "kind": "incident"}),
        browser.get(PAGE, {"kind": "problem"}),
    ):
        assert answer.status_code == 404
    assert not InstanceProfile.objects.exists()


def test_a_refused_ticket_shows_what_try_again_sends(
    browser: Client, connection: Connection
) -> None:
    ticket: Ticket = TicketFactory(connection=connection, kind=Kind.INCIDENT)
    DeliveryFactory(
        ticket=ticket,
        payload=mapping.payload(ticket),
        status=Delivery.Status.STOPPED,
        error_code="data_policy",
    )
    before = _text(browser.get(ticket.get_absolute_url()))
    assert "Field mapping page" in before
    assert f"{PAGE}?connection={connection.pk}&kind=incident" in before
    assert "Show what Try again sends" not in before

    InstanceProfileFactory(
        connection=connection, kind="incident", defaults={"u_source": "portal"}
    )

    after = _text(browser.get(ticket.get_absolute_url()))
    assert "Show what Try again sends" in after
    assert ">u_source</code>" in after


def test_the_task_form_shows_what_the_mapping_makes_of_it(
    browser: Client, connection: Connection
) -> None:
    InstanceProfileFactory(
        connection=connection, kind="incident", defaults={"u_source": "portal"}
    )
    TableColumnFactory(
        connection=connection,
        element="u_source",
        label="Security source",
    )
    form = {
        "name": "Require MFA",
        "priority": "high",
        "category": "Identity",
        "intent": "preview",
    }

    text = _text(browser.post(reverse("tickets:new") + "?kind=incident", form))

    assert "Security source" in text
    assert ">u_source</code>" in text


def test_the_configuration_page_leads_to_it(
    browser: Client, connection: Connection
) -> None:
    text = _text(browser.get(reverse("connector:configuration")))

    assert f'href="{PAGE}?connection={connection.pk}"' in text


def test_two_people_do_not_undo_each_other(
    browser: Client, connection: Connection, asked: list[Any]
) -> None:
    page = _text(browser.get(PAGE, {"kind": "incident"}))
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    mine = _form(browser, column_source="u_mine", seen=seen)
    browser.post(PAGE, _form(browser, column_source="u_theirs", seen=seen))

    late = browser.post(PAGE, mine)

    assert late.status_code == 409
    assert "Somebody changed this mapping" in _text(late)
    assert 'value="u_mine"' in _text(late)
    assert _row().columns == {"source": "u_theirs"}
    [seen] = re.findall(r'name="seen" value="(\w+)"', _text(late))
    assert browser.post(PAGE, {**mine, "seen": seen}).status_code == 302
    assert _row().columns == {"source": "u_mine"}
