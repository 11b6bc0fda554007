"""The home page, the audit trail and the organisation switch."""

from __future__ import annotations
