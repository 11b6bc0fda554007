"""User name and password as an instance takes them with each request."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Basic:
    """The credentials of a user who is not known by a token."""

    user_name: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        return f"Basic {self._encoded}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Both spellings in which the password must not come back."""
        return self.password, self._encoded

    @property
    def _encoded(self) -> str:
        pair = f"{self.user_name}:{self.password}"
        return base64.b64encode(pair.encode()).decode()
