"""Sign-in with Microsoft Entra ID, against a directory on this machine."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from portal import entra, roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant

DIRECTORY = "11111111-2222-3333-4444-555555555555"
KEY = "a key of the directory, long enough for its algorithm"
CLIENT_ID = "portal-in-entra"


class Directory:
    """An OpenID Connect provider that signs one person in."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {
            "oid": "99999999-aaaa-bbbb-cccc-dddddddddddd",
            "sub": "changes from application to application",
            "tid": DIRECTORY,
            "preferred_username": "alex@contoso.example",
            "name": "Alex Wilber",
            "roles": [roles.SECURITY_OPERATOR],
        }
        self.token_requests: list[dict[str, str]] = []
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.authority = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()

    @Request.application
    def _answer(self, request: Request) -> Response:
        if request.path.endswith("/token"):
            self.token_requests.append(request.form.to_dict())
            return _json({"access_token": "opaque", "id_token": self._id_token()})
        here = f"{self.authority}/{DIRECTORY}"
        return _json(
            {
                "issuer": f"{here}/v2.0",
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "userinfo_endpoint": f"{here}/userinfo-without-oid",
                "jwks_uri": f"{here}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    def _id_token(self) -> str:
        now = int(time.time())
        issuer = f"{self.authority}/{DIRECTORY}/v2.0"
        frame = {"iss": issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 600}
        return jwt.encode(self.claims | frame, KEY)


def _json(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), content_type="application/json")


@pytest.fixture
def directory(settings: SettingsWrapper) -> Iterator[Directory]:
    directory = Directory()
    settings.SOCIALACCOUNT_PROVIDERS = entra.provider(
        directory.authority, DIRECTORY, CLIENT_ID, "secret"
    )
    yield directory
    directory.close()


def sign_in(client: Client) -> Any:
    """Follow the button on the sign-in page to the directory and back."""
    away = client.post(f"/accounts/oidc/{entra.PROVIDER_ID}/login/")
    assert away.status_code == 302, away.content
    asked = parse_qs(urlsplit(away.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get(
        f"/accounts/oidc/{entra.PROVIDER_ID}/login/callback/",
        {"code": "a code", "state": asked["state"][0]},
    )


def test_roles_and_organisation_come_from_the_directory(
    directory: Directory, tenant: Tenant
) -> None:
    tenant.microsoft_tenant_id = DIRECTORY
    tenant.save()
    client = Client()

    assert sign_in(client).headers["Location"] == "/"

    person = User.objects.get()
    assert [group.name for group in person.groups.all()] == [roles.SECURITY_OPERATOR]
    assert list(person.tenants.all()) == [tenant]
    assert client.get("/").status_code == 200
    assert "code_verifier" in directory.token_requests[0]


def test_a_role_that_was_taken_away_is_gone_at_the_next_sign_in(
    directory: Directory, tenant: Tenant
) -> None:
    sign_in(Client())
    directory.claims["roles"] = [roles.SECURITY_READER]

    sign_in(Client())

    person = User.objects.get()
    assert [group.name for group in person.groups.all()] == [roles.SECURITY_READER]


def test_nobody_comes_in_without_a_role(directory: Directory, tenant: Tenant) -> None:
    directory.claims["roles"] = []

    answer = sign_in(Client())

    assert answer.status_code == 403
    assert b"You have no role in this portal" in answer.content
    assert not User.objects.exists()


def test_another_directory_brings_no_organisation(
    directory: Directory, tenant: Tenant
) -> None:
    tenant.microsoft_tenant_id = "another"
    tenant.save()
    client = Client()

    sign_in(client)

    assert client.get("/").status_code == 403
