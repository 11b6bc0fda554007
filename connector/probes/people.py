"""The integration user: whose token it is, active, nobody's own account, its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.exceptions import ConnectorError, Refused
from connector.probes.catalogue import Probe
from connector.probes.findings import Finding, failed, ok, unknown, warning
from connector.servicenow.query import Query, UnsafeValue

if TYPE_CHECKING:
    from connector.models import Connection
    from connector.probes.examination import Examination
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

_FIELDS = (
    *("user_name", "name", "email", "active", "locked_out", "password_needs_reset"),
    *("manager", "employee_number", "web_service_access_only"),
    "internal_integration_user",
)
_FULFILLER = "itil"
PAIRS = {
    "change_request": ("sn_change_read", "sn_change_write"),
    "incident": ("sn_incident_read", "sn_incident_write"),
}
_READ_ONLY = "snc_read_only"
_POWERFUL = ("admin", "security_admin", "oauth_admin", "user_admin", "impersonator")


def identify(client: ServiceNow) -> Record | None:
    """Return the user the token belongs to, or None when the instance does not say."""
    query = Query().is_script("user_name", "gs.getUserName()")
    try:
        page = client.list("sys_user", query, fields=_FIELDS, limit=2)
    except Refused:
        return None
    # More than one: the condition was ignored.
    return page.records[0] if len(page.records) == 1 else None


def identity(e: Examination) -> Record | None:
    """Return the user the token belongs to, asked once; raises ConnectorError."""
    return e.once("identity", lambda: identify(e.client()))


def owner(e: Examination) -> Finding:
    """Say whether the authorization belongs to the user who was named."""
    connection, found = e.connection, identity(e)
    named = connection.integration_user
    if found is None:
        return unknown("hidden", named=named)
    facts = {
        "user": found.value("user_name"),
        "name": found.value("name"),
        "named": named,
    }
    if facts["user"].casefold() == named.casefold():
        return ok("same", **facts)
    return warning("other" if connection.needs_consent else "other_entity", **facts)


def _named(e: Examination) -> Record | None:
    """Return the integration user's row, None when it does not show."""
    named, found = e.connection.integration_user, identity(e)
    if found is not None and _is(found, named):
        return found
    try:
        query = Query().equals("user_name", named)
    except UnsafeValue:
        return None
    try:
        rows = e.rows("sys_user", query, _FIELDS, limit=2).records
    except Refused:
        return None
    return next((row for row in rows if _is(row, named)), None)


def _is(row: Record, user_name: str) -> bool:
    return row.value("user_name").casefold() == user_name.casefold()


def user(e: Examination) -> Finding:
    """Say whether the integration user is there and may act."""
    facts = {"named": e.connection.integration_user}
    row = _named(e)
    if row is None:
        # The table shows its rows, or the owner would not have been told.
        return (
            unknown("hidden", **facts)
            if identity(e) is None
            else failed("missing", **facts)
        )
    for code, name, wrong in (
        ("inactive", "active", "false"),
        ("locked", "locked_out", "true"),
        ("must_reset", "password_needs_reset", "true"),
    ):
        if row.value(name) == wrong:
            return failed(code, **facts)
    return ok("active", **facts, name=row.value("name"))


def person(e: Examination) -> Finding:
    """Say whether it is an account of its own: nobody's, and no administrator's."""
    row = identity(e)
    if row is None:
        return unknown("hidden", named=e.connection.integration_user)
    facts = {"user": row.value("user_name"), "name": row.value("name")}
    powerful = [role for role in _POWERFUL if role in (_roles(e) or ())]
    if powerful:
        return warning("administrator", **facts, roles=", ".join(powerful))
    if _belongs_to_somebody(e.connection, row):
        return warning("somebodys", **facts)
    return ok("own", **facts)


def _belongs_to_somebody(connection: Connection, row: Record) -> bool:
    marks = ("web_service_access_only", "internal_integration_user")
    if any(row.value(mark) == "true" for mark in marks):
        return False
    if row.value("manager") or row.value("employee_number"):
        return True
    # Somebody who signs in here; a namesake in the directory may be meant (T9.5).
    authorizer, email = connection.authorized_by, row.value("email").casefold()
    mine = (authorizer.email or "").casefold() if authorizer else ""
    return bool(email) and email == mine and not _is(row, connection.integration_user)


def _roles(e: Examination) -> set[str] | None:
    """Return the names of the user's roles, inherited ones too, or None."""
    row = identity(e)
    if row is None or not row.sys_id:
        return None
    try:
        page = e.rows(
            "sys_user_has_role",
            Query().equals("user", row.sys_id),
            ("user", "role", "role.name"),
            limit=1000,
        )
    except ConnectorError:
        return None
    mine = [one for one in page.records if one.value("user") == row.sys_id]
    names = {one.value("role.name") or one.display("role") for one in mine}
    return names - {""} or None


def lacks(e: Examination, kind: str) -> list[str] | None:
    """Return the roles that are missing for one kind of ticket, None if unknown."""
    names = _roles(e)
    if names is None:
        return None
    if _READ_ONLY in names:
        return [_READ_ONLY]
    if names & {"admin", _FULFILLER}:
        return []
    read, write = PAIRS[kind]
    # Who may write may read.
    return (
        [] if write in names else [role for role in (read, write) if role not in names]
    )


def roles(e: Examination) -> Finding:
    """Say whether the integration user has the roles its work needs."""
    missing = {kind: lacks(e, kind) for kind in PAIRS}
    facts = {"named": _name(e)}
    if any(one is None for one in missing.values()):
        return unknown("hidden", **facts)
    lacking = [role for one in missing.values() for role in one or ()]
    held = _roles(e) or set()
    known = {_FULFILLER, *(role for pair in PAIRS.values() for role in pair), "admin"}
    facts["held"] = ", ".join(sorted(held & known)) or "-"
    if _READ_ONLY in lacking:
        return failed("read_only", **facts)
    if not lacking:
        return ok("enough", **facts)
    facts["missing"] = ", ".join(lacking)
    # On a customised instance other roles may give the same rights.
    is_proved = all(proved(e, kind) for kind in PAIRS)
    return warning("others", **facts) if is_proved else failed("missing", **facts)


def _name(e: Examination) -> str:
    row = identity(e)
    return row.value("user_name") if row else e.connection.integration_user


def proved(e: Examination, kind: str) -> str:
    """Return when a test ticket of this kind was last taken and canceled, or ""."""
    stored = e.connection.probes or []
    rows = [row for row in stored if row.get("id") == f"{kind}_test"]
    is_good = bool(rows) and rows[0].get("verdict") == "ok"
    return str(rows[0].get("at", ""))[:10] if is_good else ""


_USERS = "sys_user_list.do"

PROBES = [
    Probe(
        "owner",
        _("Does the authorization belong to the integration user?"),
        "people",
        "security",
        owner,
        needs=("token",),
    ),
    Probe(
        "user",
        _("Is the integration user there and active?"),
        "people",
        "servicenow",
        user,
        needs=("token",),
        link=_USERS,
    ),
    Probe(
        "person",
        _("Is it an account of its own, not a person's or an administrator's?"),
        "people",
        "servicenow",
        person,
        needs=("token",),
        link=_USERS,
    ),
    Probe(
        "roles",
        _("Does it have the roles it needs?"),
        "people",
        "servicenow",
        roles,
        needs=("token",),
        link=_USERS,
    ),
]
