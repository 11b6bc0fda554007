"""The live checks of the instance's application registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.entra import metadata
from connector.servicenow.query import Query
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
        facts["wanted"] = _token_url(bench)
        verdict = WARNING if code == "other_redirect" else FAILED
        return Verdict("outbound_entity", verdict, code, facts)
    return Verdict("outbound_entity", OK, "ready", facts)


def _outbound_problem(bench: Bench, row: Record) -> str:
    if row.value("active") == "false":
        return "inactive"
    grant = row.value("default_grant_type")
    if grant and grant != "client_credentials":
        return "other_grant"
    token_url = row.value("token_url")
    if token_url and not _is_token_url(token_url, bench):
        return "other_token_url"
    if row.value("redirect_url") and not _is_redirect(row.value("redirect_url"), bench):
        return "other_redirect"
    return ""


def _token_url(bench: Bench) -> str:
    return Facts.of(bench.integration, bench.repository).token_url


def _is_token_url(url: str, bench: Bench) -> bool:
    """Say whether it is the directory's; version 2 of the address serves as well."""
    wanted = _token_url(bench).lower()
    given = url.strip().rstrip("/").lower()
    return not wanted or given in {wanted, wanted.replace("/token", "/v2.0/token")}


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
    facts = facts | found | {"wanted": bench.metadata().url}
    for code, is_wrong in (
        ("other_metadata", found["url"] and not _is_metadata(found["url"], bench)),
        ("other_claim", found["claim"] and found["claim"].lower() != "appid"),
        ("other_field", found["field"] and found["field"] != "user_name"),
        ("jti", _either(row, ("enable_jti_verification",)) == "true"),
    ):
        if is_wrong:
            return Verdict("oidc_entity", FAILED, code, facts)
    return Verdict("oidc_entity", OK, "ready", facts)


def _is_metadata(url: str, bench: Bench) -> bool:
    """Say whether it is the directory's, for tokens of either version."""
    authority = bench.metadata().url.removesuffix(f"/{metadata.PATHS[1]}")
    given = url.strip().rstrip("/").lower()
    return given in {f"{authority}/{path}".lower() for path in metadata.PATHS.values()}


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
