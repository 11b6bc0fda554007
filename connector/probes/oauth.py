"""The OAuth entity and its tokens: there, named right, granted, lasting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector import addresses
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
)
from connector.probes.catalogue import Probe
from connector.probes.findings import (
    Finding,
    failed,
    failed_by,
    ok,
    unknown,
    warning,
)
from connector.probes.network import consent
from connector.probes.people import identity
from connector.probes.properties import CLIENT_CREDENTIALS, setting
from connector.servicenow.query import Query, UnsafeValue

if TYPE_CHECKING:
    from connector.probes.examination import Examination
    from connector.servicenow.records import Record

_ENTITY = "oauth_entity"
_FIELDS = (
    *("name", "client_id", "active", "redirect_url", "default_grant_type", "user"),
    *("access_token_lifespan", "refresh_token_lifespan", "public_client"),
)
_CROSS_SCOPE = re.compile(
    r"cross-scope access policy|from scope '[^']+' has been", re.I
)
_UNKNOWN_CLIENT = re.compile(r"invalid.{0,3}client|client_id", re.IGNORECASE)
_WARN_DAYS = 30
_DAY = 86_400
# Shorter ones are renewed more often than a rate rule likes.
_SHORTEST_ACCESS = 300


def token(e: Examination) -> Finding:
    """Say whether the instance accepts the portal's token or password."""
    try:
        e.owner = identity(e)
    except ConnectorError as error:
        e.error = error
        return failed_by(error)
    return ok("yes")


def _row(e: Examination) -> Record | None:
    """Return the entity's row, if it may be read; None says nothing."""
    try:
        query = Query().equals("client_id", e.connection.client_id)
        page = e.rows(_ENTITY, query, _FIELDS, limit=2)
    except (Refused, Misconfigured, Unauthorized, UnsafeValue):
        return None
    wanted = e.connection.client_id
    found = [row for row in page.records if row.value("client_id") == wanted]
    return found[0] if found else None


def entity(e: Examination) -> Finding:
    """Say whether the application registry of the portal is there and active."""
    if e.connection.has_password:
        return ok("not_needed")
    facts = {"client_id": e.connection.client_id}
    row = _row(e)
    if row is not None:
        named = {**facts, "name": row.value("name")}
        is_off = row.has("active") and row.value("active") != "true"
        return failed("inactive", **named) if is_off else ok("readable", **named)
    try:
        e.renew()
    except Unauthorized as error:
        return _judged_by_page(e, error, facts)
    return ok("answers", **facts)


def _judged_by_page(
    e: Examination, error: Unauthorized, facts: dict[str, str]
) -> Finding:
    if not e.connection.needs_consent:
        return failed_by(error, **facts, named=e.connection.integration_user)
    page = consent(e)
    words = page.evidence()
    if page.status == 400 and _UNKNOWN_CLIENT.search(words.words):
        return failed("missing", words, **facts)
    return unknown("hidden", **facts)


def redirect(e: Examination) -> Finding:
    """Say whether the entity sends people back to this portal."""
    connection, wanted = e.connection, addresses.redirect_uri()
    if not connection.needs_consent:
        return ok("not_needed")
    row = _row(e)
    if row is not None and row.has("redirect_url"):
        registered = re.split(r"[\s,]+", row.value("redirect_url"))
        facts = {"wanted": wanted, "found": row.value("redirect_url") or "-"}
        return ok("same", **facts) if wanted in registered else failed("other", **facts)
    if connection.authorized_at:
        day = timezone.localdate(connection.authorized_at).isoformat()
        return ok("came_back", wanted=wanted, date=day)
    return unknown("hidden", wanted=wanted)


def grants(e: Examination) -> Finding:
    """Say whether the token endpoint gives what this way to sign in needs."""
    if e.connection.has_password:
        return ok("not_needed")
    if e.connection.needs_consent:
        return _refreshes(e)
    return _gives_to_client(e)


def _refreshes(e: Examination) -> Finding:
    row = _row(e)
    if row is not None and row.value("public_client") == "true":
        return warning("public_client", name=row.value("name"))
    try:
        e.renew()
    except Unauthorized as error:
        code = "not_authorized" if error.code == "not_authorized" else "refused"
        verdict = unknown if code == "not_authorized" else failed
        return verdict(code, error.evidence)
    return ok("renews")


def _gives_to_client(e: Examination) -> Finding:
    facts = {"named": e.connection.integration_user, "property": CLIENT_CREDENTIALS}
    if setting(e, CLIENT_CREDENTIALS) == "false":
        return failed("switched_off", **facts)
    try:
        e.renew()
    except Unauthorized as error:
        return failed("client_refused", error.evidence, **facts)
    row = _row(e)
    stands_for = row.display("user") if row else ""
    return ok("gives", **facts, user=stands_for)


