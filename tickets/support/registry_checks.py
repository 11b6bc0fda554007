"""The live checks of the instance's application registries."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from connector.entra import metadata
from connector.exceptions import ConnectorError
from connector.servicenow.query import Query
from tickets.support.bench import Unanswerable
from tickets.support.guide_parts import REDIRECT_PATHS, Facts
from tickets.support.verdicts import FAILED, OK, WARNING, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.servicenow.records import Record
    from tickets.support.bench import Bench

_FIELDS = (
    *("name", "client_id", "active", "default_grant_type"),
    *("token_url", "redirect_url"),
)
# Version 1 as the guide has it, and what serves as well.
_TOKEN_PATHS = ("oauth2/v2.0/token", "oauth2/token")
_HARMLESS = frozenset({"other_redirect", "tenant_token_url"})
# What releases call the reference and the metadata URL; unverified, so both are asked.
_PROVIDERS = ("oidc_provider_configuration", "oidc_provider")
_URLS = ("oidc_config_url", "oidc_url")
_OIDC_FIELDS = (
    *("name", "client_id", "active"),
    *(
        f"{provider}.{name}"
        for provider in _PROVIDERS
        for name in (*_URLS, "user_claim", "user_field", "enable_jti_verification")
    ),
)


def outbound_entity(bench: Bench) -> Verdict:
    """Look at the registry through which the instance asks Entra for tokens."""
    app_id = bench.outbound_app()
    query = Query().equals("client_id", app_id)
    row = _with_client(bench.rows("oauth_entity", query, _FIELDS, "client_id"), app_id)
    facts = {"client_id": app_id}
    if row is None:
        return Verdict("outbound_entity", FAILED, "absent", facts)
    facts |= {name: row.value(name) for name in _FIELDS}
    code = _outbound_problem(bench, row)
    if code:
        facts["wanted"] = Facts.of(bench.integration, bench.repository).token_url
        verdict = WARNING if code in _HARMLESS else FAILED
        return Verdict("outbound_entity", verdict, code, facts)
    return Verdict("outbound_entity", OK, "ready", facts)


def _outbound_problem(bench: Bench, row: Record) -> str:
    if row.value("active") == "false":
        return "inactive"
    grant = row.value("default_grant_type")
    if grant and grant != "client_credentials":
        return "other_grant"
    if row.value("token_url"):
        fit = _fit(row.value("token_url"), _TOKEN_PATHS, bench)
        if fit != "same":
            return f"{fit}_token_url"
    if row.value("redirect_url") and not _is_redirect(row.value("redirect_url"), bench):
        return "other_redirect"
    return ""


def _fit(url: str, paths: Iterable[str], bench: Bench) -> str:
    """Say whether an address in Entra is the directory's: "same", "tenant" or "other".

    A directory has an ID and any number of domains; Entra takes each of them, so
    another name ("tenant") may be the same directory.
    """
    authority = settings.ENTRA_AUTHORITY.lower()
    given = url.strip().rstrip("/").lower()
    tails = [path for path in paths if given.endswith(f"/{path}")]
    if not tails or not given.startswith(f"{authority}/"):
        return "other"
    name = given.removeprefix(f"{authority}/").removesuffix(f"/{tails[0]}")
    return "same" if name in _names(bench) else "tenant"


def _names(bench: Bench) -> set[str]:
    """Return what the directory is called, as far as that is known."""
    names = {bench.integration.directory.lower()}
    with suppress(ConnectorError, Unanswerable):
        names.add(urlsplit(bench.metadata().token_endpoint).path.split("/")[1].lower())
    return names


def _is_redirect(url: str, bench: Bench) -> bool:
    """Accept both spellings; a list has commas between its addresses."""
    accepted = {f"{bench.repository.endpoint}/{path}" for path in REDIRECT_PATHS}
    return any(one.strip().lower() in accepted for one in url.split(","))


def oauth_profile(bench: Bench) -> Verdict:
    """See whether the outbound provider has a profile to choose."""
    app_id = bench.outbound_app()
    query = Query().equals("oauth_entity.client_id", app_id)
    fields = ("name", "grant_type", "oauth_entity.client_id")
    rows = bench.rows("oauth_entity_profile", query, fields, "name")
    mine = [row for row in rows if row.value("oauth_entity.client_id") in {app_id, ""}]
    if not mine:
        return Verdict("oauth_profile", FAILED, "absent", {"client_id": app_id})
    return Verdict("oauth_profile", OK, "there", {"name": mine[0].value("name")})


def inbound_entity(bench: Bench) -> Verdict:
    """Look at the registry through which the portal asks the instance for tokens."""
    client_id = bench.complete().client_id
    query = Query().equals("client_id", client_id)
    rows = bench.rows(
        "oauth_entity", query, ("name", "client_id", "active"), "client_id"
    )
    return _there("inbound_entity", _with_client(rows, client_id), client_id)


def oidc_entity(bench: Bench) -> Verdict:
    """Look at the registry that verifies the tokens of Entra."""
    client_id = bench.complete().client_id
    query = Query().equals("client_id", client_id)
    rows = bench.rows("oauth_oidc_entity", query, _OIDC_FIELDS, "client_id")
    row = _with_client(rows, client_id)
    there = _there("oidc_entity", row, client_id)
    if row is None or there.verdict != OK:
        return there
    return _oidc_settings(bench, row, there.facts)


def _oidc_settings(bench: Bench, row: Record, facts: dict[str, str]) -> Verdict:
    found = {
        "url": _either(row, _URLS),
        "claim": _either(row, ("user_claim",)),
        "field": _either(row, ("user_field",)),
    }
    wanted = Facts.of(bench.integration, bench.repository).metadata_url
    facts = facts | found | {"wanted": wanted}
    fit = _fit(found["url"], metadata.PATHS.values(), bench) if found["url"] else ""
    for code, is_wrong in (
        ("other_metadata", fit == "other"),
        ("other_claim", found["claim"] and found["claim"].lower() != "appid"),
        ("other_field", found["field"] and found["field"] != "user_name"),
        ("jti", _either(row, ("enable_jti_verification",)) == "true"),
    ):
        if is_wrong:
            return Verdict("oidc_entity", FAILED, code, facts)
    if fit == "tenant":
        return Verdict("oidc_entity", WARNING, "tenant_metadata", facts)
    return Verdict("oidc_entity", OK, "ready", facts)


def _either(row: Record, names: Iterable[str]) -> str:
    values = (row.value(f"{ref}.{name}") for ref in _PROVIDERS for name in names)
    return next(filter(None, values), "")


def _with_client(rows: list[Record], client_id: str) -> Record | None:
    # A condition that was ignored would bring others.
    wanted = client_id.lower()
    return next((r for r in rows if r.value("client_id").lower() == wanted), None)


def _there(check_id: str, row: Record | None, client_id: str) -> Verdict:
    facts = {"client_id": client_id, "name": row.value("name") if row else ""}
    if row is None:
        return Verdict(check_id, FAILED, "absent", facts)
    if row.value("active") == "false":
        return Verdict(check_id, FAILED, "inactive", facts)
    return Verdict(check_id, OK, "ready", facts)
