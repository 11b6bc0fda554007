"""Nobody writes lines of their own into the logs."""

from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from gunicorn.config import Config

from portal.logs import AccessLog, LineFormatter


@pytest.mark.parametrize("evil", ["\n", "\r\n", "\x1b[2J", "\x00", "\u2028", "\x9b2J"])
def test_a_record_is_one_line(evil: str) -> None:
    record = logging.makeLogRecord(
        {
            "msg": "ticket %s sent",
            "args": (f"x{evil}ERROR forged",),
            "levelname": "INFO",
        }
    )

    line = LineFormatter("%(levelname)s %(message)s").format(record)

    assert evil not in line
    assert line.startswith("INFO ticket x\\")
    assert line.endswith("ERROR forged sent")


def test_a_last_line_break_is_no_news() -> None:
    record = logging.makeLogRecord({"msg": "trying again\n"})

    assert LineFormatter("%(message)s").format(record) == "trying again"


def test_a_traceback_stays_readable() -> None:
    try:
        raise ValueError
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)}
        )

    assert "failed\nTraceback" in LineFormatter("%(message)s").format(record)


def test_a_path_is_logged_as_it_was_sent() -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/a%0AERROR",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "PATH_INFO": "/a\nERROR b\xc3\xa4/",
    }
    answer = SimpleNamespace(status="404 Not Found", sent=0, headers=[])

    atoms = AccessLog(Config()).atoms(answer, {}, environ, timedelta())

    assert atoms["U"] == "/a%0AERROR%20b%C3%A4/"


def test_the_key_of_a_hand_over_link_is_logged_nowhere() -> None:
    path = f"/servicenow/hand-over/{uuid4().hex}:{'x' * 43}/"
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": path, "PATH_INFO": path}
    environ["SERVER_PROTOCOL"] = "HTTP/1.1"
    answer = SimpleNamespace(status="422", sent=0, headers=[])
    record = logging.makeLogRecord({"msg": "Unprocessable: %s", "args": (path,)})

    atoms = AccessLog(Config()).atoms(answer, {}, environ, timedelta())

    assert atoms["U"] == "/servicenow/hand-over/***/"
    line = LineFormatter("%(message)s").format(record)
    assert line == "Unprocessable: /servicenow/hand-over/***/"
    other = logging.makeLogRecord({"msg": "/servicenow/hand-over/revoke/"})
    assert LineFormatter("%(message)s").format(other).endswith("/revoke/")
