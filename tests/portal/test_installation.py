"""Ports, secrets and environment of one installation."""

from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.entra_directory import from_text
from portal import installation
from portal.installation import CannotStart
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def given() -> dict[str, str]:
    """The environment of a machine that knows nothing of the product."""
    return {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}


def test_secrets_are_made_once_and_for_the_owner_alone(
    tmp_path: Path, given: dict[str, str]
) -> None:
    first = installation.prepare(tmp_path, given).environment
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "DEMO_ADMIN_PASSWORD"):
        assert first[name]
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600
    before = (tmp_path / "secrets.env").read_bytes()
    assert installation.prepare(tmp_path, given).environment == first
    assert (tmp_path / "secrets.env").read_bytes() == before


def test_a_secret_that_is_given_is_used_and_not_written_down(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given["SECRET_KEY"] = "given"
    assert installation.prepare(tmp_path, given).environment["SECRET_KEY"] == "given"
    assert "SECRET_KEY" not in (tmp_path / "secrets.env").read_text()


def test_a_new_kind_of_secret_is_added_to_the_old_ones(
    tmp_path: Path, given: dict[str, str]
) -> None:
    (tmp_path / "secrets.env").write_text("SECRET_KEY=old\n")
    installation.prepare(tmp_path, given)
    lines = (tmp_path / "secrets.env").read_text().splitlines()
    assert lines[0] == "SECRET_KEY=old"
    assert any(line.startswith("ENCRYPTION_KEYS=") for line in lines)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 80"])
def test_what_is_no_port_is_refused_in_a_sentence(
    tmp_path: Path, given: dict[str, str], port: str
) -> None:
    given["PORT"] = port
    with pytest.raises(CannotStart, match=f"PORT={port} is not a port"):
        installation.prepare(tmp_path, given)
    assert list(tmp_path.iterdir()) == []


def test_one_port_for_both_is_refused(tmp_path: Path, given: dict[str, str]) -> None:
    given["SANDBOX_PORT"] = given["PORT"]
    with pytest.raises(CannotStart, match="are both"):
        installation.prepare(tmp_path, given)


def test_port_that_is_taken_on_all_addresses_is_refused(
    tmp_path: Path, given: dict[str, str]
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        given["PORT"] = str(taken.getsockname()[1])
        with pytest.raises(CannotStart, match="cannot be used"):
            installation.prepare(tmp_path, given)


def test_sandbox_takes_the_place_of_both_services(
    tmp_path: Path, given: dict[str, str]
) -> None:
    here = installation.prepare(tmp_path, given)
    url = f"http://127.0.0.1:{given['SANDBOX_PORT']}"
    assert here.environment["SERVICENOW_SANDBOX_URL"] == here.sandbox_url == url
    assert here.environment["GRAPH_BASE_URL"] == f"{url}/graph/v1.0"
    token = here.environment["GRAPH_ACCESS_TOKEN"]
    assert token == here.sandbox_environment["SANDBOX_GRAPH_TOKEN"]


def test_sandbox_plays_entra_for_the_support_integration(
    tmp_path: Path, given: dict[str, str]
) -> None:
    here = installation.prepare(tmp_path, given)
    assert here.environment["ENTRA_AUTHORITY"] == f"{here.sandbox_url}/entra"
    text = here.sandbox_environment["SANDBOX_ENTRA_APPLICATIONS"]
    known = from_text(text)
    names = [one.name for one in known.values()]
    assert names == ["outbound", "inbound", "rest-user"]
    assert len({one.secret for one in known.values()}) == 3


def test_whose_people_sign_in_with_entra_has_the_real_one(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given |= {"ENTRA_TENANT_ID": "contoso", "ENTRA_CLIENT_ID": "id"}
    here = installation.prepare(tmp_path, given)
    assert "ENTRA_AUTHORITY" not in here.environment


def test_sandbox_knows_nothing_of_the_portal(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given["GRAPH_CLIENT_SECRET"] = "of-the-portal"
    here = installation.prepare(tmp_path, given)
    known = set(here.sandbox_environment.values())
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "DEMO_ADMIN_PASSWORD"):
        assert here.environment[name] not in known
    assert "of-the-portal" not in known


def test_without_sandbox_the_real_services_are_spoken_to(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given |= {"SERVICENOW_SANDBOX": "off", "GRAPH_TENANT_ID": "contoso"}
    here = installation.prepare(tmp_path, given)
    assert here.sandbox_port is None
    assert here.environment["GRAPH_TENANT_ID"] == "contoso"
    names = ("SERVICENOW_SANDBOX_URL", "GRAPH_BASE_URL", "GRAPH_ACCESS_TOKEN")
    for name in (*names, "ENTRA_AUTHORITY"):
        assert name not in here.environment


def test_what_is_set_goes_before_what_the_sandbox_brings(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given |= {"GRAPH_BASE_URL": "http://127.0.0.1:1/v1.0", "SYNC_INTERVAL": "99"}
    here = installation.prepare(tmp_path, given)
    assert here.environment["GRAPH_BASE_URL"] == "http://127.0.0.1:1/v1.0"
    assert here.environment["SYNC_INTERVAL"] == "99"


def test_own_redis_is_used_instead_of_the_embedded_one(
    tmp_path: Path, given: dict[str, str]
) -> None:
    given["REDIS_URL"] = "redis://redis:6379/0"
    here = installation.prepare(tmp_path, given)
    assert here.redis_socket is None
    assert here.environment["REDIS_URL"] == "redis://redis:6379/0"


def test_data_folder_that_cannot_be_made_is_named(
    tmp_path: Path, given: dict[str, str]
) -> None:
    (tmp_path / "file").touch()
    given["DATA_DIR"] = str(tmp_path / "file" / "var")
    with pytest.raises(CannotStart, match="cannot be made"):
        installation.data_folder(given)


def test_full_disk_is_named(
    tmp_path: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given["DATA_DIR"] = str(tmp_path)
    installation.data_folder(given)
    monkeypatch.setattr(installation, "_SPACE_NEEDED", 10**9)
    with pytest.raises(CannotStart, match=r"full: \d+ MB are free.*DATA_DIR"):
        installation.data_folder(given)


def test_lost_keys_of_a_database_are_not_replaced(
    tmp_path: Path, given: dict[str, str]
) -> None:
    installation.prepare(tmp_path, given)
    (tmp_path / "portal.sqlite3").touch()
    installation.prepare(tmp_path, given)
    (tmp_path / "secrets.env").unlink()
    with pytest.raises(CannotStart, match="restore that file"):
        installation.prepare(tmp_path, given)
    assert not (tmp_path / "secrets.env").exists()


def test_hand_edited_secrets_without_a_last_newline_stay_whole(
    tmp_path: Path, given: dict[str, str]
) -> None:
    (tmp_path / "secrets.env").write_text("# of the operator\nLOG_LEVEL=DEBUG")
    environment = installation.prepare(tmp_path, given).environment
    assert environment["LOG_LEVEL"] == "DEBUG"
    lines = (tmp_path / "secrets.env").read_text().splitlines()
    assert lines[:2] == ["# of the operator", "LOG_LEVEL=DEBUG"]
    assert all("=" in line for line in lines[1:])
