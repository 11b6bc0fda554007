"""The inbound half of the log of connector calls."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError

from connector import audit
from tickets.support.api import parsing
from tickets.support.call_log import LONGEST_WORDS, storable
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tickets.support.api.errors import ApiError
    from tickets.support.models import Repository

logger = logging.getLogger(__name__)


@dataclass
class Entry:
    """What becomes one row; filled while the call is answered.

    Without its token, its query and its body: those are nobody's to read.
    """

    request: HttpRequest
    operation: str
    repository: Repository | None = None
    user_name: str = ""
    # Of a token whose signature was right.
    app_id: str = ""
    is_written: bool = True
    started: float = field(default_factory=time.monotonic)

    def write(self, status: int, problem: ApiError | None = None) -> None:
        """Write the row; the call is answered even if that fails."""
        if not self.is_written:
            return
        try:
            self._create(status, problem)
        except DatabaseError:
            logger.exception("call of %s not logged", self.operation)

    def _create(self, status: int, problem: ApiError | None) -> None:
        ConnectorCall.objects.create(
            tenant=self.repository.tenant if self.repository else None,
            repository=self.repository,
            direction=ConnectorCall.Direction.INBOUND,
            purpose=self.operation,
            method=(self.request.method or "")[:10],
            address=storable(self.request.path, 500),
            status=status,
            code=problem.code if problem else "",
            words=storable(problem.words, LONGEST_WORDS) if problem else "",
            request_id=audit.request_id(),
            milliseconds=round(1000 * (time.monotonic() - self.started)),
            user_name=storable(self.user_name, 100),
            app_id=storable(self.app_id, 100),
            occasion=parsing.occasion(self.request),
            ip_address=self.request.META.get("REMOTE_ADDR") or None,
        )
