"""The directory of Microsoft Entra ID: its applications, its keys, what it is told to do."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector.sandbox import entra_keys
from connector.sandbox.entra_keys import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.store import Store

NAME = "Contoso"
VARIABLE = "SANDBOX_ENTRA_APPLICATIONS"
# There without a word in the environment, with secrets of their own.
_USUAL = {
    "outbound": "7595e20f-39a8-4fcb-b865-f64d6663fc5f",
    "inbound": "fc0f7f19-55a1-4d0e-9a0c-2f3a6b7c8d91",
    "rest-user": "45866b8c-f689-406a-982e-fe42e50869bb",
}
_APPLICATIONS, _KEYS = "entra:applications", "entra:keys"
_LIFETIME = 3599


class WrongOrder(ValueError):
    """What the directory was told cannot be done."""


@dataclass(frozen=True)
class Application:
    """One app registration; tokens that are meant for it have its token version."""

    client_id: str
    secret: str
    name: str = ""
    token_version: int = 1
    has_expired: bool = False


@dataclass
class Directory:
    """Kept in the store: applications and keys. For as long as it runs: the rest."""

    store: Store
    lifetime: int = _LIFETIME
    # Laid over the claims of every token; None takes a claim out.
    claims: dict[str, Any] = field(default_factory=dict)
    # The next requests are refused with these statuses.
    refusals: list[int] = field(default_factory=list)
    clock: Callable[[], float] = time.time

    def reset(self) -> None:
        """Forget every order."""
        self.lifetime, self.claims = _LIFETIME, {}
        self.refusals.clear()

    def applications(self) -> dict[str, Application]:
        """Return the registrations by client ID."""
        with self.store.lock:
            kept = self._kept()
            if not kept and not os.environ.get(VARIABLE):
                kept = self._keep(usual())
        return from_text(os.environ.get(VARIABLE, "")) | kept

    def register(self, *applications: Application) -> None:
        """Add applications, or change those with the same client ID."""
        named = {one.client_id.lower(): one for one in applications}
        with self.store.lock:
            self._keep(self._kept() | named)

    def _kept(self) -> dict[str, Application]:
        kept = json.loads(self.store.note(_APPLICATIONS) or "{}")
        return {key: Application(**values) for key, values in kept.items()}

    def _keep(self, found: dict[str, Application]) -> dict[str, Application]:
        kept = {key: asdict(one) for key, one in found.items()}
        self.store.keep_note(_APPLICATIONS, json.dumps(kept))
        return found

    def published(self) -> list[Key]:
        """Return the keys of now; the last one signs."""
        with self.store.lock:
            kept = json.loads(self.store.note(_KEYS) or "[]")
            if kept:
                return [Key.from_json(one) for one in kept]
            return self._publish([entra_keys.new()])

    def roll_over(self, *, forget: bool = False) -> Key:
        """Sign with a new key from now on; the old ones stay published unless forgotten."""
        made = entra_keys.new()
        self._publish([made] if forget else [*self.published()[-1:], made])
        return made

    def _publish(self, keys: list[Key]) -> list[Key]:
        self.store.keep_note(_KEYS, json.dumps([key.as_json() for key in keys]))
        return keys

    def obey(self, orders: Mapping[str, Any]) -> None:
        """Do what is asked for; raises WrongOrder, and then nothing is done."""
        doers: dict[str, Callable[[Any], None]] = {
            "applications": self._register_all,
            "rollover": lambda how: self._roll_over(str(how)),
            "lifetime": lambda value: setattr(self, "lifetime", int(value)),
            "claims": lambda value: setattr(self, "claims", dict(value)),
            "refuse": lambda value: setattr(self, "refusals", _statuses(value)),
        }
        unknown = set(orders) - set(doers)
        if unknown:
            raise WrongOrder(f"unknown: {sorted(unknown)}")
        try:
            for name, value in orders.items():
                doers[name](value)
        except (TypeError, ValueError) as error:
            raise WrongOrder(str(error)) from error

    def _register_all(self, wishes: list[dict[str, Any]]) -> None:
        known = self.applications()
        changed = []
        for wish in wishes:
            old = known.get(str(wish.get("client_id", "")).lower())
            changed.append(replace(old, **wish) if old else Application(**wish))
        self.register(*changed)

    def _roll_over(self, how: str) -> None:
        if how not in {"keep", "forget"}:
            raise WrongOrder('rollover is "keep" or "forget" the old key')
        self.roll_over(forget=how == "forget")


def from_text(text: str) -> dict[str, Application]:
    """Read applications as NAME:CLIENT_ID=SECRET, with commas or spaces between them."""
    found = {}
    for word in text.replace(",", " ").split():
        named, sign, secret = word.partition("=")
        name, _, client_id = named.rpartition(":")
        if not (sign and client_id and secret):
            raise WrongOrder(f"{named} is not NAME:CLIENT_ID=SECRET")
        found[client_id.lower()] = Application(client_id, secret, name)
    return found


def usual() -> dict[str, Application]:
    """Return the three applications of the guides, with new secrets."""
    return {
        client_id: Application(client_id, secrets.token_urlsafe(30), name)
        for name, client_id in _USUAL.items()
    }


def _statuses(given: Any) -> list[int]:
    statuses = [int(one) for one in given]
    if any(not 400 <= one <= 599 for one in statuses):
        raise WrongOrder("refuse is a list of statuses from 400 to 599")
    return statuses
