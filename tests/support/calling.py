"""An instance that calls the connector API with tokens of a directory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from django.test import Client
from django.utils import timezone

from connector import signing_keys
from connector.entra import keys
from tests.support import schemas
from tests.support.entra import DIRECTORY, LOGIN, Directory
from tickets.support.api import openapi

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.entra_models import SigningKeys
    from tickets.support.models import Repository


def know_the_keys(directory: Directory, at: Any = None) -> SigningKeys:
    """Have the portal know the directory's keys as after a fetch."""
    known = signing_keys.of(DIRECTORY)
    known.tenant_id = DIRECTORY
    known.issuers = [f"https://sts.windows.net/{DIRECTORY}/", f"{LOGIN}/v2.0"]
    known.keys = keys.usable(directory.keys()["keys"])
    known.fetched_at = known.requested_at = known.tried_at = at or timezone.now()
    known.save()
    return known


@dataclass
class Instance:
    """The app on an instance: its agent, its roles, and the token it has."""

    repository: Repository
    directory: Directory
    client: Client = field(default_factory=Client)
    user_name: str = "it.agent"
    email: str = "it.agent@contoso.example"
    roles: str = "insights_user,administrator"

    @property
    def base(self) -> str:
        return f"/api/support/v1/repositories/{self.repository.connector_key}"

    def get(self, path: str = "/", **options: Any) -> HttpResponse:
        return self.call("get", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> HttpResponse:
        """Send a body: JSON of it, or bytes as they are."""
        sent = body if isinstance(body, bytes) else json.dumps(body)
        usual = {"data": sent, "content_type": "application/json"}
        return self.call("post", path, **{**usual, **options})

    def call(
        self, method: str, path: str = "/", *, token: str | None = None, **options: Any
    ) -> HttpResponse:
        """Call with a good token, another one, or "" for none."""
        token = self.directory.application_token() if token is None else token
        headers = {
            "X-ServiceNow-User": self.user_name,
            "X-ServiceNow-User-Email": self.email,
            "X-ServiceNow-User-Roles": self.roles,
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        send = getattr(self.client, method)
        answer = send(f"{self.base}{path}", headers=headers, **options)
        assert misfits(method, f"{self.base}{path}", answer) == []
        return answer


def misfits(method: str, path: str, answer: Any) -> list[str]:
    """Return what an answer has that the document does not say, or the other way round."""
    document = openapi.document()
    described = _described(method, path.partition("?")[0], document)
    if described is None or method == "options":
        return []
    found = described["responses"].get(str(answer.status_code))
    if found is None:
        return [f"{method} {path}: {answer.status_code} is not described"]
    content = schemas.resolved(found, document).get("content")
    if content is None or method == "head":
        return [] if not answer.content or method == "head" else ["not empty"]
    schema = content["application/json"]["schema"]
    return schemas.faults(answer.json(), schema, document)


def _described(
    method: str, path: str, document: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the operation of an address, with the address that names most first."""
    method = "get" if method == "head" else method
    for template in sorted(document["paths"], key=lambda one: one.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method in document["paths"][template]:
            found: dict[str, Any] = document["paths"][template][method]
            return found
    return None


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token of any header, without a signature."""
    return jwt.encode(claims, "", "none", headers=header)
