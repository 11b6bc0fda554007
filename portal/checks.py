"""System checks of the portal's settings."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

_ANYBODYS = {"common", "organizations", "consumers"}


@register()
def site_url_is_an_origin(**_: Any) -> list[CheckMessage]:
    """See that SITE_URL is scheme and host: the redirect URL is made from it."""
    parts = urlsplit(settings.SITE_URL)
    if parts.scheme in {"http", "https"} and parts.netloc and not parts.path:
        return []
    hint = "Give scheme, host and port only, such as https://portal.example.com"
    return [Error("SITE_URL is not an origin.", hint=hint, id="portal.E001")]


@register()
def site_url_is_an_allowed_host(**_: Any) -> list[CheckMessage]:
    """See that the portal answers under its own address."""
    host = _host()
    if not host or settings.DEBUG or validate_host(host, settings.ALLOWED_HOSTS):
        return []
    hint = f"Add {host} to ALLOWED_HOSTS, a list separated by commas."
    message = "ALLOWED_HOSTS does not contain the host of SITE_URL."
    return [Error(message, hint=hint, id="portal.E002")]


@register()
def entra_tenant_is_one_directory(**_: Any) -> list[CheckMessage]:
    """See that sign-in with Microsoft Entra ID is pinned to one directory."""
    if settings.ENTRA_TENANT_ID.lower() in _ANYBODYS:
        hint = "Set ENTRA_TENANT_ID to the directory (tenant) ID of your organisation."
        message = "ENTRA_TENANT_ID lets people of any directory sign in."
        return [Error(message, hint=hint, id="portal.E003")]
    if bool(settings.ENTRA_TENANT_ID) != bool(settings.ENTRA_CLIENT_ID):
        hint = "Set both ENTRA_TENANT_ID and ENTRA_CLIENT_ID, or neither."
        message = "Sign-in with Microsoft Entra ID is configured by half and stays off."
        return [Warning(message, hint=hint, id="portal.W001")]
    return []


@register()
def site_url_is_encrypted(**_: Any) -> list[CheckMessage]:
    """Warn when passwords and codes would travel in the clear."""
    if not settings.SITE_URL.startswith("http://") or _is_loopback(_host()):
        return []
    hint = "Put a TLS proxy in front, set SITE_URL=https://… and BEHIND_TLS_PROXY=true."
    message = "SITE_URL is http:// on a host other than this machine."
    return [Warning(message, hint=hint, id="portal.W002")]


@register()
def entra_authority_is_encrypted(**_: Any) -> list[CheckMessage]:
    """Refuse keys that anybody on the way could replace; a sandbox has nothing better."""
    authority = settings.ENTRA_AUTHORITY
    if authority.startswith("https://") or settings.SERVICENOW_SANDBOX_URL:
        return []
    hint = "Set ENTRA_AUTHORITY to https://login.microsoftonline.com or a national cloud's."
    message = "ENTRA_AUTHORITY is not https://: tokens could be forged."
    return [Error(message, hint=hint, id="portal.E004")]


@register(Tags.security, deploy=True)
def broker_is_maintained(**_: Any) -> list[CheckMessage]:
    """Advise against the embedded Redis: its program may be of an old branch."""
    if not settings.REDIS_URL.startswith(("redis+socket://", "memory://")):
        return []
    hint = "Set REDIS_URL to a maintained Redis or Valkey: redis://host:6379/0"
    return [Warning("The embedded Redis is used.", hint=hint, id="portal.W003")]


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
