"""What the connector API refuses with: one exception, filled from the registry of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickets.support.api.error_texts import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tickets.support.api.error_texts import Problem


class _Facts(dict[str, Any]):
    """What fills the texts; a refusal must not fail for the want of a word."""

    def __missing__(self, name: str) -> str:
        return "-"


class ApiError(Exception):
    """The call is refused; `code` is one of PROBLEMS, `facts` fill its texts.

    `fields` names what is wrong by member. `words` go into the log of calls alone: what
    an administrator may know and a stranger should not. `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        *,
        fields: Mapping[str, str] | None = None,
        words: str = "",
        retry_after: int | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.problem: Problem = PROBLEMS[code]
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        self.facts = _Facts(facts)
        self._words = words

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def words(self) -> str:
        """What the log of calls keeps."""
        named = [f"{name}: {text}" for name, text in self.fields.items()]
        return self._words or "; ".join(named) or str(self.problem.cause) % self.facts

    def body(self, request_id: str) -> dict[str, Any]:
        """Return what is sent; `request_id` is the one of the answer's header."""
        problem = self.problem
        error: dict[str, Any] = {
            "code": self.code,
            "message": str(problem.message) % self.facts,
            "cause": str(problem.cause) % self.facts,
            "repair": str(problem.repair) % self.facts,
            "situations": list(problem.situations),
            "request_id": request_id,
        }
        if self.fields:
            error["fields"] = self.fields
        return {"error": error}