def cross_scope(e: Examination) -> Finding:
    """Recognise that other scopes may not read the entities (T9.1)."""
    if words := _words_of_refusal(e):
        return failed("refused", words)
    try:
        # Who is not let in is not asked twice: wrong passwords lock the user out.
        identity(e)
        query = Query().equals("name", _ENTITY)
        page = e.rows("sys_db_object", query, ("name", "access", "read_access"), 2)
    except (Refused, Misconfigured, Unauthorized) as error:
        return unknown("hidden", error.evidence)
    rows = [row for row in page.records if row.value("name") == _ENTITY]
    if not rows or not rows[0].has("access"):
        return unknown("hidden")
    access, may_read = rows[0].value("access"), rows[0].value("read_access")
    if access != "public" or may_read == "false":
        return warning("restricted", access=access, read=may_read)
    return ok("open")


def _words_of_refusal(e: Examination) -> str:
    """Return the instance's words, if it ever spoke of the cross-scope policy."""
    said = [e.connection.last_error_words]
    said += [finding.evidence for finding in e.findings.values()]
    try:
        identity(e)
        e.rows(_ENTITY, Query().equals("client_id", e.connection.client_id), _FIELDS, 2)
    except UnsafeValue:
        pass
    except ConnectorError as error:
        said.append(error.evidence.words)
    return next((words for words in said if _CROSS_SCOPE.search(words)), "")


def lifetime(e: Examination) -> Finding:
    """Say until when the authorization can be renewed."""
    connection = e.connection
    if connection.has_password:
        return warning("password")
    if not connection.needs_consent:
        return ok("asked_anew")
    ends_at = connection.refresh_token_expires_at
    if not connection.refresh_token or ends_at is None:
        return warning("not_renewable")
    days = (ends_at - timezone.now()).days
    date = timezone.localtime(ends_at).date().isoformat()
    facts = {"days": str(days), "date": date, **_lifespans(e)}
    if days < _WARN_DAYS:
        return warning("ends_soon", **facts)
    return _spans(facts)


def _lifespans(e: Examination) -> dict[str, str]:
    """Return how long the entity's tokens last, as far as it may be read."""
    try:
        row = None if e.is_blocked("token") else _row(e)
    except ConnectorError:
        row = None
    spans = (
        {}
        if row is None
        else {
            "access": row.value("access_token_lifespan").replace(",", ""),
            "refresh": row.value("refresh_token_lifespan").replace(",", ""),
        }
    )
    return {name: text for name, text in spans.items() if text.isdecimal()}


def _spans(facts: dict[str, str]) -> Finding:
    refresh = int(facts.get("refresh", _WARN_DAYS * _DAY))
    if refresh < _WARN_DAYS * _DAY:
        return warning("short_refresh", **facts, refresh_days=refresh // _DAY)
    if int(facts.get("access", _SHORTEST_ACCESS)) < _SHORTEST_ACCESS:
        return warning("short_access", **facts)
    return ok("long", **facts)


def basic(e: Examination) -> Finding:
    """Say whether a restriction of Basic authentication is in the way."""
    if not e.connection.has_password:
        return ok("no_matter")
    try:
        identity(e)
    except Unauthorized as error:
        return failed_by(error, named=e.connection.integration_user)
    return warning("let_in")


_REGISTRY = "oauth_entity_list.do"

PROBES = [
    Probe(
        "token",
        _("Is the authorization valid?"),
        "oauth",
        "servicenow",
        token,
        needs=("address",),
        page="connector:setup",
    ),
    Probe(
        "entity",
        _("Is the OAuth entity there, under its client ID?"),
        "oauth",
        "servicenow",
        entity,
        needs=("address",),
        link=_REGISTRY,
    ),
    Probe(
        "redirect",
        _("Does the entity send people back to this portal?"),
        "oauth",
        "servicenow",
        redirect,
        needs=("address",),
        link=_REGISTRY,
    ),
    Probe(
        "grants",
        _("Does the entity give tokens in the way the portal asks for them?"),
        "oauth",
        "servicenow",
        grants,
        needs=("address",),
        link=_REGISTRY,
    ),
    Probe(
        "cross_scope",
        _("May the connector app read the table of OAuth entities?"),
        "oauth",
        "servicenow",
        cross_scope,
        needs=("address",),
        link="sys_db_object_list.do",
    ),
    Probe(
        "lifetime",
        _("How long does the authorization last?"),
        "oauth",
        "security",
        lifetime,
        link=_REGISTRY,
    ),
    Probe(
        "basic",
        _("Does a restriction of Basic authentication stand in the way?"),
        "oauth",
        "servicenow",
        basic,
        needs=("address",),
        link="sys_properties_list.do",
    ),
]
