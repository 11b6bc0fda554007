"""The app Microsoft 365 support integration on the instance, in any state of its set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox import people, support_artefacts
from connector.sandbox.records import insert, put, remove
from connector.sandbox.schema import TABLES
from connector.sandbox.support_settings import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.store import Store

NAME = "Microsoft 365 support integration"
ROLES = (f"{SCOPE}.insights_user", f"{SCOPE}.administrator")
# What the app must be allowed to read: one record each, made on installation.
_READ = ("oauth_entity", "oauth_entity_profile")
_ACCESS = ("open", "closed", "unrecorded")
_REMOVED = "support_app:removed"


def install(store: Store) -> None:
    """Add the app with its scope, roles, cross-scope records and artefacts, once."""
    if not store.note(_REMOVED):
        _add_scope(store)
        support_artefacts.install(store)


def _add_scope(store: Store) -> None:
    if store.first("sys_scope", scope=SCOPE):
        return
    insert(store, "sys_scope", name=NAME, scope=SCOPE)
    for role in ROLES:
        if not store.first("sys_user_role", name=role):
            insert(store, "sys_user_role", name=role)
    _record_privileges(store)


def apply(store: Store, wishes: Mapping[str, Any]) -> None:
    """Bring the instance into a state; raises ValueError for what it does not know.

    `outbound`, `inbound` and `oidc` are registries, `user` is the integration user (each
    a mapping of fields), `roles` maps user names to roles of the app, `cross_scope` is
    "open", "closed" (the tables) or "unrecorded" (the two records are missing). `app` is
    what the app itself is made of, see support_artefacts.
    """
    doers: dict[str, Callable[[Store, Any], None]] = {
        "app": _app,
        "outbound": _outbound,
        "inbound": _inbound,
        "oidc": _oidc,
        "user": _user,
        "roles": _roles,
        "cross_scope": _cross_scope,
    }
    if not set(wishes) <= set(doers):
        message = f"unknown: {sorted(set(wishes) - set(doers))}"
        raise ValueError(message)
    with store.transaction():
        install(store)
        for name in (one for one in doers if one in wishes):
            doers[name](store, wishes[name])


def _app(store: Store, wishes: Mapping[str, Any]) -> None:
    if "installed" in wishes:
        _set_installed(store, bool(wishes["installed"]))
    support_artefacts.apply(store, wishes)


def _set_installed(store: Store, wanted: bool) -> None:
    store.keep_note(_REMOVED, "" if wanted else "true")
    if wanted:
        _add_scope(store)
        return
    for row in store.find(TABLES["sys_scope"], scope=SCOPE):
        remove(store, "sys_scope_privilege", source_scope=row["sys_id"])
        remove(store, "sys_scope", sys_id=row["sys_id"])
    for name in ROLES:
        for role in store.find(TABLES["sys_user_role"], name=name):
            remove(store, "sys_user_has_role", role=role["sys_id"])
            remove(store, "sys_user_role", sys_id=role["sys_id"])


def _outbound(store: Store, fields: Mapping[str, str]) -> None:
    defaults = {
        "name": "m365supportintegration_outbound",
        "type": "oauth_provider",
        "default_grant_type": "client_credentials",
    }
    row = put(store, "oauth_entity", "client_id", defaults | dict(fields))
    profile = {"name": f"{row['name']} default_profile", "oauth_entity": row["sys_id"]}
    profile["grant_type"] = row["default_grant_type"]
    put(store, "oauth_entity_profile", "oauth_entity", profile)


def _inbound(store: Store, fields: Mapping[str, str]) -> None:
    defaults = {"name": "m365supportintegration_inbound_rest"}
    put(store, "oauth_entity", "client_id", defaults | dict(fields))


def _oidc(store: Store, fields: Mapping[str, str]) -> None:
    given = dict(fields)
    entity = {"name": "m365supportintegration_inbound_aad"}
    for name in ("name", "client_id", "active"):
        if name in given:
            entity[name] = given.pop(name)
    usual = "m365supportintegration_oidc_provider"
    provider = {"name": given.pop("provider", usual), **given}
    row = put(store, "oidc_provider_configuration", "name", provider)
    entity["oidc_provider"] = row["sys_id"]
    put(store, "oauth_oidc_entity", "client_id", entity)


def _user(store: Store, fields: Mapping[str, Any]) -> None:
    given = {"web_service_access_only": "true", **fields}
    roles = given.pop("roles", ("itil",))
    if password := given.pop("password", ""):
        given["user_password"] = people.hashed(password)
    given.setdefault("name", given["user_name"])
    row = put(store, "sys_user", "user_name", given)
    people.set_roles(store, row["sys_id"], roles)


def _roles(store: Store, wanted: Mapping[str, list[str]]) -> None:
    for user_name, roles in wanted.items():
        row = store.first("sys_user", user_name=user_name)
        if row is None:
            message = f"no such user: {user_name}"
            raise ValueError(message)
        others = people.roles_of(store, row["sys_id"]) - set(ROLES)
        people.set_roles(store, row["sys_id"], [*others, *_full(roles)])


def _full(roles: list[str]) -> list[str]:
    names = [f"{SCOPE}.{role}" for role in roles]
    if not set(names) <= set(ROLES):
        message = f"not a role of the app: {roles}"
        raise ValueError(message)
    return names


def _cross_scope(store: Store, state: str) -> None:
    if state not in _ACCESS:
        message = f"not one of {_ACCESS}: {state}"
        raise ValueError(message)
    access = "package_private" if state == "closed" else "public"
    for name in _READ:
        row = store.first("sys_db_object", name=name)
        if row:
            changed = {"access": access, "read_access": str(state != "closed").lower()}
            store.update(TABLES["sys_db_object"], row["sys_id"], changed)
    store.execute("DELETE FROM sys_scope_privilege")
    if state != "unrecorded":
        _record_privileges(store)


def _record_privileges(store: Store) -> None:
    scope = store.first("sys_scope", scope=SCOPE)
    for name in _READ:
        insert(
            store,
            "sys_scope_privilege",
            source_scope=scope["sys_id"] if scope else "",
            target_name=name,
            target_type="sys_db_object",
            operation="read",
            status="allowed",
        )
