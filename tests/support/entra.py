"""A directory of Microsoft Entra ID: applications, signed tokens, keys over loopback."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    import responses
    from requests import PreparedRequest

DIRECTORY = "5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab"
LOGIN = f"https://login.microsoftonline.com/{DIRECTORY}"
OUTBOUND = "7595e20f-39a8-4fcb-b865-f64d6663fc5f"
REST = "fc0f7f19-2222-4fcb-b865-f64d6663fc5f"
REST_USER = "45866b8c-3333-4fcb-b865-f64d6663fc5f"
SECRETS = {
    OUTBOUND: "secret-of-the-outbound-app",
    REST: "secret-of-the-rest-app",
    REST_USER: "secret-of-the-rest-user-app",
}
# An audience that the instance's own test provider answers to.
ALSO = "api://tokens-of-the-tests"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

Reply = tuple[int, dict[str, str], str]


def public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    """Return a key as a directory publishes it."""
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid}


@dataclass
class Directory:
    """What the directory says; tests change it to make it say something else."""

    issuer: str = f"https://sts.windows.net/{DIRECTORY}/"
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    metadata_status: int = 200
    keys_url: str = f"{LOGIN}/discovery/keys"
    token_requests: list[dict[str, str]] = field(default_factory=list)
    # What it signs with, and what it publishes beside that.
    key: rsa.RSAPrivateKey = KEY
    kid: str = "k1"
    other_keys: list[dict[str, Any]] = field(default_factory=list)

    def token(self, client_id: str, audience: str, **claims: Any) -> str:
        said = {
            "iss": self.issuer,
            "aud": [ALSO, audience],
            "exp": int(time.time()) + 3600,
            "appid": client_id,
            **self.claims,
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, self.key, "RS256", headers={"kid": self.kid})

    def application_token(self, **claims: Any) -> str:
        """Return a token as the instance gets one for the connector API."""
        now = int(time.time())
        usual = {"iat": now, "nbf": now, "tid": DIRECTORY, "ver": "1.0"}
        return self.token(OUTBOUND, OUTBOUND, **{"aud": OUTBOUND, **usual, **claims})

    def keys(self) -> dict[str, Any]:
        return {"keys": [public(self.key, self.kid), *self.other_keys]}

    def answer_on(self, mock: responses.RequestsMock, login: str = LOGIN) -> None:
        """Answer what the portal sends to Microsoft."""
        known = f"{login}/.well-known/openid-configuration"
        mock.add_callback("GET", known, self._metadata)
        known = f"{login}/v2.0/.well-known/openid-configuration"
        mock.add_callback("GET", known, self._metadata_of_2)
        mock.add_callback("GET", self.keys_url, lambda _: _json(self.keys()))
        mock.add_callback("POST", f"{LOGIN}/oauth2/v2.0/token", self._grant)

    def _metadata(self, _request: PreparedRequest) -> Reply:
        if self.metadata_status != 200:
            words = f"AADSTS90002: Tenant '{DIRECTORY}' not found."
            body = {"error": "invalid_tenant", "error_description": words}
            return _json(body, self.metadata_status)
        body = {
            "issuer": f"https://sts.windows.net/{DIRECTORY}/",
            "token_endpoint": f"{LOGIN}/oauth2/token",
            "jwks_uri": self.keys_url,
            **self.metadata,
        }
        return _json({name: value for name, value in body.items() if value})

    def _metadata_of_2(self, _request: PreparedRequest) -> Reply:
        return _json(
            {
                "issuer": f"{LOGIN}/v2.0",
                "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
                "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
                "jwks_uri": self.keys_url,
            }
        )

    def _grant(self, request: PreparedRequest) -> Reply:
        text = request.body.decode() if isinstance(request.body, bytes) else ""
        form = {k: v[0] for k, v in parse_qs(text or str(request.body)).items()}
        self.token_requests.append(form)
        if SECRETS.get(form["client_id"]) != form["client_secret"]:
            words = f"AADSTS7000215: Invalid client secret: {form['client_secret']}"
            body = {"error": "invalid_client", "error_description": words}
            return _json(body, 401)
        audience = form["scope"].removesuffix("/.default")
        token = self.token(form["client_id"], audience)
        body = {"token_type": "Bearer", "expires_in": 3599, "access_token": token}
        return _json(body)


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(body)


class Loopback:
    """The directory's metadata and keys where the instance fetches them."""

    def __init__(self, directory: Directory) -> None:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys = f"{loopback.url}/keys"
                issuer = f"{LOGIN}/v2.0" if "/v2.0/" in self.path else directory.issuer
                metadata = {
                    "issuer": issuer,
                    "jwks_uri": keys,
                    "token_endpoint": f"{loopback.url}/token",
                }
                body = directory.keys() if self.path == "/keys" else metadata
                sent = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
