"""Set up what a fact is given, ask, and put everything back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from connector.sandbox import customs, people, policies
from connector.sandbox.schema import TABLES
from connector.sandbox.seed import password_of, sys_id
from tests.sandbox.facts import Fact, differences, filled
from tests.sandbox.wire import CLIENT, REDIRECT, Api, Browser, mark, token_of

if TYPE_CHECKING:
    from connector.sandbox.server import Running

PEOPLE = {
    "integration": "m365.integration",
    "admin": "admin",
    "nobody": "alex.personal",
    "agent": "it.agent",
    "board": "megan.bowen",
    "lee": "lee.gu",
}
AUTHORIZE = {
    "response_type": "code",
    "client_id": CLIENT["client_id"],
    "redirect_uri": REDIRECT,
    "state": "abc123",
}


class World:
    """One instance for one fact."""

    def __init__(self, instance: Running, key: str) -> None:
        self.instance = instance
        self.stack = ExitStack()
        self.names = {"same": mark(), "url": instance.url, "key": key}
        for name, user_name in PEOPLE.items():
            self.names[f"{name}_id"] = sys_id("sys_user", user_name)
            self.names[f"{name}_word"] = password_of(instance.store, user_name)

    def check(self, fact: Fact) -> None:
        for name, wanted in fact.given.items():
            # Filled in one by one: a later one may name what an earlier one made.
            getattr(self, f"given_{name}")(filled(wanted, self.names))
        for ask, body in fact.before:
            answer = self.send(fact.who, ask, json=filled(body, self.names))
            assert answer.status_code < 300, f"{ask}: {answer.text[:300]}"
        answer = self.send(
            fact.who,
            fact.ask,
            params=filled(fact.params, self.names),
            json=filled(fact.json, self.names),
            data=fact.data or filled(fact.form, self.names),
            headers=filled(fact.sent, self.names),
            auth=filled(fact.auth, self.names),
        )
        assert differences(fact, answer, self.names) == [], fact.source

    def send(self, who: str, ask: str, **options: Any) -> requests.Response:
        method, _, path = filled(ask, self.names).partition(" ")
        url = f"{self.instance.url}{path if path[0] == '/' else f'/api/now/{path}'}"
        headers = dict(options.pop("headers", None) or {})
        if who:
            headers.setdefault("Authorization", f"Bearer {self.token(who)}")
        return requests.request(
            method, url, headers=headers, timeout=10, allow_redirects=False, **options
        )

    def token(self, who: str) -> str:
        return token_of(self.instance, PEOPLE[who], self.names[f"{who}_word"])

    def api(self, who: str = "integration") -> Api:
        return Api(self.instance.url, self.token(who))

    def given_incident(self, values: dict[str, Any]) -> None:
        self._made("incident", "incident", values)

    def given_change(self, values: dict[str, Any]) -> None:
        self._made("change", "change_request", values)

    def given_incidents(self, rows: list[dict[str, Any]]) -> None:
        for index, values in enumerate(rows, 1):
            self._made(f"incident{index}", "incident", values)

    def given_task(self, values: dict[str, Any]) -> None:
        self._made("task", "change_task", values)

    def given_file(self, content: str) -> None:
        query = f"table_name=incident&table_sys_id={self.names['incident']}"
        ask = f"POST attachment/file?{query}&file_name=a.txt"
        headers = {"Content-Type": "text/plain"}
        answer = self.send("integration", ask, data=content, headers=headers)
        self.names["file"] = answer.json()["result"]["sys_id"]

    def _made(self, name: str, table: str, values: dict[str, Any]) -> None:
        row = self.api().create(
            table, **{"correlation_id": self.names["same"]} | values
        )
        self.names |= {name: row["sys_id"], f"{name}_number": row["number"]}

    def given_template(self, name: str) -> None:
        """Have a standard change template, in its one version."""
        store = self.instance.store
        customs.add(store, {"templates": [{"name": name, "is_new": "true"}]})
        [*_, row] = store.find(TABLES["std_change_producer_version"])
        self.names["template"] = row["sys_id"]

    def given_moved(self, steps: list[dict[str, str]]) -> None:
        """Take the change through these steps, approved where it must be."""
        row = {"sys_class_name": "change_request", "sys_id": self.names["change"]}
        for step in steps:
            answer = self.api().update(row, **step)
            assert answer.status_code == 200, answer.text

    def given_property(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self._set("sys_properties", "name", name, {"value": value})

    def given_user(self, values: dict[str, dict[str, str]]) -> None:
        for name, columns in values.items():
            self._set("sys_user", "user_name", name, columns)

    def given_entity(self, values: dict[str, str]) -> None:
        self._set("oauth_entity", "client_id", CLIENT["client_id"], values)

    def given_table(self, values: dict[str, dict[str, str]]) -> None:
        for name, columns in values.items():
            self._set("sys_db_object", "name", name, columns)

    def given_key(self, values: dict[str, str]) -> None:
        self._set("api_key", "token", self.names["key"], values)

    def given_role(self, roles: dict[str, str]) -> None:
        store = self.instance.store
        for user_name, role in roles.items():
            user = sys_id("sys_user", user_name)
            people.add_role(store, user, role)
            [*_, grant] = store.find(TABLES["sys_user_has_role"], user=user)
            table = TABLES["sys_user_has_role"]
            self.stack.callback(store.delete, table, grant["sys_id"])

    def _set(self, table: str, key: str, name: str, columns: dict[str, str]) -> None:
        store = self.instance.store
        row = store.first(table, **{key: name})
        if row is None:
            row = store.insert(TABLES[table], {key: name})
            self.stack.callback(store.delete, TABLES[table], row["sys_id"])
        before = {column: row[column] for column in columns}
        self.stack.callback(store.update, TABLES[table], row["sys_id"], before)
        store.update(TABLES[table], row["sys_id"], columns)

    def given_hidden(self, values: dict[str, list[str]]) -> None:
        self.instance.restrictions.replace(values)

    def given_fault(self, options: dict[str, Any]) -> None:
        self.instance.faults.add(**options)

    def given_policy(self, values: dict[str, str]) -> None:
        policies.add(self.instance.store, policies.from_mapping(values))
        self.stack.callback(policies.remove_all, self.instance.store)

    def given_later(self, seconds: float) -> None:
        store = self.instance.store
        store.clock = lambda: time.time() + seconds
        sql = "DELETE FROM _token WHERE created > ?"
        self.stack.callback(lambda: store.execute(sql, [time.time()]))

    def given_token(self, who: str) -> None:
        """Take the live tokens of somebody, who may be hindered afterwards."""
        form = {"username": PEOPLE[who], "password": self.names[f"{who}_word"]}
        answer = self._post_form({"grant_type": "password", **form, **CLIENT})
        body = answer.json()
        self.names |= {"token": body["access_token"], "refresh": body["refresh_token"]}

    def given_revoked(self, name: str) -> None:
        url = f"{self.instance.url}/oauth_revoke_token.do"
        requests.get(url, {"token": self.names[name]}, timeout=10)

    def _post_form(self, form: dict[str, str]) -> requests.Response:
        url = f"{self.instance.url}/oauth_token.do"
        return requests.post(url, data=form, timeout=10)

    def given_code(self, changed: dict[str, str]) -> None:
        """Have the integration user allow access; keep the code and the state."""
        given = {name: one for name, one in {**AUTHORIZE, **changed}.items() if one}
        path = f"/oauth_auth.do?{urlencode(given)}"
        browser = Browser(self.instance)
        browser.sign_in(PEOPLE["integration"], self.names["integration_word"])
        browser.get(path)
        place = browser.post(path, answer="allow").headers["Location"]
        browser.close()
        answer = parse_qs(urlsplit(place).query)
        self.names |= {name: values[0] for name, values in answer.items()}

    def given_used(self, form: dict[str, str]) -> None:
        """Ask the token endpoint once before."""
        assert self._post_form({**form, **CLIENT}).status_code == 200

    def given_session(self, who: str) -> None:
        """Have a session of the REST interface, and the token its forms need."""
        answer = self.send(who, "GET table/incident?sysparm_limit=1")
        session = answer.cookies["JSESSIONID"]
        headers = {"Cookie": f"JSESSIONID={session}"}
        refused = self.send("", "GET table/incident", headers=headers)
        given = refused.headers.get("X-UserToken-Response", "")
        self.names |= {"session": session, "form_token": given}
