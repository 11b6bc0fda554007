"""One instance for all tests of the sandbox, and people who use it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, REDIRECT, Api, Browser, token_of
from tests.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running


KEY = "key-of-the-tests"


@pytest.fixture(scope="session")
def one_instance() -> Iterator[Running]:
    wanted = Installation(password=INTEGRATION_WORD, redirect_url=REDIRECT, api_key=KEY)
    with serve(wanted) as running:
        yield running


@pytest.fixture
def instance(one_instance: Running) -> Iterator[Running]:
    yield one_instance
    one_instance.faults.clear()
    one_instance.restrictions.clear()
    one_instance.store.clock = time.time


@pytest.fixture
def world(instance: Running) -> Iterator[World]:
    """What a fact is set up and asked in."""
    world = World(instance, KEY)
    with world.stack:
        yield world


@pytest.fixture
def api(instance: Running) -> Api:
    """The REST interface as the integration user."""
    return Api(instance.url, token_of(instance, "m365.integration", INTEGRATION_WORD))


@pytest.fixture
def admin_api(instance: Running) -> Api:
    word = password_of(instance.store, "admin")
    return Api(instance.url, token_of(instance, "admin", word))


@pytest.fixture
def nobody_api(instance: Running) -> Api:
    """The REST interface as a person without any role."""
    word = password_of(instance.store, "alex.personal")
    return Api(instance.url, token_of(instance, "alex.personal", word))


@pytest.fixture
def browser(instance: Running) -> Iterator[Browser]:
    browser = Browser(instance)
    yield browser
    browser.close()
