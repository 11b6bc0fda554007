"""What load balancers and supervisors ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from portal.celery import app

if TYPE_CHECKING:
    from django.test import Client


def test_livez_answers_without_sign_in_and_database(client: Client) -> None:
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_answers_when_database_and_broker_do(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_readyz_names_the_broker(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"not ready: broker")


@pytest.mark.django_db
def test_readyz_works_with_a_real_broker(
    client: Client, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", redis_url)
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_readyz_names_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    nowhere = {"NAME": "/nowhere/at/all", "HOST": "127.0.0.1", "PORT": "1"}
    with monkeypatch.context() as patch:
        for name, value in nowhere.items():
            patch.setitem(connection.settings_dict, name, value)
        response = client.get("/readyz")
        connection.close()
    assert (response.status_code, response.content) == (503, b"not ready: database")
