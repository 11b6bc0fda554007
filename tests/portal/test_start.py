"""The commands that make the first organisation, for real and for a demonstration."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from connector.models import AuditEvent, Tenant
from portal import roles
from portal.demonstration import PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_static_folder(settings: object, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"  # type: ignore[attr-defined]


def run(*words: str) -> str:
    output = io.StringIO()
    call_command(*words, stdout=output)
    return output.getvalue()


def test_demo_makes_one_person_per_role(monkeypatch: pytest.MonkeyPatch) -> None:
    for person in PEOPLE:
        monkeypatch.setenv(person.password_name, f"password of {person.username}")
    assert run("demo") == ""
    [tenant] = Tenant.objects.all()
    assert tenant.members.count() == 5
    for person in PEOPLE:
        user = User.objects.get(username=person.username)
        assert user.check_password(f"password of {person.username}")
        assert [group.name for group in user.groups.all()] == [person.part]
        assert not user.is_superuser


def test_demo_without_passwords_makes_and_shows_them() -> None:
    shown = dict(line.split(": ") for line in run("demo").splitlines())
    assert shown.keys() == {person.username for person in PEOPLE}
    for username, password in shown.items():
        assert User.objects.get(username=username).check_password(password)


def test_demo_again_keeps_changed_passwords_and_roles() -> None:
    run("demo")
    user = User.objects.get(username="security.admin")
    user.set_password("changed by hand")
    user.save()
    user.groups.clear()
    assert run("demo") == ""
    user = User.objects.get(username="security.admin")
    assert user.check_password("changed by hand")
    assert user.groups.count() == 0
    assert User.objects.count() == 5


def test_demo_refuses_an_installation_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICENOW_SANDBOX", "off")
    with pytest.raises(CommandError, match="for real"):
        run("demo")
    assert not User.objects.exists()
    run("demo", "--even-without-sandbox")
    assert User.objects.count() == 5


def test_start_makes_the_first_administrator_and_shows_the_password_once() -> None:
    output = run("start", "--tenant", "Northwind", "--admin", "anna")
    password = output.rpartition(": ")[2].strip()
    anna = User.objects.get(username="anna")
    assert anna.check_password(password)
    assert anna.has_perm("connector.manage_connection")
    assert [t.name for t in anna.tenants.all()] == ["Northwind"]
    assert [group.name for group in anna.groups.all()] == [roles.SECURITY_ADMINISTRATOR]
    [event] = AuditEvent.objects.filter(action="user.created")
    assert password not in str(event.facts)


def test_start_says_so_while_nobody_can_sign_in() -> None:
    assert "--tenant NAME --admin USER" in run("start")
    assert run("start", "--tenant", "Northwind", "--admin", "anna").count("\n") == 2
    assert run("start") == ""


def test_start_refuses_a_name_that_is_taken() -> None:
    run("start", "--tenant", "Northwind", "--admin", "anna")
    with pytest.raises(CommandError, match="already"):
        run("start", "--tenant", "Southwind", "--admin", "anna")
    assert not Tenant.objects.filter(name="Southwind").exists()


def test_start_wants_tenant_and_admin_together() -> None:
    with pytest.raises(CommandError, match="together"):
        run("start", "--tenant", "Northwind")


def test_start_collects_static_files_only_when_they_changed(tmp_path: Path) -> None:
    mark = tmp_path / "static" / ".collected"
    run("start")
    first = mark.stat().st_mtime_ns
    run("start")
    assert mark.stat().st_mtime_ns == first
    mark.write_text("of another version")
    run("start")
    assert mark.stat().st_mtime_ns != first
