"""Which service of Microsoft 365 a name means, and how people call it in tickets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """A service: parts of Microsoft's names for it, and what people say."""

    id: str
    names: tuple[str, ...]
    words: tuple[str, ...]


# The first that fits counts, so the more special come first.
FAMILIES = (
    Family(
        "defender-office",
        ("defender for office",),
        ("defender for office", "safe links", "phishing", "quarantine"),
    ),
    Family(
        "defender-endpoint",
        ("defender for endpoint",),
        ("defender for endpoint", "endpoint protection"),
    ),
    Family("defender-identity", ("defender for identity",), ("defender for identity",)),
    Family(
        "defender-cloud-apps",
        ("defender for cloud apps", "cloud app security"),
        ("defender for cloud apps", "cloud app security"),
    ),
    Family("defender", ("defender",), ("defender",)),
    Family(
        "exchange",
        ("exchange",),
        ("exchange", "outlook", "mailbox", "e-mail", "email", "mail"),
    ),
    Family(
        "entra",
        ("entra", "azure active directory", "azure ad", "identity service"),
        ("entra", "azure ad", "sign-in", "sign in", "login", "MFA"),
    ),
    Family("teams", ("microsoft teams", "skype"), ("teams",)),
    Family("onedrive", ("onedrive",), ("onedrive",)),
    Family("sharepoint", ("sharepoint",), ("sharepoint",)),
    Family("intune", ("intune",), ("intune", "company portal")),
    Family("purview", ("purview", "compliance"), ("purview", "sensitivity label")),
    Family("power-bi", ("power bi",), ("power bi",)),
    Family("power-platform", ("power apps", "power automate", "power platform"), ()),
    Family("planner", ("planner",), ("planner",)),
    Family("viva", ("viva", "yammer"), ("viva", "yammer")),
)


def family_of(name: str) -> Family:
    """Return the service a name means; one nobody knows is a family of its own."""
    plain = " ".join(name.lower().split())
    for family in FAMILIES:
        if any(part in plain for part in family.names):
            return family
    return Family(plain, (plain,), ())


def words_for(service: str) -> tuple[str, ...]:
    """Return the terms that say in a ticket that it is about the service."""
    family = family_of(service)
    named = " ".join(service.split())
    return tuple(dict.fromkeys([*filter(None, [named]), *family.words]))


def are_same(one: str, other: str) -> bool:
    """Say whether two names mean the same service."""
    return family_of(one).id == family_of(other).id
