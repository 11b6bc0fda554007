"""What tickets need: mandatory fields, states, and the test ticket; good and bad."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector import connections, runs, tasks
from connector.models import AuditEvent, ProbeRun
from connector.probes import stored
from tests.connector.asking import Case, World, check, words_of
from tests.factories import InstanceProfileFactory, TicketStateFactory
from tickets import mapping, rehearsal
from tickets.models import Kind, TicketState

if TYPE_CHECKING:
    from connector.probes import Finding

pytestmark = pytest.mark.django_db
DISPLAY = "Security center portal (test)"


def nothing(_world: World) -> None:
    pass


def readable(world: World) -> None:
    """Let dictionary and policies be read, with nothing demanded beyond the usual."""
    world.see_all()
    world.instance.store.execute("UPDATE sys_dictionary SET mandatory = 'false'")
    world.instance.store.execute(
        "UPDATE sys_dictionary SET mandatory = 'true' WHERE element = 'number'"
    )


def demanded_by_dictionary(world: World) -> None:
    readable(world)
    world.instance.store.execute(
        "UPDATE sys_dictionary SET mandatory = 'true' "
        "WHERE element = 'assignment_group'"
    )


def demanded_by_policy(table: str, field: str, conditions: str = "") -> Any:
    def make(world: World) -> None:
        readable(world)
        world.policy(table, field, conditions)

    return make


def proved(kind: str) -> Any:
    row = {"id": f"{kind}_test", "verdict": "ok", "code": "taken", "facts": {}}
    return lambda w: w.portal(probes=[row | {"at": "2026-05-04T10:00:00+00:00"}])


FIELDS = [
    case
    for kind in Kind.values
    for case in (
        Case(f"{kind}_fields", "hidden", nothing, "unknown", ("Send a test ticket",)),
        Case(f"{kind}_fields", "all sent", readable, "ok", (kind,)),
        Case(
            f"{kind}_fields",
            "the dictionary demands one",
            demanded_by_dictionary,
            "warning",
            ("Assignment group (assignment_group)", "Send a test ticket"),
        ),
        Case(
            f"{kind}_fields",
            "a policy demands one",
            demanded_by_policy(kind, "assignment_group"),
            "failed",
            (
                "Ask for more",
                "assignment_group",
                "System Policy > Data Policies",
                "Default Value",
            ),
        ),
        Case(
            f"{kind}_fields",
            "a policy demands what is sent",
            demanded_by_policy(kind, "short_description"),
            "ok",
        ),
        Case(
            f"{kind}_fields",
            "a policy demands one under a condition",
            demanded_by_policy(kind, "location", "priority=1^EQ"),
            "warning",
            ("location",),
        ),
        Case(
            f"{kind}_fields",
            "a policy demands one when the work is done",
            demanded_by_policy(kind, "location", "state=3^ORstate=7^EQ"),
            "ok",
        ),
        Case(f"{kind}_fields", "proved", proved(kind), "ok", ("2026",)),
    )
]


def usual_states(world: World) -> None:
    world.row("incident", short_description="x", state="2")


def own_states(world: World) -> None:
    usual_states(world)
    world.row("change_request", short_description="x", state="118")
    world.row(
        "sys_choice",
        name="change_request",
        element="state",
        value="118",
        label="Awaiting CAB",
    )


STATES = [
    Case("states", "the usual", usual_states, "ok", ("all 1",)),
    Case(
        "states",
        "one of its own",
        own_states,
        "warning",
        ("118 “Awaiting CAB”", "Ticket state names"),
    ),
    Case(
        "states",
        "no table",
        lambda w: [w.fault("acl", table=kind) for kind in Kind.values],
        "unknown",
        ("may not",),
    ),
]


@pytest.mark.parametrize("case", [*FIELDS, *STATES], ids=str)
def test_what_tickets_need(case: Case, world: World) -> None:
    check(case, world)


def test_a_new_state_can_be_named_from_then_on(world: World) -> None:
    own_states(world)
    tasks.examine(runs.begin(world.connection, only="states").pk)
    state = TicketState.objects.get(value="118")
    assert (state.kind, state.default_label) == ("change_request", "Awaiting CAB")
    tasks.examine(runs.begin(world.connection, only="states").pk)
    world.connection.refresh_from_db()
    assert [finding.verdict for finding in stored(world.connection)] == ["ok"]


def send(world: World, kind: str) -> tuple[ProbeRun, Finding | None]:
    """Have a test ticket sent and return the round and what is known of it."""
    run = runs.begin(world.connection, only=f"{kind}_test")
    return go_on(world, run)


def go_on(world: World, run: ProbeRun) -> tuple[ProbeRun, Finding | None]:
    tasks.examine(run.pk)
    run.refresh_from_db()
    world.connection.refresh_from_db()
    found = {finding.id: finding for finding in stored(world.connection)}
    return run, found.get(run.only)


def there(world: World) -> list[Any]:
    sql = "SELECT * FROM task WHERE correlation_display = ?"
    return list(world.instance.store.execute(sql, [DISPLAY]))


def acts() -> list[str]:
    events = AuditEvent.objects.filter(action__startswith="connection.test_")
    return [event.action.removeprefix("connection.test_") for event in events][::-1]


@pytest.mark.parametrize("kind", Kind.values)
def test_a_test_ticket_is_taken_and_canceled(kind: str, world: World) -> None:
    run, finding = send(world, kind)

    assert finding is not None
    assert run.finished_at is not None
    assert (finding.verdict, finding.code) == ("ok", "taken")
    [row] = there(world)
    assert row["sys_class_name"] == kind
    assert row["state"] == rehearsal.CANCELED[Kind(kind)]
    assert finding.facts["number"] == row["number"]
    assert "please ignore" in row["short_description"]
    assert acts() == ["created", "canceled"]
    assert row["correlation_display"] != mapping.CORRELATION_DISPLAY


def test_it_is_canceled_as_this_instance_does(world: World) -> None:
    connection = world.connection
    connections.update(connection, is_test=True)
    for value, category in (("8", "done"), ("77", "cancelled")):
        TicketStateFactory(
            connection=connection, kind="incident", value=value, category=category
        )
    InstanceProfileFactory(
        connection=connection, kind="incident", close_notes="Only a test."
    )
    _run, finding = send(world, "incident")

    assert finding is not None
    assert finding.code == "taken"
    [row] = there(world)
    assert (row["state"], row["close_notes"]) == ("77", "Only a test.")
    assert row["short_description"].startswith("[TEST] ")


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("data_policy", "System Policy > Data Policies"),
        ("business_rule", "System Definition > Business Rules"),
        ("acl", "operation create"),
    ],
)
def test_a_refusal_is_handed_over_in_its_own_words(
    fault: str, words: str, kind: str, world: World
) -> None:
    world.fault(fault, method="POST", table=kind, rule="Cost centre")
    run, finding = send(world, kind)

    assert finding is not None
    assert finding.verdict == "failed"
    assert words in words_of(finding)
    assert "Operation Failed" in finding.evidence
    assert run.finished_at is not None
    assert there(world) == []
    assert acts() == []


def test_a_policy_of_the_instance_is_found_by_the_test(world: World) -> None:
    world.policy("incident", "assignment_group")
    _run, finding = send(world, "incident")
    assert finding is not None
    assert (finding.verdict, finding.code) == ("failed", "data_policy")
    assert "Assignment group" in finding.evidence


def test_a_ticket_that_cannot_be_canceled_is_said_to_be_open(world: World) -> None:
    world.fault("business_rule", method="PATCH")
    run, finding = send(world, "incident")

    assert finding is not None
    assert (finding.verdict, finding.code) == ("warning", "left_open")
    [row] = there(world)
    assert row["state"] == "1"
    assert row["number"] in finding.answer
    assert f"sys_id={row['sys_id']}" in words_of(finding).replace("%3D", "=")
    assert acts() == ["created", "left_open"]
    assert run.finished_at is not None


@pytest.mark.parametrize(
    "fault", ["cut_after_commit", "error_after_commit", "forbidden_after_commit"]
)
def test_a_lost_answer_does_not_leave_a_ticket_behind(fault: str, world: World) -> None:
    world.fault(fault, method="POST", count=1)
    _run, finding = send(world, "incident")
    assert finding is not None
    assert finding.code == "taken"
    assert [row["state"] for row in there(world)] == ["8"]


def died(run: ProbeRun) -> None:
    """Let the worker be dead for as long as another may take over."""
    long_ago = timezone.now() - timedelta(minutes=5)
    ProbeRun.objects.filter(pk=run.pk).update(claimed_at=long_ago)


def test_a_worker_that_dies_in_between_makes_no_second_ticket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.begin(world.connection, only="incident_test")
    with monkeypatch.context() as dying:

        def die(*_: object) -> None:
            raise SystemExit

        dying.setattr(rehearsal, "_cancel", die)
        with pytest.raises(SystemExit):
            tasks.examine(run.pk)
    assert [row["state"] for row in there(world)] == ["1"]
    assert runs.to_resume() == []
    died(run)
    assert runs.to_resume() == [run.pk]

    run, finding = go_on(world, run)

    assert finding is not None
    assert finding.code == "taken"
    assert [row["state"] for row in there(world)] == ["8"]
    assert runs.to_resume() == []


def test_what_was_sent_without_an_answer_is_never_sent_again(world: World) -> None:
    world.fault("cut", method="POST", count=1)
    run, finding = send(world, "incident")
    assert finding is not None
    assert (finding.verdict, finding.code) == ("unknown", "sent")
    assert finding.facts["reference"] in finding.answer
    assert run.finished_at is None
    assert [row["code"] for row in run.answers] == ["sent"]

    died(run)
    run, finding = go_on(world, run)
    assert run.finished_at is None, "the create may still be committed"

    died(run)
    at = (timezone.now() - timedelta(minutes=5)).isoformat()
    ProbeRun.objects.update(answers=[run.answers[0] | {"at": at}])
    run, finding = go_on(world, run)
    assert finding is not None
    assert (finding.verdict, finding.code) == ("unknown", "no_answer")
    assert finding.facts["reference"] in finding.answer
    assert there(world) == []


@pytest.mark.parametrize("where", [{"path": "all"}, {"table": "incident"}])
def test_what_stays_unclear_for_a_day_is_given_to_people(
    where: dict[str, str], world: World
) -> None:
    world.fault("cut", method="POST", count=1)
    run, _finding = send(world, "incident")
    world.fault("hibernating", **where)
    died(run)

    run, finding = go_on(world, run)
    assert run.finished_at is None, "nothing is forgotten while nobody answers"
    assert runs.to_resume() == []
    died(run)
    assert runs.to_resume() == [run.pk]

    ProbeRun.objects.update(started_at=timezone.now() - timedelta(days=2))
    run, finding = go_on(world, run)
    assert finding is not None
    assert (finding.verdict, finding.code) == ("failed", "given_up")
    assert f"Correlation ID: {finding.facts['reference']}" in words_of(finding)
    assert runs.to_resume() == []


def test_a_ticket_that_does_not_show_is_said_to_be_there(world: World) -> None:
    world.instance.restrictions.tables.add("incident")
    _run, finding = send(world, "incident")
    assert finding is not None
    assert (finding.verdict, finding.code) == ("failed", "hidden")
    [row] = there(world)
    assert f"Correlation ID: {row['correlation_id']}" in words_of(finding)
    assert acts() == ["created", "left_open"]


def test_the_beat_goes_on_with_what_was_left_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.begin(world.connection, only="incident_test")
    other = runs.begin(world.connection)
    for one in (run, other):
        died(one)
    sent: list[int] = []
    monkeypatch.setattr(tasks.examine, "delay", sent.append)
    monkeypatch.setattr(tasks.watch, "delay", lambda _pk: None)
    tasks.check_connections()
    assert sent == [run.pk]


def test_a_whole_check_sends_no_test_ticket(world: World) -> None:
    tasks.examine(runs.begin(world.connection).pk)
    assert there(world) == []
    assert "incident_test" not in {finding.id for finding in stored(world.connection)}
