"""What a field mapping makes of a ticket, against an instance that was customised."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from connector import tokens
from connector.models import Connection
from connector.sandbox import people
from connector.sandbox.seed import sys_id
from connector.servicenow.records import Page, Record, Value, parse_record
from tests.factories import (
    ConnectionFactory,
    InstanceProfileFactory,
    TableColumnFactory,
    TenantFactory,
    TicketFactory,
)
from tests.tickets.conftest import stored
from tickets import (
    checking,
    columns,
    demands,
    glossary,
    mapping,
    outbox,
    profiles,
    references,
    sentences,
    sharing,
    sync,
    tasks,
    verdicts,
)
from tickets.instance_models import InstanceProfile
from tickets.models import Delivery, Kind, Priority, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import SettingsWrapper

    from connector.sandbox.server import Running
    from tests.tickets.conftest import Person

    Queued = Callable[..., Delivery]
    Sent = Callable[..., Ticket]

INTEGRATION_USER = sys_id("sys_user", "m365.integration")


def _customise(instance: Running, **wish: Any) -> None:
    answer = requests.post(f"{instance.url}/_sandbox/customs", json=wish, timeout=5)
    assert answer.status_code == 200, answer.text


def _profile(connection: Connection, kind: str = Kind.INCIDENT, **values: Any) -> Any:
    row = InstanceProfileFactory(connection=connection, kind=kind, **values)
    row.connection = connection
    return row


def _checked(row: InstanceProfile, *elements: str) -> InstanceProfile:
    checking.ask(row, elements)
    tasks.check_mapping(row.pk)
    row.refresh_from_db()
    return row


def _become_admin(instance: Running) -> None:
    """Let the integration user read the dictionary and the lists of choices."""
    people.add_role(instance.store, INTEGRATION_USER, "admin")


def _ticket(kind: str, **values: Any) -> Ticket:
    connection = ConnectionFactory.build(tenant=TenantFactory.build())
    ticket: Ticket = TicketFactory.build(connection=connection, kind=kind, **values)
    return ticket


@pytest.mark.parametrize("has_row", [False, True])
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            Kind.CHANGE_REQUEST,
            "short_description description priority impact correlation_id"
            " correlation_display category justification due_date",
        ),
        (
            Kind.INCIDENT,
            "short_description description impact urgency correlation_id"
            " correlation_display due_date",
        ),
    ],
)
def test_without_a_mapping_everything_is_sent_as_ever(
    linked: Connection, kind: str, names: str, has_row: bool
) -> None:
    if has_row:
        _profile(linked, kind)
    ticket = TicketFactory.build(
        connection=linked, kind=kind, due_date=date(2030, 1, 31), priority="high"
    )

    sent = mapping.payload(ticket)

    assert list(sent) == names.split()
    assert sent["due_date"] == "2030-01-31 17:00:00"
    weight = {"priority": "2", "impact": "2", "urgency": "1"}
    assert {k: v for k, v in sent.items() if k in weight}.items() <= weight.items()


def test_a_payload_costs_one_query(
    linked: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ticket = TicketFactory(connection=linked)
    _profile(linked, ticket.kind, defaults={"u_a": "b"})

    with django_assert_num_queries(1):
        assert mapping.payload(ticket)["u_a"] == "b"


def test_fields_go_where_they_are_mapped(linked: Connection) -> None:
    mapped = {
        "source": "u_source",
        "category": "u_area",
        "sender": "u_sender",
        "portal_link": "u_link",
        "action_link": "u_action",
        "due_date": "u_due",
        "description": "",
    }
    _profile(linked, columns=mapped, defaults={"u_constant": "5"})
    ticket = TicketFactory(
        connection=linked, kind=Kind.INCIDENT, due_date=None, control_id="MFA"
    )

    sent = mapping.payload(ticket)

    assert sent["u_source"] == "Microsoft recommendation"
    assert (sent["u_area"], sent["u_sender"]) == ("Identity", "security.admin")
    assert sent["u_link"] == mapping.portal_url(ticket)
    assert sent["u_action"] == mapping.action_url("MFA")
    assert sent["u_constant"] == "5"
    # Nothing is sent for what is empty or not mapped.
    assert sent.keys().isdisjoint({"u_due", "due_date", "description"})


_NAMES = st.one_of(
    st.sampled_from(
        [
            *("sys_id", "sys_created_by", "correlation_id", "correlation_display"),
            *("state", "number", "incident_state", "u_fine", "priority", "A b", ""),
        ]
    ),
    st.text(max_size=12),
)


@given(
    columns=st.dictionaries(
        st.sampled_from(sorted(profiles.USUAL["incident"])), _NAMES
    ),
    defaults=st.dictionaries(_NAMES, st.text(max_size=5)),
    kind=st.sampled_from(Kind.values),
)
def test_a_mapping_never_writes_a_protected_column(
    columns: dict[str, str], defaults: dict[str, str], kind: str
) -> None:
    ticket = _ticket(kind)
    row = InstanceProfile(
        connection=ticket.connection, kind=kind, columns=columns, defaults=defaults
    )

    sent = mapping.payload(ticket, profiles.in_force(row))

    assert sent.pop("correlation_id") == str(ticket.correlation_id)
    assert sent.pop("correlation_display") == mapping.CORRELATION_DISPLAY
    assert not [name for name in sent if profiles.is_protected(name)]
    assert all(profiles.COLUMN.fullmatch(name) for name in sent)


def test_a_demanded_column_gets_its_default_when_the_ticket_is_tried_again(
    instance: Running, linked: Connection, queued: Queued, operator: User
) -> None:
    _customise(
        instance,
        columns={"incident": ["u_source string:40 Security source"]},
        mandatory={"incident": ["u_source"]},
    )
    delivery = queued()
    outbox.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.STOPPED
    assert "fields are mandatory: Security source" in delivery.error_words
    [demand] = verdicts.demands(linked, Kind.INCIDENT, {}, set())
    assert (demand.label, demand.column) == ("Security source", "")

    _profile(linked, defaults={"u_source": "portal"})
    assert outbox.retry(delivery, actor=operator)
    outbox.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.DELIVERED
    [row] = stored(instance, delivery.ticket)
    assert row["u_source"] == delivery.payload["u_source"] == "portal"


def test_a_queued_ticket_keeps_what_it_was_queued_with(
    instance: Running, linked: Connection, queued: Queued, operator: User
) -> None:
    _customise(instance, columns={"incident": ["u_source string:40 Source"]})
    delivery = queued()
    before = delivery.payload

    _profile(linked, defaults={"u_source": "portal"})
    outbox.retry(delivery, actor=operator)
    outbox.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.payload == before
    assert stored(instance, delivery.ticket)[0]["u_source"] == ""


GROUPS = [
    {"name": "Cyber Defence"},
    {"name": "Old team", "active": "false"},
    {"name": "Twins"},
    {"name": "Twins"},
]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Cyber Defence", ""),
        ("cyber defence", ""),
        ("Old team", "inactive"),
        ("Twins", "ambiguous"),
        ("Nobody", "not_found"),
    ],
)
def test_a_group_is_found_by_its_name(
    instance: Running, linked: Connection, sent: Sent, name: str, problem: str
) -> None:
    _customise(instance, groups=GROUPS)
    row = _profile(linked, group=references.typed(name, {}))

    row = _checked(row)

    assert row.group["problem"] == problem
    verdict = verdicts.of_reference(row.group, name)
    assert verdict is not None
    assert verdict.verdict == ("failed" if problem else "ok")
    [there] = stored(instance, sent())
    if problem:
        assert there["assignment_group"] == ""
        assert "go out without it" in verdict.text
    else:
        found = instance.store.first("sys_user_group", name=name)
        assert found
        assert there["assignment_group"] == found["sys_id"]


@pytest.mark.parametrize("what", ["table", "field"])
def test_a_group_that_may_not_be_read_is_said_to_be_hidden(
    instance: Running, linked: Connection, what: str
) -> None:
    if what == "table":
        instance.restrictions.tables.add("sys_user_group")
    else:
        instance.restrictions.fields.add("sys_user_group.name")

    row = _checked(_profile(linked, group=references.typed("Service Desk", {})))

    assert row.group["problem"] == "hidden"
    assert row.error_code == ""


class WholeTable:
    """An instance that ignores a condition and returns every row of the table."""

    def list(self, table: str, query: object, **options: Any) -> Page:
        names = ["Service Desk", "Endpoint Management"]
        rows = [
            {"sys_id": f"{number:032}", "name": name, "active": "true"}
            for number, name in enumerate(names)
        ]
        return Page(tuple(parse_record(table, row) for row in rows), len(rows))


@pytest.mark.parametrize(
    ("name", "problem"), [("Endpoint Management", ""), ("Nobody", "not_found")]
)
def test_what_comes_back_is_compared_with_the_name(name: str, problem: str) -> None:
    client: Any = WholeTable()

    found = references._look_up(client, references.SOURCES["group"], name)

    assert found["problem"] == problem
    assert found.get("sys_id", "") == ("" if problem else f"{1:032}")


def test_a_name_that_was_changed_meanwhile_waits_for_its_own_answer(
    instance: Running, linked: Connection
) -> None:
    row = _profile(linked, group=references.typed("Service Desk", {}))
    newer = references.typed("Endpoint Management", row.group)
    InstanceProfile.objects.update(group=newer)

    checking.run(row)

    row.refresh_from_db()
    assert row.group == {"name": "Endpoint Management", "problem": "waiting"}


def test_a_standard_change_is_made_from_the_newest_version_of_its_template(
    instance: Running, linked: Connection, sent: Sent
) -> None:
    template = {"name": "Rotate keys"}
    _customise(instance, templates=[template, template])
    row = _profile(
        linked,
        Kind.CHANGE_REQUEST,
        change_type="standard",
        category="Software",
        template=references.typed("Rotate keys", {}),
        change_model=references.typed("Standard", {}),
    )
    row = _checked(row)
    assert row.template["problem"] == ""

    [there] = stored(instance, sent(Kind.CHANGE_REQUEST))

    assert (there["type"], there["category"]) == ("standard", "Software")
    version = instance.store.first("std_change_producer_version", version="2")
    model = instance.store.first("chg_model", name="Standard")
    assert version
    assert model
    assert there["std_change_producer_version"] == version["sys_id"]
    assert there["chg_model"] == model["sys_id"]


def test_two_templates_of_one_name_are_ambiguous_and_a_retired_one_is_inactive(
    instance: Running, linked: Connection
) -> None:
    template = {"name": "Rotate keys"}
    retired = {"name": "Old way", "active": "false"}
    again = {**template, "is_new": "true"}
    _customise(instance, templates=[template, again, retired])
    row = _profile(linked, Kind.CHANGE_REQUEST, change_type="standard")

    for name, problem in [("Rotate keys", "ambiguous"), ("Old way", "inactive")]:
        InstanceProfile.objects.update(template=references.typed(name, {}))
        row.refresh_from_db()
        assert _checked(row).template["problem"] == problem


def test_a_template_goes_with_the_type_standard_only(linked: Connection) -> None:
    template = {"name": "Rotate keys", "problem": "", "sys_id": "a" * 32}
    _profile(linked, Kind.CHANGE_REQUEST, change_type="normal", template=template)

    sent = mapping.payload(TicketFactory(connection=linked))

    assert sent["type"] == "normal"
    assert "std_change_producer_version" not in sent


def test_weights_are_mapped_both_ways(
    instance: Running, linked: Connection, sent: Sent, agent: Person
) -> None:
    _profile(
        linked,
        weights_out={"low": {"impact": "3", "urgency": "3"}},
        priorities_in={"5": "medium", "3": "high"},
    )

    ticket = sent(priority="low")

    [there] = stored(instance, ticket)
    assert (there["impact"], there["urgency"], there["priority"]) == ("3", "3", "5")
    # It came back as what the mapping says it means, and as expected.
    assert (ticket.remote_priority, ticket.priority) == ("5", "medium")
    assert not TicketEvent.objects.filter(action="changed").exists()
    agent.write(ticket, impact="2", urgency="2")
    sync.pull(linked, forced=True)
    ticket.refresh_from_db()
    assert (ticket.remote_priority, ticket.priority) == ("3", "high")


def test_a_mapped_column_of_the_parent_table_is_followed(
    instance: Running, linked: Connection, sent: Sent, agent: Person
) -> None:
    _profile(linked, columns={"due_date": "expected_start", "name": "user_input"})
    ticket = sent(due_date=date(2030, 1, 31), name="First")

    agent.write(ticket, expected_start="2030-02-05 12:00:00", user_input="Second")
    agent.write(ticket, due_date="2031-01-01 00:00:00", short_description="Other")
    sync.pull(linked, forced=True)

    ticket.refresh_from_db()
    assert (ticket.due_date, ticket.name) == (date(2030, 2, 5), "Second")


def test_a_mapped_column_of_the_child_is_kept_and_not_followed(
    instance: Running, linked: Connection, sent: Sent, agent: Person
) -> None:
    _customise(instance, columns={"incident": ["u_due datetime Treat until"]})
    _profile(linked, columns={"due_date": "u_due", "name": "u_title"})
    ticket = sent(due_date=date(2030, 1, 31), name="First")
    [there] = stored(instance, ticket)
    assert there["u_due"] == "2030-01-31 17:00:00"

    agent.write(ticket, u_due="2030-02-05 12:00:00", short_description="Other")
    sync.pull(linked, forced=True)

    ticket.refresh_from_db()
    assert (ticket.due_date, ticket.name) == (date(2030, 1, 31), "First")
    assert ticket.synced_at


def test_a_column_of_days_takes_the_day_in_every_time_zone(
    instance: Running, linked: Connection, sent: Sent, settings: SettingsWrapper
) -> None:
    settings.TIME_ZONE = "America/Los_Angeles"
    _become_admin(instance)
    _customise(instance, columns={"task": ["u_day date Treat until"]})
    _checked(_profile(linked, columns={"due_date": "u_day"}))

    ticket = sent(due_date=date(2030, 1, 31))
    instance.store.execute("UPDATE task SET sys_mod_count = '9'")
    sync.pull(linked, forced=True)

    assert stored(instance, ticket)[0]["u_day"] == "2030-01-31"
    ticket.refresh_from_db()
    assert ticket.due_date == date(2030, 1, 31)
    record = Record("task", {"u_day": Value("2030-01-31", "2030-01-31")})
    profile = profiles.of(ticket)
    assert mapping.values_of(record, profile).due_date == date(2030, 1, 31)


def test_what_closes_a_ticket_is_kept_for_whoever_closes_it(linked: Connection) -> None:
    assert mapping.closing_values(profiles.usual(Kind.INCIDENT)) == {}
    _profile(linked, close_code="Solution provided", close_notes="Done.")

    values = mapping.closing_values(profiles.of_kind(linked.pk, Kind.INCIDENT))

    assert values == {"close_code": "Solution provided", "close_notes": "Done."}


def test_the_dictionary_is_read_with_parents_and_choices(
    instance: Running, linked: Connection
) -> None:
    _become_admin(instance)
    _customise(instance, columns={"incident": ["u_source string:20! Security source"]})

    row = _checked(_profile(linked), "u_source", "u_none")

    assert (row.knows_columns, row.knows_choices, row.error_code) == (True, True, "")
    known = columns.known(linked, Kind.INCIDENT)
    source, due = known["u_source"], known["due_date"]
    assert (source.label, source.type) == ("Security source", "string")
    assert (source.mandatory, source.max_length, source.is_parents) == (True, 20, False)
    assert (due.type, due.is_parents) == ("due_date", True)
    assert known["assignment_group"].reference == "sys_user_group"
    assert known["category"].label_of("inquiry") == "Inquiry / Help"
    assert known["impact"].label_of("1") == "1 - High"
    assert known["u_none"].is_there is None or not known["u_none"].is_there
    assert "chg_model" not in known


def test_a_table_has_the_last_word_on_its_columns(linked: Connection) -> None:
    own = {"choices": [["2", "In Progress"]], "label": "Incident state"}
    inherited = {"choices": [["2", "Work in Progress"]], "label": "State"}
    TableColumnFactory(connection=linked, element="state", **own)
    TableColumnFactory(connection=linked, table="task", element="state", **inherited)
    TableColumnFactory(connection=linked, table="problem", element="u_other")

    known = columns.known(linked, Kind.INCIDENT)

    assert list(known) == ["state"]
    assert known["state"].label == "Incident state"
    assert known["state"].label_of("2") == "In Progress"
    assert known["state"].is_parents


def test_a_column_that_is_gone_is_forgotten(
    instance: Running, linked: Connection
) -> None:
    _become_admin(instance)
    row = _checked(_profile(linked))
    instance.store.execute(
        "DELETE FROM sys_dictionary WHERE element = 'business_impact'"
    )

    _checked(row)

    assert "business_impact" not in columns.known(linked, Kind.INCIDENT)
    assert "due_date" in columns.known(linked, Kind.INCIDENT)


def test_where_the_dictionary_is_hidden_columns_are_looked_for_in_a_record(
    instance: Running, linked: Connection, sent: Sent
) -> None:
    _customise(instance, columns={"incident": ["u_source string:40 Source"]})
    sent()
    rows = instance.store.execute("SELECT count(*) FROM task")[0][0]

    row = _checked(_profile(linked), "u_source", "u_none")

    assert (row.knows_columns, row.knows_choices) == (False, False)
    known = columns.known(linked, Kind.INCIDENT)
    assert (known["u_source"].is_there, known["u_none"].is_there) == (True, False)
    verdict = verdicts.of_column("u_none", ["x"], known, row)
    assert verdict is not None
    assert verdict.verdict == "unknown"
    assert instance.store.execute("SELECT count(*) FROM task")[0][0] == rows


def test_without_a_record_nothing_is_claimed(
    instance: Running, linked: Connection
) -> None:
    instance.store.execute("DELETE FROM task")

    row = _checked(_profile(linked), "u_none")

    known = columns.known(linked, Kind.INCIDENT)
    verdict = verdicts.of_column("u_none", ["x"], known, row)
    assert verdict is not None
    assert (verdict.verdict, known["u_none"].is_there) == ("unknown", None)


def test_what_kept_the_check_from_an_answer_is_told(
    instance: Running, linked: Connection
) -> None:
    instance.faults.add("unavailable", table="sys_dictionary")

    row = _checked(_profile(linked), "u_a")

    assert row.error_code == "maintenance"
    assert not checking.is_pending(row)
    linked.refresh_from_db()
    assert linked.status == Connection.Status.CONNECTED
    failure = verdicts.of_failure(row)
    assert failure
    assert "maintenance" in failure[0]


def test_a_refused_token_breaks_the_connection(
    instance: Running, linked: Connection
) -> None:
    instance.faults.add("unauthorized")

    _checked(_profile(linked), "u_a")

    linked.refresh_from_db()
    assert linked.status == Connection.Status.BROKEN


def test_a_broken_connection_is_not_asked(
    instance: Running, linked: Connection
) -> None:
    row = _profile(linked)
    Connection.objects.update(status="broken", last_error_code="refresh_rejected")
    before = dict(instance.app.api.requests)

    row = _checked(row, "u_a")

    assert row.error_code == "refresh_rejected"
    assert dict(instance.app.api.requests) == before


COLUMNS: columns.Known = {
    "u_text": columns.Column("u_text", "Text", "string", max_length=5, is_listed=True),
    "u_user": columns.Column(
        "u_user", "User", "reference", reference="sys_user", is_listed=True
    ),
    "u_pick": columns.Column(
        "u_pick", "Pick", "integer", choices=(("1", "One"),), is_listed=True
    ),
    "u_flag": columns.Column("u_flag", "Flag", "boolean", is_listed=True),
    "u_date": columns.Column("u_date", "Date", "glide_date_time", is_listed=True),
    "u_seen": columns.Column("u_seen", is_there=True),
    "u_gone": columns.Column("u_gone", is_there=False),
}


@pytest.mark.parametrize(
    ("column", "value", "verdict", "word"),
    [
        ("u_text", "12345", "ok", "Text (string, 5 characters)"),
        ("u_text", "123456", "warning", "the rest is cut"),
        ("u_user", "a" * 32, "ok", "sys_user"),
        ("u_user", "Robin Fields", "failed", "takes its sys_id"),
        ("u_pick", "1", "ok", "Pick"),
        ("u_pick", "2", "warning", "not on its list of choices: 1"),
        ("u_pick", "one", "failed", "whole number"),
        ("u_flag", "yes", "failed", "true or false"),
        ("u_date", "2030-01-31 17:00:00", "ok", "Date"),
        ("u_date", "tomorrow", "failed", "takes a date"),
        ("u_seen", "x", "ok", "It is there"),
        ("u_gone", "x", "failed", "no such column"),
        ("u_new", "x", "", "Not checked yet"),
    ],
)
def test_a_column_is_judged_by_what_is_known(
    column: str, value: str, verdict: str, word: str
) -> None:
    row = InstanceProfile(
        kind=Kind.INCIDENT, answered_at=timezone.now(), knows_columns=True
    )

    found = verdicts.of_column(column, [value], COLUMNS, row)

    assert found is not None
    assert (found.verdict, word in found.text) == (verdict, True), found.text


def test_mandatory_columns_nothing_fills_are_listed(linked: Connection) -> None:
    TableColumnFactory(connection=linked, element="u_a", label="Alpha", mandatory=True)
    TableColumnFactory(
        connection=linked, element="u_b", label="Beta", mandatory=True, has_default=True
    )
    TableColumnFactory(connection=linked, element="u_c", label="Gamma", mandatory=True)
    known = columns.known(linked, Kind.INCIDENT)

    found = verdicts.demands(linked, Kind.INCIDENT, known, {"u_c"})

    assert [(one.label, one.column, one.is_refused) for one in found] == [
        ("Alpha", "u_a", False)
    ]


def test_the_preview_has_the_words_of_the_instance(linked: Connection) -> None:
    choices = [["5", "Portal"]]
    TableColumnFactory(
        connection=linked,
        element="u_source",
        label="Security source",
        choices=choices,
    )
    group = {"name": "Cyber Defence", "problem": "", "sys_id": "a" * 32}
    _profile(linked, defaults={"u_source": "5"}, group=group)
    payload = mapping.payload(TicketFactory(connection=linked, kind=Kind.INCIDENT))

    shown = {
        one.field: (str(one.label), one.value, one.meaning)
        for one in sharing.preview(payload, glossary.of(linked, Kind.INCIDENT, payload))
    }

    assert shown["u_source"] == ("Security source", "5", "Portal")
    group_row = ("Assignment group", "a" * 32, "Cyber Defence")
    assert shown["assignment_group"] == group_row
    assert json.dumps(payload)


@pytest.mark.parametrize("priority", Priority.values)
def test_the_expected_priority_follows_the_lookup_of_the_instance(
    priority: str,
) -> None:
    weights = {priority: {"impact": "1", "urgency": "1"}}
    row = InstanceProfile(kind=Kind.INCIDENT, weights_out=weights)

    assert profiles.in_force(row).priority_code(priority) == "1"


def test_a_check_that_nobody_answers_is_given_up(linked: Connection) -> None:
    row = _profile(linked)
    checking.ask(row, ["u_a"])
    assert checking.is_pending(row)
    assert not checking.is_slow(row)

    row.asked_at -= timedelta(seconds=30)
    assert checking.is_slow(row)
    row.asked_at -= timedelta(seconds=90)
    assert not checking.is_pending(row)


def test_a_table_the_instance_has_not_is_told_apart_from_a_hidden_one(
    linked: Connection,
) -> None:
    client = tokens.servicenow(linked)

    found = references._look_up(client, references.Source("u_missing"), "Anything")

    assert found["problem"] == "no_table"
    verdict = verdicts.of_reference({"name": "Anything", **found}, "Anything")
    assert verdict
    assert "Invalid table u_missing" in verdict.words


def test_the_same_form_sent_again_is_known_after_the_mapping_was_changed(
    linked: Connection, operator: User
) -> None:
    reference = uuid.uuid4()
    first = sharing.share(_new(linked, reference), actor=operator)
    long_ago = timezone.now() - timedelta(hours=1)
    Ticket.objects.update(created_at=long_ago)
    _profile(linked, defaults={"u_a": "b"})

    assert sharing.share(_new(linked, reference), actor=operator) == first
    with pytest.raises(sharing.AlreadySent):
        sharing.share(_new(linked, reference, name="Other"), actor=operator)


def _new(connection: Connection, reference: uuid.UUID, **values: Any) -> Ticket:
    values = {"name": "Require MFA", "kind": Kind.INCIDENT, **values}
    ticket: Ticket = TicketFactory.build(
        connection=connection,
        tenant=connection.tenant,
        correlation_id=reference,
        **values,
    )
    return ticket


def test_a_history_names_priorities_as_the_instance_does(linked: Connection) -> None:
    event = TicketEvent(action="changed", field="priority", old="1", new="7", facts={})

    [line] = sentences.lines([event], {}, {"7": "7 - Someday"})

    assert line.title == "Priority changed from 1 - Critical to 7 - Someday"


@pytest.mark.parametrize("kind", Kind.values)
def test_what_every_ticket_fills_is_what_an_example_sends(
    linked: Connection, kind: str
) -> None:
    example = demands.example(linked, kind)
    sent = {column for column, text in mapping.payload(example).items() if text}

    filled = profiles.filled(profiles.of_kind(linked.pk, kind))

    assert sent <= filled
    assert "due_date" not in filled
    assert filled - sent >= {"number", "state", "opened_by"}
