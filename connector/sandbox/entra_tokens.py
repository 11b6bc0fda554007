"""The token endpoints of Entra, version 1 and 2, for applications with a secret."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from connector.sandbox.controls import TENANT_ID
from connector.sandbox.entra_directory import NAME
from connector.sandbox.graph_directory import LOGIN
from connector.sandbox.graph_token import TokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.entra_directory import Application, Directory

# (unverified) what version 1 takes where no resource is named.
_WITHOUT_RESOURCE = "00000002-0000-0000-c000-000000000000"
# Microsoft's own, there in every directory.
_MICROSOFTS = {
    _WITHOUT_RESOURCE,
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.com",
    "https://graph.windows.net",
}
_ABSENT = (
    "This can happen if the application has not been installed by the administrator of "
    "the tenant or consented to by any user in the tenant. You may have sent your "
    "authentication request to the wrong tenant."
)


@dataclass(frozen=True)
class Wish:
    """A request of the client credentials grant at one of the endpoints."""

    directory: Directory
    version: int
    form: Mapping[str, str]

    def answer(self) -> dict[str, Any]:
        """Return the token with what comes beside it; raises TokenError."""
        self._check_form()
        application = self._client()
        audience = self._audience()
        now = int(self.directory.clock())
        token = self._token(application, audience, now)
        return self._beside(audience, now) | {"access_token": token}

    def _check_form(self) -> None:
        wanted = ["grant_type", "client_id", *(["scope"] if self.version == 2 else [])]
        for name in wanted:
            if not self.form.get(name):
                message = f"The request body must contain the parameter '{name}'."
                raise TokenError("invalid_request", 900144, message, 400)
        if self.form["grant_type"] != "client_credentials":
            message = "The grant type is not supported."
            raise TokenError("unsupported_grant_type", 70003, message, 400)
        if self.version == 2 and "resource" in self.form:
            message = "The 'resource' request parameter is not supported."
            raise TokenError("invalid_request", 901002, message, 400)

    def _client(self) -> Application:
        client_id = self.form["client_id"]
        application = self.directory.applications().get(client_id.lower())
        if application is None:
            message = (
                f"Application with identifier '{client_id}' was not found in the "
                f"directory '{NAME}'. {_ABSENT}"
            )
            raise TokenError("unauthorized_client", 700016, message, 400)
        self._check_secret(application)
        return application

    def _check_secret(self, application: Application) -> None:
        given = self.form.get("client_secret", "")
        if not given:
            message = (
                "The request body must contain 'client_assertion' or 'client_secret'."
            )
            raise TokenError("invalid_client", 7000218, message, 401)
        if application.has_expired:
            message = f"The provided client secret keys for app '{application.client_id}' are expired."
            raise TokenError("invalid_client", 7000222, message, 401)
        if not compare_digest(given.encode(), application.secret.encode()):
            message = (
                "Invalid client secret provided. Ensure the secret being sent in the "
                "request is the client secret value, not the client secret ID, for a "
                f"secret added to app '{application.client_id}'."
            )
            raise TokenError("invalid_client", 7000215, message, 401)

    def _audience(self) -> str:
        """Return the resource as it was asked for, if the directory knows it."""
        resource = self._resource()
        known = self.directory.applications()
        is_known = resource.removeprefix("api://").lower() in known
        if not is_known and resource.rstrip("/") not in _MICROSOFTS:
            message = (
                f"The resource principal named {resource} was not found in the tenant "
                f"named {NAME}. {_ABSENT}"
            )
            raise TokenError("invalid_resource", 500011, message, 400)
        return resource

    def _resource(self) -> str:
        if self.version == 1:
            return self.form.get("resource") or _WITHOUT_RESOURCE
        resource, sign, rest = self.form["scope"].rpartition("/.default")
        if not sign or rest or " " in resource:
            message = (
                f"The provided value for scope {self.form['scope']} is not valid. Client "
                "credential flows must have a scope value with /.default suffixed to "
                "the resource identifier."
            )
            raise TokenError("invalid_scope", 1002012, message, 400)
        return resource

    def _token(self, client: Application, audience: str, now: int) -> str:
        claims = self._claims(client, audience) | {
            "iat": now,
            "nbf": now,
            "exp": now + self.directory.lifetime,
            **self.directory.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.directory.published()[-1].token(kept)

    def _claims(self, client: Application, audience: str) -> dict[str, Any]:
        """Return claims in the version that the application wants it is meant for."""
        target = self.directory.applications().get(
            audience.removeprefix("api://").lower()
        )
        person = str(uuid5(NAMESPACE_URL, client.client_id))
        shared = {
            "oid": person,
            "sub": person,
            "tid": TENANT_ID,
            "uti": secrets.token_urlsafe(16),
        }
        if target and target.token_version == 2:
            return {
                "aud": target.client_id,
                "iss": issuer(2),
                "azp": client.client_id,
                "azpacr": "1",
                "ver": "2.0",
                **shared,
            }
        first = issuer(1)
        return {
            "aud": audience,
            "iss": first,
            "idp": first,
            "appid": client.client_id,
            "appidacr": "1",
            "ver": "1.0",
            **shared,
        }

    def _beside(self, audience: str, now: int) -> dict[str, Any]:
        seconds = self.directory.lifetime
        if self.version == 2:
            return {
                "token_type": "Bearer",
                "expires_in": seconds,
                "ext_expires_in": seconds,
            }
        # Version 1 says numbers as text.
        return {
            "token_type": "Bearer",
            "expires_in": str(seconds),
            "ext_expires_in": str(seconds),
            "expires_on": str(now + seconds),
            "not_before": str(now),
            "resource": audience,
        }


def issuer(version: int) -> str:
    """Return who signs tokens of a version."""
    if version == 1:
        return f"https://sts.windows.net/{TENANT_ID}/"
    return f"{LOGIN}/{TENANT_ID}/v2.0"


def metadata(authority: str, tenant: str, version: int) -> dict[str, Any]:
    """Return the OpenID configuration of the directory.

    Its addresses are those of the host it plays: clients of Microsoft take no others,
    and map them. Only the keys are named where they lie, as anybody fetches those.
    """
    base = f"{LOGIN}/{tenant}"
    part = "/v2.0" if version == 2 else ""
    return {
        "issuer": issuer(version),
        "authorization_endpoint": f"{base}/oauth2{part}/authorize",
        "token_endpoint": f"{base}/oauth2{part}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "jwks_uri": f"{authority}/{tenant}/discovery{part}/keys",
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "subject_types_supported": ["pairwise"],
        "tenant_region_scope": "EU",
    }
