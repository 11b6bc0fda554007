"""Who appears in the demonstration, in the portal and in the sandbox."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

TENANT_NAME = "Contoso Electronics"
TENANT_SLUG = "contoso-electronics"

# No 0, 1, i, l or o: a password that is read aloud or typed off a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Person:
    """A sign-in, the environment variable of its password, and what it is for."""

    username: str
    password_name: str
    part: str

    @property
    def email(self) -> str:
        """The person's address; of those who administer it is also the admin account."""
        return f"{self.username}@contoso.example"


# Whose address is linked as a Microsoft 365 admin account: they can open service requests.
ADMINS = ("security.admin", "support.admin")

# The part of a person of the portal is the role of that name in portal.roles.
PEOPLE = (
    Person("security.admin", "DEMO_ADMIN_PASSWORD", "Security Administrator"),
    Person("security.operator", "DEMO_OPERATOR_PASSWORD", "Security Operator"),
    Person("security.reader", "DEMO_READER_PASSWORD", "Security Reader"),
    Person("helpdesk.admin", "DEMO_HELPDESK_PASSWORD", "Helpdesk Administrator"),
    Person("support.admin", "DEMO_SUPPORT_PASSWORD", "Service Support Administrator"),
)
SANDBOX_PEOPLE = (
    Person("admin", "SANDBOX_ADMIN_PASSWORD", "administrator of the instance"),
    Person("it.agent", "SANDBOX_AGENT_PASSWORD", "works on the tickets"),
    Person(
        "m365.integration",
        "SANDBOX_INTEGRATION_PASSWORD",
        "integration user, made by the Installation checklist",
    ),
)


def new_password() -> str:
    """Return a password of 79 bits that is easy to type."""
    groups = (_group(), _group(), _group(), _group())
    return "-".join(groups)


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(4))
