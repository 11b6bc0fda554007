"""The live checks in Microsoft Entra: the directory, and tokens of the applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.exceptions import Misconfigured
from tickets.support.verdicts import FAILED, OK, UNKNOWN, WARNING, Verdict

if TYPE_CHECKING:
    from connector.entra.claims import Claims
    from tickets.support.bench import Bench


def metadata(bench: Bench) -> Verdict:
    """See whether the directory exists and publishes what signatures are checked with."""
    found = bench.metadata()
    facts = {"issuer": found.issuer, "keys": str(found.keys), "url": found.url}
    return Verdict("metadata", OK, "complete", facts)


def outbound_token(bench: Bench) -> Verdict:
    """See whether Entra gives the outbound application a token."""
    bench.outbound_token()
    return Verdict("outbound_token", OK, "given", {"app": bench.outbound_app()})


def rest_token(bench: Bench) -> Verdict:
    """See whether the REST user's token is one that the instance can accept."""
    claims = bench.claims()
    if claims is None:
        return Verdict("rest_token", UNKNOWN, "unreadable")
    repository = bench.complete()
    facts = {
        "appid": claims.appid,
        "azp": claims.azp,
        "audience": ", ".join(claims.audiences),
        "client_id": repository.client_id,
        "issuer": claims.issuer,
    }
    if not claims.appid:
        return Verdict("rest_token", FAILED, "no_appid", facts)
    if repository.client_id not in claims.audiences:
        return Verdict("rest_token", FAILED, "other_audience", facts)
    return _issuer(bench, claims, facts)


def _issuer(bench: Bench, claims: Claims, facts: dict[str, str]) -> Verdict:
    """Compare the issuer: an instance refuses tokens of another one than its metadata's."""
    try:
        if claims.issuer == bench.metadata().issuer:
            return Verdict("rest_token", OK, "fits", facts)
        if claims.issuer == bench.metadata(2).issuer:
            facts = facts | {"url": bench.metadata(2).url}
            return Verdict("rest_token", WARNING, "version_2", facts)
    except Misconfigured:
        # The metadata is a check of its own.
        return Verdict("rest_token", OK, "fits", facts)
    return Verdict("rest_token", FAILED, "other_issuer", facts)
