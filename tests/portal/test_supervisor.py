"""One command starts everything, keeps it running and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from portal.demonstration import PEOPLE
from tests.servers import Product, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Product]

pytestmark = pytest.mark.stack


def family(product: Product) -> dict[int, str]:
    """Return all processes that work on the product's data folder: pid and command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(product.folder) in command + environment:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode()
    return found


def pid_of(product: Product, word: str) -> int | None:
    pids = [pid for pid, command in family(product).items() if word in command]
    return min(pids, default=None)


def answer(product: Product, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", product.port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def can_sign_in(product: Product, username: str) -> bool:
    with requests.Session() as browser:
        address = f"{product.url}/accounts/login/"
        browser.get(address, timeout=10)
        form = {"login": username, "password": product.password(username)}
        form["csrfmiddlewaretoken"] = browser.cookies["portal_csrf"]
        answer = browser.post(address, form, allow_redirects=False, timeout=10)
    return (answer.status_code, answer.headers.get("Location")) == (302, "/")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start products that are gone when the test is over."""
    started: list[Product] = []

    def begin(folder: str = "var", **environment: str) -> Product:
        started.append(Product(tmp_path / folder, **environment))
        return started[-1]

    yield begin
    for product in started:
        product.close()


def test_start_announces_the_portal_the_sandbox_and_all_passwords(start: Start) -> None:
    product = start().wait_until_ready()
    words = product.words()
    assert product.url in words
    assert product.sandbox_url in words
    for name, secret in product.secrets().items():
        assert (secret in words) == name.endswith("_PASSWORD")
    assert answer(product, "/readyz") == (200, "ok")
    for person in PEOPLE:
        assert can_sign_in(product, person.username), person.username


def test_second_start_makes_nothing_anew(start: Start) -> None:
    product = start().wait_until_ready()
    secrets = product.secrets()
    collected = (product.folder / "static" / ".collected").stat().st_mtime_ns
    assert product.close() == 0
    product.restart()
    product.wait_until_ready()
    assert product.secrets() == secrets
    assert (product.folder / "static" / ".collected").stat().st_mtime_ns == collected


def test_files_are_for_their_owner_alone(start: Start) -> None:
    product = start(SERVICENOW_SANDBOX="off").wait_until_ready()
    for path in ("secrets.env", "portal.sqlite3", "log/web.log", "redis", "redis.sock"):
        assert stat.S_IMODE((product.folder / path).stat().st_mode) & 0o077 == 0, path


def test_logs_hold_no_secret(start: Start) -> None:
    product = start().wait_until_ready()
    answer(product, "/oauth/complete/servicenow/?code=the-secret-code&state=x")
    product.close()
    written = "".join(p.read_text() for p in (product.folder / "log").iterdir())
    assert "/oauth/complete/servicenow/" in written
    for secret in (*product.secrets().values(), "the-secret-code"):
        assert secret not in written


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_taken_port_is_said_before_anything_starts(start: Start, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        product = start(**{name: port})
        assert product.process.wait(30) == 2
    assert product.words().count("\n") == 1
    assert f"Port {port} cannot be used (Address already in use)" in product.words()
    assert name in product.words()
    assert not (product.folder / "secrets.env").exists()


def test_second_supervisor_on_the_same_folder_is_refused(start: Start) -> None:
    first = start(SERVICENOW_SANDBOX="off").wait_until_ready()
    second = start(SERVICENOW_SANDBOX="off")
    assert second.process.wait(30) == 2
    assert f"process {first.process.pid}." in second.words()
    assert answer(first, "/livez") == (200, "ok")


def test_without_sandbox_there_are_no_demonstration_people(start: Start) -> None:
    product = start(SERVICENOW_SANDBOX="off").wait_until_ready()
    assert pid_of(product, "connector.sandbox") is None
    assert "security.admin" not in product.words()
    assert "--tenant NAME --admin USER" in product.words()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_polite_end_ends_everything(start: Start, number: signal.Signals) -> None:
    product = start().wait_until_ready()
    assert len(family(product)) >= 6
    product.process.send_signal(number)
    assert product.process.wait(60) == 0
    assert family(product) == {}


def test_end_in_the_middle_of_the_start_ends_everything(start: Start) -> None:
    product = start()
    wait_until(lambda: pid_of(product, "manage.py start"), 30, "the preparation")
    product.process.terminate()
    assert product.process.wait(30) == 0
    assert family(product) == {}


def test_killed_supervisor_leaves_no_process_behind(start: Start) -> None:
    product = start().wait_until_ready()
    product.process.kill()
    product.process.wait()
    wait_until(lambda: not family(product), 15, "the end of all children")


@pytest.mark.parametrize(
    "word", ["celery -A portal worker", "gunicorn", "redis-server"]
)
def test_killed_child_is_started_again(start: Start, word: str) -> None:
    product = start(SERVICENOW_SANDBOX="off").wait_until_ready()
    victim = wait_until(lambda: pid_of(product, word), 10, word)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: "killed by SIGKILL" in product.words(), 10, "the news of it")
    wait_until(lambda: pid_of(product, word) not in (victim, None), 20, f"a new {word}")
    wait_until(lambda: answer(product, "/readyz") == (200, "ok"), 20, "readiness")
    assert product.process.poll() is None


def test_long_data_folder_gets_a_short_socket(start: Start) -> None:
    product = start("x" * 100, SERVICENOW_SANDBOX="off").wait_until_ready()
    assert answer(product, "/readyz") == (200, "ok")
