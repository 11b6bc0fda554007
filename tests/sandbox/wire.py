"""A plain client for the sandbox, with no code of the product in it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from connector.sandbox.server import Running

INTEGRATION_WORD = "integration-of-the-tests"
REDIRECT = "http://testserver/oauth/complete/servicenow/"
CLIENT = {
    "client_id": "client-of-the-portal",
    "client_secret": "secret-of-the-portal",
}


def token_answer(instance: Running, **form: str) -> requests.Response:
    return requests.post(f"{instance.url}/oauth_token.do", data=form, timeout=10)


def token_of(instance: Running, user_name: str, password: str) -> str:
    answer = token_answer(
        instance, grant_type="password", username=user_name, password=password, **CLIENT
    )
    return str(answer.json()["access_token"])


@dataclass
class Api:
    """The REST interface as one user."""

    url: str
    token: str

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            **options.pop("headers", {}),
        }
        url = f"{self.url}/api/now/{path}"
        return requests.request(
            method, url, headers=headers, timeout=10, allow_redirects=False, **options
        )

    def list(self, table: str, query: str = "", **options: Any) -> list[dict[str, Any]]:
        params = {f"sysparm_{name}": value for name, value in options.items()}
        params["sysparm_query"] = query
        answer = self.send("GET", f"table/{table}", params=params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["result"]
        return found

    def create(self, table: str, **values: Any) -> dict[str, Any]:
        answer = self.send("POST", f"table/{table}", json=values)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["result"]
        return found

    def update(self, row: dict[str, Any], **values: Any) -> requests.Response:
        path = f"table/{row['sys_class_name']}/{row['sys_id']}"
        return self.send("PATCH", path, json=values)

    def read(self, row: dict[str, Any], **options: str) -> dict[str, Any]:
        params = {f"sysparm_{name}": value for name, value in options.items()}
        path = f"table/{row['sys_class_name']}/{row['sys_id']}"
        found: dict[str, Any] = self.send("GET", path, params=params).json()["result"]
        return found


def error_of(answer: requests.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    assert body["status"] == "failure"
    return answer.status_code, body["error"]["message"], body["error"]["detail"]


def mark() -> str:
    """Return a correlation ID that no other test has."""
    return uuid.uuid4().hex


class Browser:
    """Somebody at the pages: keeps cookies, sends forms with their hidden fields."""

    def __init__(self, instance: Running) -> None:
        self.url = instance.url
        self.session = requests.Session()
        self.page = ""

    def get(self, path: str) -> requests.Response:
        return self._keep(
            self.session.get(f"{self.url}{path}", timeout=10, allow_redirects=False)
        )

    def post(self, path: str, **form: str) -> requests.Response:
        token = re.search(r'name="sysparm_ck" value="(\w+)"', self.page)
        data = {"sysparm_ck": token[1] if token else "", **form}
        return self._keep(
            self.session.post(
                f"{self.url}{path}", data=data, timeout=10, allow_redirects=False
            )
        )

    def sign_in(self, user_name: str, password: str) -> requests.Response:
        self.get("/login.do")
        return self.post("/login.do", user_name=user_name, user_password=password)

    def close(self) -> None:
        self.session.close()

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.page = answer.text
        return answer
