"""Alerts: when a rule applies, once a day, in the portal and by e-mail."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import override_settings
from django.utils import timezone

from connector.models import AuditEvent
from portal.score import alert_mail, alerts, sync, tasks
from portal.score.alert_models import Alert, AlertRule
from portal.score.models import ScoreSync, Snapshot
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

    SignIn = Callable[[User], Client]

PAGE = "/securescore/alerts/"
NEW = f"{PAGE}rules/new/"


def _days(tenant: Tenant, *scores: float, most: float = 100.0) -> None:
    """Make the newest days, oldest first."""
    today = timezone.localdate()
    for age, score in enumerate(reversed(scores)):
        factories.SnapshotFactory(
            tenant=tenant,
            date=today - timedelta(days=age),
            current_score=score,
            max_score=most,
            regressed=7.0 if age == 0 else 0.0,
        )


def _rule(tenant: Tenant, kind: str, value: float, **more: Any) -> AlertRule:
    return factories.AlertRuleFactory(tenant=tenant, kind=kind, value=value, **more)


@pytest.mark.parametrize(
    ("kind", "value", "scores", "applies"),
    [
        ("drop_points", 5, (50, 45), True),
        ("drop_points", 5.01, (50, 45), False),
        ("drop_points", 5, (45, 50), False),
        ("drop_points", 5, (45,), False),
        ("drop_percent", 2.5, (50, 45), True),
        ("drop_percent", 2.6, (50, 45), False),
        ("below_points", 46, (50, 45), True),
        ("below_points", 45, (50, 45), False),
        ("below_points", 46, (45,), True),
        ("below_percent", 23, (50, 45), True),
        ("below_percent", 22.5, (50, 45), False),
        ("regression", 7, (50, 45), True),
        ("regression", 7.1, (50, 45), False),
    ],
)
def test_a_rule_applies_when_it_should(
    tenant: Tenant, kind: str, value: float, scores: tuple[float, ...], applies: bool
) -> None:
    _days(tenant, *scores, most=200.0)
    _rule(tenant, kind, value)
    assert bool(alerts.evaluate(tenant)) is applies


def test_a_rule_raises_one_alert_a_day(tenant: Tenant) -> None:
    _days(tenant, 50, 45)
    _rule(tenant, "drop_points", 1)
    raised = [alerts.evaluate(tenant) for _ in range(3)]
    assert [len(found) for found in raised] == [1, 0, 0]
    assert Alert.objects.count() == 1
    assert AuditEvent.objects.filter(action="alert.raised").count() == 1


def test_a_rule_that_is_off_raises_nothing(tenant: Tenant) -> None:
    _days(tenant, 50, 45)
    _rule(tenant, "drop_points", 1, is_active=False)
    assert alerts.evaluate(tenant) == []


def test_rules_watch_their_own_organisation(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    _days(tenant, 50, 45)
    _days(other_tenant, 50, 50)
    _rule(other_tenant, "drop_points", 1)
    assert alerts.evaluate(tenant) == []
    assert alerts.evaluate(other_tenant) == []


def test_a_threshold_alerts_once_until_the_score_recovered(tenant: Tenant) -> None:
    rule = _rule(tenant, "below_points", 50)
    _days(tenant, 60, 40, 41)
    yesterday = timezone.localdate() - timedelta(days=1)
    factories.AlertFactory(tenant=tenant, rule=rule, day=yesterday)
    assert alerts.evaluate(tenant) == []
    Alert.objects.update(day=yesterday - timedelta(days=1))
    Snapshot.objects.filter(date=yesterday).update(current_score=55)
    assert len(alerts.evaluate(tenant)) == 1


def test_a_sync_applies_the_rules(
    tenant: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    _rule(tenant, "below_percent", 99)
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == ""
    alert = Alert.objects.get()
    latest = Snapshot.objects.latest_for(tenant)
    assert latest is not None
    assert (alert.day, alert.facts["points"]) == (latest.date, latest.current_score)
    page = client_for(reader).get("/securescore/").text
    assert "1 new alert" in page
    assert 'class="bar__count"' in page


def test_a_regression_names_the_actions(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    _days(tenant, 50, 43)
    _rule(tenant, "regression", 5)
    latest = Snapshot.objects.latest_for(tenant)
    assert latest is not None
    for name, before in (("Small", 3.0), ("Large", 8.0)):
        factories.ControlProfileFactory(tenant=tenant, control_id=name, title=name)
        factories.ScoreEventFactory(
            tenant=tenant, date=latest.date, control_id=name, before=before, after=1.0
        )
    [alert] = alerts.evaluate(tenant)
    assert alert.facts["actions"] == ["Large", "Small"]
    text = client_for(reader).get(PAGE).text
    assert "7 points regressed in 2 improvement actions" in text
    assert "<li>Large</li>" in text


def test_an_alert_goes_out_by_mail_once(tenant: Tenant) -> None:
    _days(tenant, 50, 45)
    _rule(tenant, "drop_points", 1, recipients="soc@example.com\nciso@example.com")
    [alert] = alerts.evaluate(tenant)
    assert alert_mail.due() == [alert.pk]
    for _ in range(2):
        tasks.mail_alert(alert.pk)
    [sent] = mail.outbox
    assert sent.to == ["soc@example.com", "ciso@example.com"]
    assert sent.subject == (
        "Contoso Electronics: Secure Score fell from 50 points to 45 points"
    )
    assert "Now: 45 of 100 points (45%)." in sent.body
    assert f"http://testserver{PAGE}" in sent.body
    assert len(sent.body.splitlines()) < 12
    assert alert_mail.due() == []


def test_without_addresses_no_mail_is_due(tenant: Tenant) -> None:
    _days(tenant, 50, 45)
    _rule(tenant, "drop_points", 1)
    assert alerts.evaluate(tenant)
    assert alert_mail.due() == []


class Refusing(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


def test_a_mail_that_failed_is_sent_later(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    alert = factories.AlertFactory(tenant=tenant, recipients="soc@example.com")
    with override_settings(EMAIL_BACKEND=f"{__name__}.Refusing"):
        tasks.mail_alert(alert.pk)
    assert alert_mail.due() == []
    assert "Connection unexpectedly closed" in client_for(reader).get(PAGE).text
    Alert.objects.update(mail_due_at=timezone.now())
    tasks.mail_alert(alert.pk)
    alert.refresh_from_db()
    assert (len(mail.outbox), alert.mail_error) == (1, "")
    assert alert.mailed_at is not None


def test_old_news_is_not_mailed(tenant: Tenant) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    factories.AlertFactory(
        tenant=tenant, recipients="soc@example.com", raised_at=long_ago
    )
    assert alert_mail.due() == []


def test_acknowledging_quiets_the_bell(
    tenant: Tenant, operator: User, client_for: SignIn
) -> None:
    alert = factories.AlertFactory(tenant=tenant)
    client = client_for(operator)
    assert "1 new alert" in client.get(PAGE).text
    client.post(f"{PAGE}{alert.pk}/acknowledge/")
    text = client.get(PAGE).text
    assert "1 new alert" not in text
    assert "Acknowledged by security.operator" in text
    factories.AlertFactory.create_batch(2, tenant=tenant)
    client.post(f"{PAGE}acknowledge/")
    assert not Alert.objects.open().exists()
    assert AuditEvent.objects.filter(action="alert.acknowledged").count() == 3


def test_the_first_who_acknowledges_stays(
    tenant: Tenant, operator: User, admin: User
) -> None:
    alert = factories.AlertFactory(tenant=tenant)
    for person in (operator, admin):
        alerts.acknowledge(alert, actor=person)
    alert.refresh_from_db()
    assert alert.acknowledged_by == operator


def test_a_rule_is_added_changed_and_deleted(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    form = {
        "kind": "below_percent",
        "value": "45.5",
        "recipients": "a@example.com, b@example.com;a@example.com",
        "is_active": "on",
    }
    assert client.post(NEW, form).status_code == 302
    rule = AlertRule.objects.get()
    assert (rule.tenant, rule.value) == (tenant, 45.5)
    assert rule.recipients == "a@example.com\nb@example.com"
    assert "The score falls below 45.5%" in client.get(PAGE).text
    client.post(f"{PAGE}rules/{rule.pk}/", form | {"value": "50"})
    rule.refresh_from_db()
    assert rule.value == 50
    factories.AlertFactory(tenant=tenant, rule=rule)
    client.post(f"{PAGE}rules/{rule.pk}/delete/")
    assert not AlertRule.objects.exists()
    assert Alert.objects.get().rule is None
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": ""}, "Choose when to alert."),
        ({"value": ""}, "This field is required."),
        ({"value": "0"}, "greater than or equal to 0.01"),
        ({"value": "nan"}, "Enter a number."),
        ({"value": "101"}, "A percentage is 100 at most."),
        ({"value": "40"}, "There is such a rule already."),
        ({"recipients": "soc@example.com nobody"}, "nobody is not an e-mail address."),
        (
            {"recipients": " ".join(f"p{n}@example.com" for n in range(21))},
            "These are more than 20 addresses.",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_rule_that_cannot_be_is_named(
    tenant: Tenant, admin: User, client_for: SignIn, change: dict[str, str], words: str
) -> None:
    _rule(tenant, "below_percent", 40.0)
    form = {"kind": "below_percent", "value": "30", "recipients": "soc@example.com"}
    response = client_for(admin).post(NEW, form | change)
    assert response.status_code == 422
    assert words in response.text
    assert (form | change)["recipients"].split()[0] in response.text


def test_without_a_mail_server_the_pages_say_so(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    for page in (PAGE, NEW):
        assert "E-mails are not sent" in client.get(page).text
    with override_settings(EMAIL_HOST="smtp.example.com"):
        assert "E-mails are not sent" not in client.get(PAGE).text
