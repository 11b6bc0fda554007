"""The ways into the REST interface beside OAuth, and both listeners."""

from __future__ import annotations

import shutil
import stat
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox import certificates
from connector.sandbox.seed import password_of, set_property
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, error_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api

USER = "m365.integration"
BASIC = "glide.authenticate.basic_auth"
KEY = "key-of-the-tests"


@pytest.fixture
def own() -> Iterator[Running]:
    wanted = Installation(password=INTEGRATION_WORD, api_key=KEY)
    with serve(wanted, tls_port=0) as running:
        yield running


def read(running: Running, **options: object) -> requests.Response:
    url = f"{running.url}/api/now/table/incident?sysparm_limit=1"
    return requests.get(url, timeout=10, **options)  # type: ignore[arg-type]


def test_basic_authentication_is_kept_out_without_a_reason(own: Running) -> None:
    blocked = read(own, auth=(USER, INTEGRATION_WORD))
    wrong = read(own, auth=(USER, "wrong"))
    unknown = read(own, auth=("nobody", "wrong"))
    assert {blocked.status_code, wrong.status_code, unknown.status_code} == {401}
    assert blocked.content == wrong.content == unknown.content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("restriction.active", "false"),
        ("restriction.enforce", "false"),
        ("allowed_users", f"somebody, {USER}"),
        ("allowed_roles", "itil"),
    ],
)
def test_properties_let_basic_authentication_in(
    own: Running, name: str, value: str
) -> None:
    set_property(own.store, f"{BASIC}.{name}", value)
    assert read(own, auth=(USER, INTEGRATION_WORD)).status_code == 200
    assert read(own, auth=(USER, "wrong")).status_code == 401


def test_an_admin_is_kept_out_of_basic_like_everybody(own: Running) -> None:
    admin = ("admin", password_of(own.store, "admin"))
    assert read(own, auth=admin).status_code == 401


@pytest.mark.parametrize(("allowed", "status"), [("true", 200), ("false", 401)])
def test_web_service_users_may_use_basic_while_a_property_says_so(
    own: Running, allowed: str, status: int
) -> None:
    sql = "UPDATE sys_user SET web_service_access_only = 'true' WHERE user_name = ?"
    own.store.execute(sql, [USER])
    set_property(own.store, f"{BASIC}.allow_wsao", allowed)
    assert read(own, auth=(USER, INTEGRATION_WORD)).status_code == status


def test_an_api_key_stands_for_its_user(own: Running) -> None:
    assert read(own, headers={"x-sn-apikey": KEY}).status_code == 200
    assert read(own, headers={"x-sn-apikey": KEY.upper()}).status_code == 401
    own.store.execute("UPDATE api_key SET expires = '2026-01-01 00:00:00'")
    assert read(own, headers={"x-sn-apikey": KEY}).status_code == 401


def test_client_credentials_work_once_the_property_is_on(own: Running) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "client-of-the-portal",
        "client_secret": "secret-of-the-portal",
    }
    url = f"{own.url}/oauth_token.do"
    assert requests.post(url, data=form, timeout=10).status_code == 401
    set_property(
        own.store, "glide.oauth.inbound.client.credential.grant_type.enabled", "true"
    )
    body = requests.post(url, data=form, timeout=10).json()
    assert "refresh_token" not in body
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert read(own, headers=headers).status_code == 200


def test_https_shows_a_certificate_that_can_be_trusted(own: Running) -> None:
    url = f"{own.https_url}/api/now/table/sys_user?sysparm_limit=1"
    headers = {"x-sn-apikey": KEY}
    for host in ("127.0.0.1", "localhost"):
        answer = requests.get(
            url.replace("127.0.0.1", host),
            headers=headers,
            verify=str(own.certificate),
            timeout=10,
        )
        assert answer.status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, headers=headers, timeout=10)


def test_links_say_the_scheme_that_was_used(own: Running) -> None:
    url = f"{own.https_url}/api/now/table/sys_user_has_role?sysparm_limit=1"
    answer = requests.get(
        url,
        headers={"x-sn-apikey": KEY},
        verify=str(own.certificate),
        timeout=10,
    )
    assert answer.json()["result"][0]["user"]["link"].startswith(own.https_url)
    assert f"<{own.https_url}/" in answer.headers["Link"]


@pytest.mark.parametrize("maker", ["cryptography", "openssl"])
def test_a_certificate_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maker: str
) -> None:
    if maker == "openssl":
        if not shutil.which("openssl"):
            pytest.skip("there is no openssl")
        monkeypatch.setitem(sys.modules, "cryptography", None)
    found = certificates.provide(tmp_path)
    assert stat.S_IMODE(found.key.stat().st_mode) == 0o600
    before = found.path.read_bytes()
    assert certificates.provide(tmp_path) == found
    assert found.path.read_bytes() == before


def test_a_header_names_the_method(api: Api) -> None:
    row = api.create("incident")
    answer = api.send(
        "POST",
        f"table/incident/{row['sys_id']}",
        json={"urgency": "1"},
        headers={"X-HTTP-Method-Override": "PATCH"},
    )
    assert (answer.status_code, answer.json()["result"]["urgency"]) == (200, "1")


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("PUT", "table/incident", {"json": {}}, 405),
        ("POST", "table/incident/" + "0" * 32, {"json": {}}, 405),
        ("DELETE", "table/incident", {}, 405),
        ("GET", "tinyurl", {}, 405),
        ("GET", "table/incident", {"headers": {"Accept": "image/png"}}, 406),
        (
            "POST",
            "table/incident",
            {"data": "a=b", "headers": {"Content-Type": "text/plain"}},
            415,
        ),
        ("GET", "no/such/thing", {}, 400),
        ("POST", "tinyurl", {"data": "nothing"}, 400),
    ],
)
def test_what_does_not_fit_is_refused(
    api: Api, method: str, path: str, options: dict[str, object], status: int
) -> None:
    assert error_of(api.send(method, path, **options))[0] == status


def test_version_1_finds_nothing_with_404(api: Api) -> None:
    query = "table/incident?sysparm_query=number=INC0"
    assert api.send("GET", f"v2/{query}").json() == {"result": []}
    assert error_of(api.send("GET", f"v1/{query}"))[:2] == (404, "No Record found")


def test_a_long_address_can_be_named_by_a_token(api: Api) -> None:
    row = api.create("incident")
    query = "sysparm_query=" + "no_such=1^" * 1000 + f"sys_id={row['sys_id']}"
    long = f"{api.url}/api/now/table/incident?{query}"
    result = api.send("POST", "tinyurl", json={"url": long}).json()["result"]
    token = result.partition("?sysparm_tiny=")[2]
    [found] = api.send("GET", f"table/incident?sysparm_tiny={token}").json()["result"]
    assert found["sys_id"] == row["sys_id"]


def test_xml_is_given_to_who_asks_for_it(api: Api) -> None:
    row = api.create("incident", short_description="<b> & more")
    answer = api.send(
        "GET",
        f"table/incident/{row['sys_id']}?sysparm_fields=short_description",
        headers={"Accept": "application/xml"},
    )
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?><response><result>'
        "<short_description>&lt;b&gt; &amp; more</short_description>"
        "</result></response>"
    )
    missing = api.send("GET", "table/incident/x", headers={"Accept": "text/xml"})
    assert missing.status_code == 404
    assert "<message>No Record found</message>" in missing.text


def test_the_command_sets_properties() -> None:
    from connector.sandbox.__main__ import _parser

    options = _parser().parse_args(["--property", "a.b=c=d", "--tls-port", "0"])
    assert (options.property, options.tls_port) == ([("a.b", "c=d")], 0)
