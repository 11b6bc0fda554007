"""Closed tickets: judged after 48 hours, told once of a regression, never doubled."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.utils import timezone

from connector.models import AuditEvent
from portal.score import earnings, effects, regressions, sync
from portal.score.effect_models import EffectRule, TicketEffect, ToldRegression
from portal.score.models import ControlProfile, ControlScore, Snapshot
from tests import factories
from tickets import amendments
from tickets.models import Delivery, Kind, Ticket, TicketAction

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

EFFECTS = "/securescore/effects/"
LEDGER = "/securescore/ledger/"
NOW = timezone.now()


def days_ago(days: float) -> Any:
    return NOW - timedelta(days=days)


@pytest.fixture
def scores(tenant: Tenant) -> Callable[..., None]:
    """Write the points of controls, the newest day last."""

    def write(**points: list[float]) -> None:
        count = max(len(values) for values in points.values())
        for age in range(count):
            moment = days_ago(count - 1 - age)
            day = factories.SnapshotFactory(
                tenant=tenant, date=moment.date(), calculated_at=moment
            )
            for name, values in points.items():
                factories.ControlScoreFactory(
                    snapshot=day, control_id=name, score=values[age]
                )
        for name, values in points.items():
            factories.ControlProfileFactory(
                tenant=tenant, control_id=name, title=f"Do {name}", score=values[-1]
            )

    return write


@pytest.fixture
def closed(tenant: Tenant) -> Callable[..., Ticket]:
    """Make a ticket that was created and closed so many days ago."""
    linked = factories.ConnectionFactory(tenant=tenant)

    def make(
        *controls: str, created: float = 9, days: float = 5, **values: Any
    ) -> Ticket:
        values = {"kind": Kind.INCIDENT, "remote_state": "6", **values}
        ticket: Ticket = factories.TicketFactory(
            connection=linked,
            control_id=controls[0] if len(controls) == 1 else "",
            created_at=days_ago(created),
            delivered=True,
            **values,
        )
        for name in controls if len(controls) > 1 else ():
            TicketAction.objects.create(ticket=ticket, control_id=name)
        factories.TicketEventFactory(
            ticket=ticket,
            action="changed",
            field="state",
            old="2",
            new=ticket.remote_state,
            at=days_ago(days),
        )
        return ticket

    return make


def ineffective(tenant: Tenant) -> list[str]:
    effects.refresh(tenant)
    found = TicketEffect.objects.not_effective(tenant).order_by("control_id")
    return [effect.control_id for effect in found]


def test_a_closed_ticket_whose_action_did_not_improve_is_listed(
    tenant: Tenant, scores: Any, closed: Any, reader: User, client_for: SignIn
) -> None:
    scores(Flat=[2.0] * 10, Won=[2.0] * 7 + [9.0] * 3, Early=[2.0] * 3 + [9.0] * 7)
    for name in ("Flat", "Won", "Early"):
        closed(name)

    assert ineffective(tenant) == ["Flat"]
    answer = client_for(reader).get(EFFECTS)
    assert "Do Flat" in answer.text
    assert "Do Won" not in answer.text
    assert "1 action gained no points" in client_for(reader).get("/securescore/").text


def test_it_is_not_judged_before_two_days_have_passed(
    tenant: Tenant, scores: Any, closed: Any, reader: User, client_for: SignIn
) -> None:
    scores(Flat=[2.0] * 10)
    closed("Flat", days=1.5)
    assert ineffective(tenant) == []
    assert "1 action of a closed ticket is not judged yet" in (
        client_for(reader).get(EFFECTS).text
    )


def test_what_improved_late_is_listed_no_more(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(Late=[2.0] * 10)
    closed("Late")
    assert ineffective(tenant) == ["Late"]
    ControlProfile.objects.filter(control_id="Late").update(score=8.0)
    assert ineffective(tenant) == []


@pytest.mark.parametrize("state", ["8", "2"])
def test_cancelled_and_open_tickets_are_not_judged(
    state: str, tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(Flat=[2.0] * 10)
    closed("Flat", remote_state=state)
    assert ineffective(tenant) == []


def test_an_accepted_risk_is_not_held_against_its_ticket(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(Flat=[2.0] * 10)
    closed("Flat")
    ControlProfile.objects.update(state="Ignored")
    assert ineffective(tenant) == []


def test_the_first_close_counts_when_resolved_becomes_closed(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(Flat=[2.0] * 10)
    ticket = closed("Flat", days=5, remote_state="7")
    ticket.events.update(new="6")
    factories.TicketEventFactory(
        ticket=ticket, action="changed", field="state", old="6", new="7", at=days_ago(1)
    )
    assert ineffective(tenant) == ["Flat"]
    assert TicketEffect.objects.get().closed_at == days_ago(5)


def test_a_ticket_closed_anew_is_judged_anew(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(Flat=[2.0] * 10)
    ticket = closed("Flat")
    assert ineffective(tenant) == ["Flat"]
    for old, new, age in (("6", "2", 1.5), ("2", "6", 1)):
        factories.TicketEventFactory(
            ticket=ticket,
            action="changed",
            field="state",
            old=old,
            new=new,
            at=days_ago(age),
        )
    assert ineffective(tenant) == []
    assert TicketEffect.objects.get().settled_on is None


def test_a_ticket_for_several_actions_is_judged_for_each(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(A=[2.0] * 10, B=[2.0] * 7 + [9.0] * 3)
    closed("A", "B")
    assert ineffective(tenant) == ["A"]
    assert TicketEffect.objects.count() == 2


def test_only_a_resolved_incident_can_be_reopened(
    tenant: Tenant, scores: Any, closed: Any, operator: User, client_for: SignIn
) -> None:
    scores(A=[2.0] * 10, B=[2.0] * 10, C=[2.0] * 10)
    kept = [
        closed("A", remote_state="7"),
        closed("B", kind=Kind.CHANGE_REQUEST, remote_state="3"),
    ]
    resolved = closed("C")
    assert len(ineffective(tenant)) == 3
    answer = client_for(operator).get(EFFECTS)
    assert answer.text.count("/reopen/") == 1
    assert answer.text.count("/note/") == 3

    for ticket in kept:
        told = amendments.reopen(ticket, "Why", author="x", once="1")
        assert told == amendments.Told.NOTED
    assert amendments.reopen(resolved, "Why", author="x", once="1").name == "REOPENED"
    assert amendments.reopen(resolved, "Why", author="x", once="1").name == "BEFORE"
    updates = Delivery.objects.filter(operation="update")
    assert [d.payload for d in updates] == [{"state": "2"}]
    assert AuditEvent.objects.filter(action="ticket.reopened").count() == 1


def test_the_code_of_work_is_the_instances_own(
    tenant: Tenant, closed: Any, scores: Any
) -> None:
    ticket = closed("A")
    for value, category in (("6", "done"), ("42", "in_progress")):
        factories.TicketStateFactory(
            connection=ticket.connection,
            kind="incident",
            value=value,
            category=category,
        )
    amendments.reopen(ticket, "Why", author="x", once="1")
    assert Delivery.objects.get(operation="update").payload == {"state": "42"}


def test_the_reason_is_filled_in_and_nothing_typed_is_lost(
    tenant: Tenant, scores: Any, closed: Any, operator: User, client_for: SignIn
) -> None:
    scores(Flat=[2.0] * 10)
    ticket = closed("Flat")
    ineffective(tenant)
    address = f"{EFFECTS}{TicketEffect.objects.get().pk}/reopen/"
    page = client_for(operator).get(address)
    text = page.context["form"]["text"].value()
    assert "“Do Flat” did not improve" in text
    assert "now: 2 of 10" in text

    empty = client_for(operator).post(address, {"text": ""})
    assert empty.status_code == 422
    once = str(page.context["form"]["once"].value())
    for _ in range(2):
        client_for(operator).post(address, {"text": text, "once": once})
    assert sorted(ticket.deliveries.values_list("operation", flat=True)) == [
        "note",
        "update",
    ]


# Regressions


@pytest.fixture
def regressed(tenant: Tenant, scores: Any, closed: Any) -> Ticket:
    """A ticket whose action had all its points and lost some since the close."""
    scores(A=[2.0] * 3 + [10.0] * 6 + [4.0])
    ticket: Ticket = closed("A", days=4)
    Snapshot.objects.update(gained=None)
    from portal.score import ledger

    ledger.derive(tenant)
    return ticket


def test_a_regression_is_told_to_its_ticket_once(
    tenant: Tenant, regressed: Ticket
) -> None:
    ControlScore.objects.update(implementation_status="3 of 9 accounts left.")
    for _ in range(2):
        sync.follow(tenant)

    [note] = Delivery.objects.all()
    text = note.payload["work_notes"]
    assert note.ticket == regressed
    assert "Points: 10 → 4 of 10 on" in text
    assert "3 of 9 accounts left." in text
    assert Ticket.objects.count() == 1
    assert ToldRegression.objects.get().outcome == "noted"


def test_the_newest_ticket_is_told_and_no_older_one(
    tenant: Tenant, regressed: Ticket, closed: Any
) -> None:
    newer = closed("A", "B", created=6, days=4)
    closed("A", created=5, days=4, remote_state="8")
    sync.follow(tenant)
    assert Delivery.objects.get().ticket == newer


def test_a_rule_reopens_or_says_nothing(tenant: Tenant, regressed: Ticket) -> None:
    EffectRule.objects.create(tenant=tenant, on_regression="nothing")
    sync.follow(tenant)
    assert not Delivery.objects.exists()
    ToldRegression.objects.all().delete()
    EffectRule.objects.update(on_regression="reopen")
    sync.follow(tenant)
    assert ToldRegression.objects.get().outcome == "reopened"
    assert set(Delivery.objects.values_list("operation", flat=True)) == {
        "note",
        "update",
    }


def test_what_regressed_before_the_close_is_no_news(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    from portal.score import ledger

    scores(A=[10.0] * 5 + [4.0] * 5)
    closed("A", days=2)
    ledger.derive(tenant)
    sync.follow(tenant)
    assert not Delivery.objects.exists()


def test_an_action_without_a_closed_ticket_gets_none(
    tenant: Tenant, regressed: Ticket
) -> None:
    Ticket.objects.update(remote_state="2")
    sync.follow(tenant)
    assert not Delivery.objects.exists()
    assert Ticket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_it_once(tenant: Tenant, regressed: Ticket) -> None:
    effects.refresh(tenant)
    start = Barrier(2)

    def work() -> None:
        start.wait()
        try:
            regressions.tell(tenant)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Delivery.objects.filter(operation="note").count() == 1
    assert ToldRegression.objects.count() == 1


def test_only_who_manages_the_score_sets_the_rule(
    tenant: Tenant, admin: User, operator: User, client_for: SignIn
) -> None:
    address = f"{EFFECTS}rule/"
    assert client_for(operator).post(address, {}).status_code == 403
    assert client_for(admin).post(address, {"on_regression": "x"}).status_code == 422
    client_for(admin).post(address, {"on_regression": "reopen"})
    assert EffectRule.objects.current(tenant).on_regression == "reopen"
    page = client_for(operator).get(EFFECTS).text
    assert "Reopen its ticket; add a note where that is impossible" in page


# The ledger


def test_each_point_is_told_of_one_ticket(
    tenant: Tenant, scores: Any, closed: Any, reader: User, client_for: SignIn
) -> None:
    scores(A=[2.0] * 3 + [5.0] * 4 + [9.0] * 3, B=[0.0] * 8 + [3.0] * 2)
    first = closed("A", created=9, days=8)
    second = closed("A", "B", created=4, days=3)
    effects.refresh(tenant)

    rows = {(row.ticket.pk, row.control_id): row for row in earnings.earnings(tenant)}
    assert rows[first.pk, "A"].observed == pytest.approx(3)
    assert rows[second.pk, "A"].observed == pytest.approx(4)
    assert rows[second.pk, "B"].observed == pytest.approx(3)
    total = earnings.total([*rows.values()])
    assert (total.tickets, total.observed, total.asserted) == (2, 10.0, 0.0)
    [category] = earnings.by_category(rows.values())
    assert category.observed == 10.0
    assert sum(m.observed for m in earnings.by_month(rows.values())) == 10.0
    page = client_for(reader).get(LEDGER).text
    assert "+10" in page
    assert "until the next ticket" in page


def test_asserted_points_are_shown_apart(
    tenant: Tenant, scores: Any, closed: Any
) -> None:
    scores(A=[2.0] * 5 + [10.0] * 5)
    closed("A")
    ControlProfile.objects.update(state="ThirdParty")
    effects.refresh(tenant)
    total = earnings.total(earnings.earnings(tenant))
    assert (total.observed, total.asserted) == (0.0, 8.0)


def test_the_ledger_is_a_file_too(
    tenant: Tenant, scores: Any, closed: Any, reader: User, client_for: SignIn
) -> None:
    scores(A=[2.0] * 5 + [10.0] * 5)
    ticket = closed("A", name="=1+1")
    effects.refresh(tenant)
    answer = client_for(reader).get(f"{LEDGER}file/?format=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Ticket,Kind,Ticket name")
    assert lines[1].startswith(f"{ticket.number},incident,'=1+1,")
    assert lines[1].endswith(",2.0,10.0,8.0,0.0")
    assert (
        AuditEvent.objects.get(action="export.requested").facts["content"] == "ledger"
    )
