"""What a client of the connector API does: one table for the sandbox and the script."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tests.sandbox.connector_stub import NOTHING, TOKEN

_ASK = "Please contact your ServiceNow admin and ask them to complete the "
NOT_SET_UP = f"{_ASK}setup steps for the app."
NOT_COMPLETE = f"{_ASK}final set up step for the app."
SERVICE_ERROR = "Please contact app support."
NOT_SAVED = "Unable to save ticket details. Please contact App support."
NOT_LINKED = (
    "robin@contoso.com is not a valid Microsoft 365 admin account. You need Microsoft "
    "365 admin privileges to open a service request. In the app, link the admin account."
)
FOUND = {"search_id": "s1", "solutions": []}
SECRET = "secret-of-the-outbound-app"


def refused(status: int, code: str, message: str = "", **more: Any) -> dict[str, Any]:
    error = {
        "code": code,
        "message": message,
        "cause": f"cause of {code}",
        "repair": f"repair of {code}",
        "situations": [],
        "request_id": "r1",
    }
    return {"status": status, "body": {"error": error}, **more}


@dataclass(frozen=True)
class Case:
    """One call: what is answered, and what becomes of it.

    `message` is None where the call brings a body, "" where nothing shows up.
    """

    id: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    message: str | None = None
    body: Any = None
    purpose: str = "solutions.search"
    state: str = "complete"
    tokens: list[dict[str, Any]] = field(default_factory=lambda: [TOKEN])
    # How many token requests and calls there are, and how long it waits between two.
    asked: tuple[int, int] = (1, 1)
    waits: list[float] = field(default_factory=list)
    # In the system log; "" where it has no line.
    logged: str = ""

    def __str__(self) -> str:
        return self.id

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_OK = {"status": 200, "body": FOUND}
_PENDING = refused(503, "signing_keys_pending", headers={"Retry-After": "2"})
_LATE = refused(503, "signing_keys_pending", headers={"Retry-After": "60"})
_WRONG_SECRET = {
    "status": 401,
    "body": {
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided.",
    },
}

CASES = [
    Case("answered", [_OK], body=FOUND),
    Case("no_content", [{"status": 204}], body={}, purpose="solutions.feedback"),
    Case("empty_object", [{"status": 200, "body": {}}], body={}),
    Case("list", [{"status": 200, "body": []}], SERVICE_ERROR, logged="200"),
    Case("not_set_up", message=NOT_SET_UP, state="", asked=(0, 0)),
    Case("not_complete", message=NOT_COMPLETE, state="agreed", asked=(0, 0)),
    Case("self_test_before", [_OK], None, FOUND, "self_test", "agreed"),
    Case(
        "wrong_secret",
        message="",
        tokens=[_WRONG_SECRET],
        asked=(1, 0),
        logged="AADSTS7000215",
    ),
    Case(
        "token_endpoint_silent",
        message="",
        tokens=[NOTHING],
        asked=(1, 0),
        logged="no token",
    ),
    Case(
        "token_endpoint_page",
        message="",
        tokens=[{"status": 200, "body": "<html></html>"}],
        asked=(1, 0),
        logged="no token",
    ),
    Case("no_answer", [NOTHING], "", logged="does not answer"),
    Case("new_token", [refused(401, "token_expired"), _OK], body=FOUND, asked=(2, 2)),
    Case(
        "token_refused",
        [refused(401, "token_audience")],
        "",
        asked=(2, 2),
        logged="token_audience",
    ),
    Case("keys_arrive", [_PENDING, _OK], body=FOUND, asked=(1, 2), waits=[2.0]),
    Case("waits_three_seconds", [_LATE, _OK], body=FOUND, asked=(1, 2), waits=[3.0]),
    Case(
        "keys_do_not_arrive",
        [_PENDING],
        "",
        asked=(1, 2),
        waits=[2.0],
        logged="signing_keys_pending",
    ),
    Case(
        "keys_unavailable",
        [refused(503, "signing_keys_unavailable")],
        "",
        logged="signing_keys_unavailable",
    ),
    Case(
        "incomplete_in_the_portal",
        [refused(409, "integration_incomplete", NOT_COMPLETE)],
        NOT_COMPLETE,
        logged="integration_incomplete",
    ),
    Case(
        "not_linked",
        [refused(403, "account_not_linked", NOT_LINKED)],
        NOT_LINKED,
        purpose="requests.open",
        logged="account_not_linked",
    ),
    Case(
        "rate_limited",
        [refused(429, "rate_limited", SERVICE_ERROR)],
        SERVICE_ERROR,
        logged="rate_limited (r1): cause of rate_limited",
    ),
    Case(
        "save_failed",
        [refused(500, "save_failed", NOT_SAVED)],
        NOT_SAVED,
        purpose="requests.open",
        logged="save_failed",
    ),
    Case(
        "gateway_page",
        [{"status": 502, "body": "<html></html>"}],
        SERVICE_ERROR,
        logged="502",
    ),
    Case(
        "gateway_page_on_save",
        [{"status": 502, "body": "<html></html>"}],
        NOT_SAVED,
        purpose="requests.open",
        logged="502",
    ),
    Case(
        "page_instead_of_json",
        [{"status": 200, "body": "<html></html>"}],
        SERVICE_ERROR,
        logged="200",
    ),
    Case(
        "redirect_is_not_followed",
        [{"status": 302, "body": "", "headers": {"Location": "/elsewhere"}}],
        SERVICE_ERROR,
        logged="302",
    ),
]
