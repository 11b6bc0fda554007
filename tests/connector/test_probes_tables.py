"""Tables, rights and the instance itself: each probe, good and bad."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from connector import probes
from connector.models import RequestBudget
from connector.probes import examination
from connector.sandbox import circumstances
from tests.connector.asking import Case, World, ask, check

if TYPE_CHECKING:
    from connector.probes import Finding

pytestmark = pytest.mark.django_db
RULE = "9a1d2b6dd4b3321165c2fa7d8651bf22"


def nothing(_world: World) -> None:
    pass


def incident(world: World) -> None:
    world.row("incident", short_description="x", state="2")


def hidden_incident(world: World) -> None:
    incident(world)
    world.instance.restrictions.tables.add("incident")


def some_hidden(world: World) -> None:
    incident(world)
    world.instance.restrictions.rows.add(
        world.row("incident", short_description="y", state="2")
    )


def release(war: str, build: str = "") -> object:
    def make(world: World) -> None:
        world.see_all()
        world.setting("glide.war", war)
        world.setting("glide.buildname", build)

    return make


def clock(seconds: int) -> object:
    return lambda w: circumstances.set_clock(w.instance.store, {"skew": seconds})


def rate(limit: int, used: int = 0) -> object:
    def make(world: World) -> None:
        world.instance.app.switches.set({"rate_limit": limit})
        RequestBudget.objects.create(
            connection=world.connection,
            requests=used,
            ends_at=timezone.now() + timezone.timedelta(minutes=20),
        )

    return make


def used_up(world: World) -> None:
    rate(100)(world)
    ends_at = timezone.now() + timezone.timedelta(minutes=20)
    RequestBudget.objects.update(blocked_until=ends_at)


def proved(world: World) -> None:
    world.fault("acl", table="sys_user_has_role")
    found = {"id": "incident_test", "verdict": "ok", "code": "taken", "facts": {}}
    world.portal(probes=[found | {"at": "2026-05-04T10:00:00+00:00"}])


READS = [
    Case(table, name, make, verdict, words)
    for table in ("change_request", "incident")
    for name, make, verdict, words in (
        ("empty", nothing, "ok", ("no rows yet",)),
        (
            "with rows",
            lambda w, table=table: w.row(table, short_description="x"),
            "ok",
            (f"the table {table}",),
        ),
        (
            "rows that do not show",
            lambda w, table=table: (
                w.row(table, short_description="x"),
                w.instance.restrictions.tables.add(table),
            ),
            "failed",
            ("may see none of them", "Role: itil", f"rules of {table}"),
        ),
        (
            "refused",
            lambda w, table=table: w.fault("acl", table=table),
            "failed",
            ("may not read", "Access Control (ACL)", "security constraints"),
        ),
        (
            "its fields are refused",
            lambda w, table=table: w.fault("insufficient_rights", table=table),
            "failed",
            (f"fields of {table}", "Insufficient rights"),
        ),
        (
            "too slow",
            lambda w, table=table: w.fault("error", table=table),
            "unknown",
            ("longer than it allows",),
        ),
    )
]

CASES = [
    *READS,
    Case("task", "empty", nothing, "ok", ("no rows yet",)),
    Case(
        "task",
        "refused",
        lambda w: w.fault("acl", table="task"),
        "failed",
        ("may not read task",),
    ),
    Case("change_request_write", "itil", nothing, "ok", ("as far as the roles",)),
    Case(
        "change_request_write",
        "incidents only",
        lambda w: w.roles("sn_incident_write", "sn_change_read"),
        "failed",
        ("sn_change_write", "Send a test ticket"),
    ),
    Case(
        "change_request_write",
        "roles do not show",
        lambda w: w.fault("acl", table="sys_user_has_role"),
        "unknown",
        ("without writing", "Send a test ticket"),
    ),
    Case("incident_write", "itil", nothing, "ok", ("as far as the roles",)),
    Case(
        "incident_write",
        "snc_read_only",
        lambda w: w.roles("itil", "snc_read_only"),
        "failed",
        ("snc_read_only",),
    ),
    Case("incident_write", "a test proved it", proved, "ok", ("2026",)),
    Case("hidden", "none", incident, "ok", ("rows that were looked at show",)),
    Case(
        "hidden",
        "some",
        some_hidden,
        "warning",
        ("2 of 4 rows", "task 1/2, incident 1/2", "Access Control (ACL)"),
    ),
    Case(
        "hidden",
        "no table",
        lambda w: [
            w.fault("acl", table=t) for t in ("task", "change_request", "incident")
        ],
        "unknown",
        ("no table",),
    ),
    Case("labels", "with the records", incident, "ok", ("In Progress",)),
    Case("labels", "nowhere yet", nothing, "unknown", ("first ticket",)),
    Case("labels", "from the choices", lambda w: w.see_all(), "ok", ("choices",)),
    Case("release", "not shown", nothing, "unknown", ("does no harm",)),
    Case(
        "release",
        "refused",
        lambda w: w.fault("acl", table="sys_properties"),
        "unknown",
        ("does no harm",),
    ),
    Case(
        "release",
        "Jakarta",
        release("glide-jakarta-05-03-2017__patch9-x.zip"),
        "failed",
        ("No: Jakarta", "Kingston or later"),
    ),
    Case(
        "release",
        "Kingston, the first that will do",
        release("glide-kingston-10-17-2017__patch0.zip"),
        "ok",
        ("Kingston",),
    ),
    Case(
        "release",
        "Washington DC, which sorts before Xanadu and after Kingston",
        release("glide-washingtondc-12-20-2023__patch1.zip"),
        "ok",
        ("Washington DC",),
    ),
    Case(
        "release",
        "Australia, which sorts before Kingston",
        release("glide-australia-02-11-2026__patch3.zip"),
        "ok",
        ("Australia",),
    ),
    Case(
        "release",
        "one that is not known yet",
        release("glide-brazil-02-11-2027__patch3.zip"),
        "ok",
        ("Brazil",),
    ),
    Case(
        "release",
        "by its name alone",
        release("", "San Diego"),
        "ok",
        ("San Diego",),
    ),
    Case("release", "odd", release("build 17"), "unknown", ("unknown way",)),
    Case("clock", "together", nothing, "ok", ("within",)),
    Case("clock", "the instance is ahead", clock(600), "warning", ("s behind", "NTP")),
    Case("clock", "the portal is ahead", clock(-600), "warning", ("s ahead", "NTP")),
    Case("rate", "no rule", nothing, "ok", ("no rate rule",)),
    Case("rate", "enough", rate(1000), "ok", ("1000 an hour", RULE)),
    Case(
        "rate",
        "a small one",
        rate(20),
        "warning",
        ("20 requests an hour", "Rate Limit Rules", f"Rule: {RULE}"),
    ),
    Case("rate", "nearly used", rate(100, 90), "warning", ("of 100", "its own user")),
    Case("rate", "used up", used_up, "warning", ("no more requests", "Exempt")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_instance_lets_be_done(case: Case, world: World) -> None:
    check(case, world)


def test_a_table_that_is_missing_is_named(world: World) -> None:
    from connector.sandbox import schema

    missing = schema.TABLES.pop("incident")
    try:
        finding = ask(world.connection, "incident")["incident"]
    finally:
        schema.TABLES["incident"] = missing
    assert (finding.verdict, finding.code) == ("failed", "invalid_table")
    assert "Incident Management" in " ".join(step.plain for step in finding.steps)


def test_a_whole_check_finds_nothing_wrong_and_asks_little(world: World) -> None:
    round_ = probes.Examination(world.connection)
    found = {finding.id: finding for finding in round_.ask(probes.routine())}

    assert [f.id for f in found.values() if f.is_trouble] == []
    open_ones = {f.id for f in found.values() if f.verdict == "unknown"}
    assert open_ones == {
        "labels",
        "release",
        "change_request_fields",
        "incident_fields",
    }
    assert round_.requests == world.requests <= 25
    assert all(finding.answer and finding.question for finding in found.values())


def test_nothing_more_is_asked_when_the_requests_are_used_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "MOST_REQUESTS", 3)
    found = ask(world.connection)
    assert world.requests == 3
    assert found["incident"].code == "out_of_requests"
    assert "Check again" in " ".join(s.plain for s in found["incident"].steps)


def test_nothing_more_is_asked_when_the_time_is_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.monotonic()
    round_ = probes.Examination(world.connection)

    found: list[Finding] = []
    # Each answer takes ten seconds.
    monkeypatch.setattr(examination.time, "monotonic", lambda: start + 10 * len(found))
    for finding in round_.ask(probes.routine()):
        found.append(finding)  # noqa: PERF402 - the clock looks at it
    monkeypatch.undo()
    codes = [finding.code for finding in found]
    assert codes[-1] in {"out_of_time", "not_asked"}
    assert world.instance.app.api.requests["table"] <= 4
