"""Calls of the connector API, and what of their failures an agent is told."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox import support_logs, support_settings, support_tokens
from connector.sandbox.support_app import ROLES
from connector.sandbox.support_settings import SCOPE
from connector.sandbox.support_wire import NoAnswer, Wire

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Store
    from connector.sandbox.support_wire import Answer

_ASK = "Please contact your ServiceNow admin and ask them to complete the "
NOT_SET_UP = f"{_ASK}setup steps for the app."
NOT_COMPLETE = f"{_ASK}final set up step for the app."
SERVICE_ERROR = "Please contact app support."
NOT_SAVED = "Unable to save ticket details. Please contact App support."
_SAVES = ("requests.open", "requests.update")
_LONGEST_WAIT = 3.0
# Tests count the waiting instead.
pause = time.sleep


class Failed(Exception):
    """A call that brought nothing.

    `message` is for the form, "" where nothing shows up; `detail` is for the log and for
    whoever sets the app up; `repair` is what the connector says should be done.
    """

    def __init__(self, message: str, detail: str = "", repair: str = "") -> None:
        super().__init__(detail or message)
        self.message = message
        self.detail = detail
        self.repair = repair


@dataclass(frozen=True)
class Client:
    """The connector, as one user of the instance calls it."""

    store: Store
    user: User
    # What the user did, in the connector's words; it goes into the connector's log.
    occasion: str = ""

    def ask(
        self,
        purpose: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call the connector; raises Failed, at once where the app is not set up."""
        settings = support_settings.read(self.store)
        if not settings.is_set_up:
            raise Failed(NOT_SET_UP)
        if not settings.is_complete and purpose != "self_test":
            raise Failed(NOT_COMPLETE)
        url = f"{settings.connector_url.rstrip('/')}/{path}"
        try:
            answer = self._send(settings.oauth_profile, method, url, body)
            return _read(answer, purpose)
        except Failed as failure:
            words = f"{purpose} failed: {failure.detail}"
            support_logs.error(self.store, self.user, words)
            raise

    def _send(
        self, profile: str, method: str, url: str, body: dict[str, Any] | None
    ) -> Answer:
        """Send once, and once more where a new token or a short wait may help."""
        answer = self._once(profile, method, url, body)
        if answer.status == 401:
            return self._once(profile, method, url, body, is_new=True)
        if answer.status == 503 and _error(answer)["code"] == "signing_keys_pending":
            pause(_wait(answer))
            return self._once(profile, method, url, body)
        return answer

    def _once(
        self,
        profile: str,
        method: str,
        url: str,
        body: dict[str, Any] | None,
        *,
        is_new: bool = False,
    ) -> Answer:
        wire = Wire(self.store, self.user)
        data = None if body is None else json.dumps(body).encode()
        try:
            token = support_tokens.token(wire, profile, is_new=is_new)
            return wire.send(method, url, self._head(token), data)
        except support_tokens.NoToken as error:
            raise Failed("", f"no token: {error}") from error
        except NoAnswer as error:
            raise Failed("", f"the connector does not answer: {error}") from error

    def _head(self, token: str) -> dict[str, str]:
        row = self.store.first("sys_user", sys_id=self.user.sys_id)
        linked = support_settings.linked_account(self.store, self.user.sys_id)
        roles = [role for role in ROLES if self.user.has(role)]
        said = {"X-ServiceNow-Occasion": self.occasion} if self.occasion else {}
        return {
            **said,
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-ServiceNow-User": self.user.user_name,
            "X-ServiceNow-User-Email": linked or (row["email"] if row else ""),
            "X-ServiceNow-User-Roles": ",".join(
                role.removeprefix(f"{SCOPE}.") for role in roles
            ),
        }


def _read(answer: Answer, purpose: str) -> dict[str, Any]:
    if answer.status == 204 or (200 <= answer.status < 300 and answer.is_object):
        return answer.body
    error = _error(answer)
    named = f" ({error['request_id']})" if error["request_id"] else ""
    detail = f"{answer.status} {error['code']}{named}: {error['cause']}"
    if answer.status in {401, 503}:
        raise Failed("", detail, error["repair"])
    usual = NOT_SAVED if purpose in _SAVES else SERVICE_ERROR
    raise Failed(error["message"] or usual, detail, error["repair"])


def _error(answer: Answer) -> dict[str, str]:
    """Return the parts of an error, "" where the connector did not say them."""
    given = answer.body.get("error")
    given = given if isinstance(given, dict) else {}
    names = ("code", "message", "cause", "repair", "request_id")
    return {name: str(given.get(name) or "") for name in names}


def _wait(answer: Answer) -> float:
    text = answer.retry_after
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 1.0
