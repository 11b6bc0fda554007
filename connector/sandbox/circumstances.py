"""What goes wrong without an error: the clock, rows that change, go, or do not show."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox import people, query, removal, shorthand
from connector.sandbox.answers import Refusal
from connector.sandbox.functions import Session
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.acl import Restrictions
    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row, Store

ACTS = ("touch", "delete", "hide", "show")
_AUTHOR = "admin"


class WrongAct(ValueError):
    """Something that cannot be done to rows, or to the clock."""


@dataclass(frozen=True)
class Clock:
    """A clock that is `skew` seconds wrong and moves on every `grain` seconds only."""

    skew: float = 0.0
    grain: float = 0.0

    def __call__(self) -> float:
        now = time.time() + self.skew
        return now - now % self.grain if self.grain else now


@dataclass(frozen=True)
class Act:
    """What to do to rows of a table: at most `count` of those that fit a query.

    touch changes them all within one second, hide and show are about everybody but
    admins, delete leaves the trace a person's deleting leaves.
    """

    kind: str
    table: str = "incident"
    query: str = ""
    count: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ACTS or self.table not in TABLES or self.count < 0:
            raise WrongAct(f"unknown act or table: {self.kind} {self.table}")


def clock_of(store: Store) -> Clock:
    """Return how the instance's clock goes."""
    return store.clock if isinstance(store.clock, Clock) else Clock()


def set_clock(store: Store, given: Mapping[str, Any]) -> Clock:
    """Set the clock; raises WrongAct."""
    try:
        skew, grain = float(given.get("skew") or 0), float(given.get("grain") or 0)
    except (TypeError, ValueError) as error:
        raise WrongAct(str(error)) from error
    if not (abs(skew) < 1e9 and 0 <= grain < 1e9):
        raise WrongAct("skew and grain are numbers of seconds")
    clock = Clock(skew, grain)
    store.clock = clock if skew or grain else time.time
    return clock


def parse(text: str) -> list[Act]:
    """Read acts as "hide:table=incident,count=3;delete:query=active=false"."""
    return [from_mapping(given) for given in shorthand.read(text)]


def from_mapping(given: Mapping[str, Any]) -> Act:
    """Make an act of texts or numbers by name; raises WrongAct."""
    try:
        options = {name: str(value) for name, value in given.items()}
        count = int(options.pop("count", "") or 1)
        return Act(**options, count=count)
    except (TypeError, ValueError) as error:
        raise WrongAct(str(error)) from error


def carry_out(store: Store, restrictions: Restrictions, act: Act) -> int:
    """Do it and return to how many rows."""
    table = TABLES[act.table]
    user = _author(store)
    if act.kind == "show":
        rows = _some(store, act, table, user, hidden=restrictions.rows)
        restrictions.rows.difference_update(row["sys_id"] for row in rows)
        return len(rows)
    rows = _some(store, act, table, user)
    if act.kind == "hide":
        restrictions.rows.update(row["sys_id"] for row in rows)
        return len(rows)
    _change(store, act, table, rows, user)
    return len(rows)


def _change(store: Store, act: Act, table: Table, rows: list[Row], user: User) -> None:
    """Touch or delete rows, all or none."""
    now = store.now()
    try:
        with store.transaction():
            for row in rows:
                if act.kind == "delete":
                    removal.delete(store, table, row, user)
                else:
                    _touch(store, table, row, now)
    except Refusal as refusal:
        raise WrongAct(refusal.detail or refusal.message) from refusal


def _author(store: Store) -> User:
    row = store.first("sys_user", user_name=_AUTHOR)
    user = people.load(store, row["sys_id"]) if row else None
    if user is None:
        raise WrongAct(f"the user {_AUTHOR} is not there")
    return user


def _some(
    store: Store, act: Act, table: Table, user: User, hidden: set[str] | None = None
) -> list[Row]:
    session = Session(user.sys_id, user.user_name, store.clock(), user.time_zone)
    sql = query.compile_query(query.parse(act.query, table), table, session)
    order = ", ".join(filter(None, [sql.order, "rowid"]))
    text = f'SELECT * FROM "{table.storage}" WHERE {sql.where} ORDER BY {order}'  # noqa: S608
    rows = map(dict, store.execute(text, sql.values))
    fitting = [row for row in rows if hidden is None or row["sys_id"] in hidden]
    return fitting[: act.count]


def _touch(store: Store, table: Table, row: Row, now: str) -> None:
    count = str(int(row["sys_mod_count"] or 0) + 1)
    changes = {"sys_updated_on": now, "sys_updated_by": _AUTHOR, "sys_mod_count": count}
    store.update(table, row["sys_id"], changes)
