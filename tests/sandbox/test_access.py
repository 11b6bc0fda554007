"""The ways into the REST interface beside OAuth, and both listeners."""

from __future__ import annotations

import shutil
import stat
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox import certificates
from connector.sandbox.seed import set_property
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.sandbox.server import Running

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


def test_the_command_sets_properties() -> None:
    from connector.sandbox.__main__ import _parser

    options = _parser().parse_args(["--property", "a.b=c=d", "--tls-port", "0"])
    assert (options.property, options.tls_port) == ([("a.b", "c=d")], 0)
