"""Two who send the same form at the same moment: one is told of the other."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone

from portal.score.alert_models import AlertRule
from portal.score.list_models import SavedView
from portal.score.plan_models import ActionPlan
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db(transaction=True)


def _send(
    sign_in: SignIn, user: User, address: str, *forms: Mapping[str, str]
) -> list[int]:
    """Return the statuses of the answers, the lowest first."""
    clients = [sign_in(user) for _form in forms]
    start = Barrier(len(forms))
    answers: list[int] = []

    def work(client: Client, form: Mapping[str, str]) -> None:
        start.wait()
        try:
            answers.append(client.post(address, form).status_code)
        finally:
            connections.close_all()

    workers = [
        Thread(target=work, args=pair) for pair in zip(clients, forms, strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(answers)


def test_two_plans_of_one_action(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    factories.SnapshotFactory(tenant=tenant, date=timezone.localdate())
    factories.ControlProfileFactory(tenant=tenant, control_id="AdminMFAV2")
    form = {"status": "to_address", "version": "0"}
    address = "/securescore/actions/AdminMFAV2/"
    both = [form | {"notes": words} for words in ("Mine", "Yours")]

    assert _send(client_for, admin, address, *both) == [302, 422]
    assert ActionPlan.objects.get().version == 1


def test_two_rules_that_say_the_same(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    form = {"kind": "below_percent", "value": "30", "recipients": "soc@example.com"}

    answers = _send(client_for, admin, "/securescore/alerts/rules/new/", form, form)

    assert answers == [302, 422]
    assert AlertRule.objects.count() == 1


def test_two_views_of_one_name(tenant: Tenant, admin: User, client_for: SignIn) -> None:
    form = {"name": "Mine to do", "query": "show=all"}

    answers = _send(client_for, admin, "/securescore/views/", form, form)

    assert answers == [302, 302]
    assert SavedView.objects.count() == 1
