"""The live checks on the instance: who gets in, the user, the roles, cross-scope access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.servicenow.query import Query
from tickets.support import accounts
from tickets.support.guide_parts import APP_SCOPE
from tickets.support.models import SupportUser
from tickets.support.setups import INSIGHTS
from tickets.support.verdicts import FAILED, OK, UNKNOWN, WARNING, Verdict

if TYPE_CHECKING:
    from connector.servicenow.records import Record
    from tickets.support.bench import Bench

# What the application must be allowed to read.
_TABLES = ("oauth_entity", "oauth_entity_profile")
_USER_FIELDS = (
    *("user_name", "name", "active", "locked_out", "web_service_access_only"),
)
_ROLE_FIELDS = ("user.user_name", "user.name", "user.email", "role.name")
Role = SupportUser.Role


def sign_in(bench: Bench) -> Verdict:
    """See whether the Rest user gets in, and as whom."""
    owner = bench.owner()
    named = bench.repository.rest_username
    if owner is None:
        return Verdict("sign_in", UNKNOWN, "nameless", {"named": named})
    facts = {"user": owner.value("user_name"), "named": named}
    is_same = facts["user"].casefold() == named.casefold()
    return Verdict("sign_in", *((OK, "same") if is_same else (WARNING, "other")), facts)


def inbound_token(bench: Bench) -> Verdict:
    """See whether the inbound provider gives a token for the integration user."""
    # A name and password that do not work are not tried a second time.
    bench.owner()
    bench.inbound_token()
    facts = {"client_id": bench.repository.client_id}
    return Verdict("inbound_token", OK, "given", facts)


def integration_user(bench: Bench) -> Verdict:
    """See whether the integration user is there, active, and for web services only."""
    wanted = bench.complete().rest_username
    row = _user(bench, wanted)
    facts = {"user": wanted}
    if row is None:
        return Verdict("integration_user", FAILED, "absent", facts)
    if row.value("active") == "false":
        return Verdict("integration_user", FAILED, "inactive", facts)
    if row.value("locked_out") == "true":
        return Verdict("integration_user", FAILED, "locked", facts)
    if row.value("web_service_access_only") == "false":
        return Verdict("integration_user", WARNING, "not_only", facts)
    return Verdict("integration_user", OK, "ready", facts)


def user_id(bench: Bench) -> Verdict:
    """See whether a user's User ID is the client ID that the token names."""
    named = bench.complete().rest_username
    claims = bench.claims()
    facts = {"app": (claims and claims.appid) or named, "named": named}
    if facts["app"].lower() != named.lower():
        return Verdict("user_id", FAILED, "other_app", facts)
    if _user(bench, facts["app"]) is None:
        return Verdict("user_id", FAILED, "absent", facts)
    return Verdict("user_id", OK, "equal", facts)


def _user(bench: Bench, user_name: str) -> Record | None:
    query = Query().equals("user_name", user_name)
    rows = bench.rows("sys_user", query, _USER_FIELDS, "user_name")
    wanted = user_name.casefold()
    # A condition that was ignored would bring others.
    same = [row for row in rows if row.value("user_name").casefold() == wanted]
    return same[0] if same else None


def cross_scope(bench: Bench) -> Verdict:
    """See whether the application may read the tables of the OAuth entities."""
    query = Query().is_in("name", _TABLES)
    rows = bench.rows("sys_db_object", query, ("name", "access", "read_access"), "name")
    closed = [
        row.value("name")
        for row in rows
        if row.value("name") in _TABLES
        and (row.value("access") != "public" or row.value("read_access") != "true")
    ]
    if closed:
        facts = {"tables": ", ".join(sorted(closed)), "scope": APP_SCOPE}
        return Verdict("cross_scope", FAILED, "closed", facts)
    if not rows:
        return Verdict("cross_scope", UNKNOWN, "hidden", {"table": "sys_db_object"})
    return _privileges(bench)


def _privileges(bench: Bench) -> Verdict:
    """Look for the two records the application makes on installation."""
    query = (
        Query().is_in("target_name", _TABLES).equals("source_scope.scope", APP_SCOPE)
    )
    fields = ("target_name", "operation", "status", "source_scope.scope")
    rows = bench.rows("sys_scope_privilege", query, fields, "target_name")
    allowed = {
        row.value("target_name")
        for row in rows
        if row.value("status") == "allowed"
        and row.value("source_scope.scope") in {APP_SCOPE, ""}
    }
    absent = [name for name in _TABLES if name not in allowed]
    if absent:
        facts = {"tables": ", ".join(absent), "scope": APP_SCOPE}
        return Verdict("cross_scope", WARNING, "no_privilege", facts)
    return Verdict("cross_scope", OK, "open")


def roles(bench: Bench) -> Verdict:
    """Read who has which role of the application, and keep it."""
    query = Query().starts_with("role.name", f"{APP_SCOPE}.")
    rows = bench.rows("sys_user_has_role", query, _ROLE_FIELDS, "role.name")
    people = [_person(row) for row in rows if _role(row)]
    accounts.learn(bench.repository, people)
    admins = sorted({p.user_name for p in people if p.role == Role.ADMINISTRATOR})
    facts = {
        "people": str(len({person.user_name for person in people})),
        "admins": ", ".join(admins[:10]),
    }
    if bench.setup is INSIGHTS and admins:
        return Verdict("roles", FAILED, "administrators", facts)
    if not people:
        return Verdict("roles", WARNING, "nobody", facts)
    if bench.setup is not INSIGHTS and not admins:
        return Verdict("roles", WARNING, "no_administrator", facts)
    return Verdict("roles", OK, "given", facts)


def _role(row: Record) -> str:
    """Return which of the two roles the row gives, or ""."""
    name = row.value("role.name").removeprefix(f"{APP_SCOPE}.")
    return name if name in Role.values else ""


def _person(row: Record) -> accounts.Person:
    return accounts.Person(
        user_name=row.value("user.user_name"),
        name=row.value("user.name"),
        email=row.value("user.email"),
        role=_role(row),
    )
