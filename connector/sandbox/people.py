"""The people of the instance: their roles, their passwords, who may sign in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.store import Row, Store

_ROUNDS = 10_000


@dataclass(frozen=True)
class User:
    """Somebody who is signed in, by token, password or cookie."""

    sys_id: str
    user_name: str
    name: str
    roles: frozenset[str]
    time_zone: ZoneInfo

    def has(self, *roles: str) -> bool:
        """Say whether the user has one of these roles; an admin has all."""
        return "admin" in self.roles or not self.roles.isdisjoint(roles)


def load(store: Store, sys_id: str) -> User | None:
    """Return the user if the account may act now."""
    row = store.first("sys_user", sys_id=sys_id)
    return _user(store, row) if row and may_act(row) else None


def may_act(row: Row) -> bool:
    """Say whether an account is active, unlocked and has a final password."""
    return (
        row["active"] == "true"
        and row["locked_out"] != "true"
        and row["password_needs_reset"] != "true"  # noqa: S105
    )


def needs_code(store: Store, row: Row | None) -> bool:
    """Say whether a password is not enough for this account."""
    if row is None or row["enable_multifactor_authn"] != "true":
        return False
    return store.is_on("glide.authenticate.multifactor")


def _user(store: Store, row: Row) -> User:
    zone = row["time_zone"] or store.setting("glide.sys.default.tz")
    return User(
        row["sys_id"],
        row["user_name"],
        row["name"],
        roles_of(store, row["sys_id"]),
        ZoneInfo(zone or "UTC"),
    )


def roles_of(store: Store, user_id: str) -> frozenset[str]:
    """Return the names of the roles a user has."""
    rows = store.execute(
        "SELECT r.name FROM sys_user_has_role h "
        "JOIN sys_user_role r ON r.sys_id = h.role WHERE h.user = ?",
        [user_id],
    )
    return frozenset(row["name"] for row in rows)


def by_password(store: Store, user_name: str, password: str) -> Row | None:
    """Return the account if the password is right and the account may act."""
    row = store.first("sys_user", user_name=user_name)
    if row is None or not _is_right(password, row["user_password"]):
        return None
    return row if may_act(row) else None


def hashed(password: str) -> str:
    """Return what is stored for a password."""
    salt = secrets.token_hex(8)
    return f"pbkdf2${salt}${_digest(password, salt)}"


def _is_right(password: str, stored: str) -> bool:
    # A password written through the Table API is kept as it came and never works.
    kind, _, rest = stored.partition("$")
    salt, _, digest = rest.partition("$")
    return kind == "pbkdf2" and compare_digest(_digest(password, salt), digest)


@lru_cache(maxsize=64)
def _digest(password: str, salt: str) -> str:
    raw = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ROUNDS)
    return raw.hex()


def add_role(store: Store, user_id: str, role: str) -> None:
    """Give a user a role, which is made if the instance does not know it."""
    table = TABLES["sys_user_role"]
    row = store.first("sys_user_role", name=role) or store.insert(table, {"name": role})
    grant = {"user": user_id, "role": row["sys_id"], "state": "active"}
    store.insert(TABLES["sys_user_has_role"], grant)


def set_roles(store: Store, user_id: str, roles: Iterable[str]) -> None:
    """Give a user exactly these roles."""
    store.execute("DELETE FROM sys_user_has_role WHERE user = ?", [user_id])
    for role in roles:
        if role:
            add_role(store, user_id, role)
