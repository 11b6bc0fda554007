from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, Api, token_of

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = 250


def test_a_large_instance_holds_many_incidents_once(tmp_path: Path) -> None:
    wanted = Installation(password=INTEGRATION_WORD)
    data = str(tmp_path / "data.sqlite3")
    for _ in range(2):
        with serve(wanted, data=data, incidents=NUMBER) as running:
            token = token_of(running, "m365.integration", INTEGRATION_WORD)
            rows = Api(running.url, token).list("incident", "ORDERBYnumber")
    assert len(rows) == NUMBER
    assert rows[0]["number"] == "INC0010001"
    assert rows[-1]["number"] == f"INC{10_000 + NUMBER:07d}"
    assert len({row["sys_updated_on"] for row in rows}) == NUMBER // 10
    assert {row["state"] for row in rows} == {"1", "2", "3", "6", "7"}
    for row in rows:
        assert (row["active"] == "false") == (row["state"] == "7")
        assert (row["closed_at"] != "") == (row["state"] == "7")


def test_numbers_go_on_behind_them() -> None:
    wanted = Installation(password=INTEGRATION_WORD)
    with serve(wanted, incidents=NUMBER) as running:
        token = token_of(running, "m365.integration", INTEGRATION_WORD)
        row = Api(running.url, token).create("incident")
        assert row["number"] == f"INC{10_001 + NUMBER:07d}"
