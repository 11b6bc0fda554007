"""System properties of the instance, as far as the integration user may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.exceptions import Misconfigured, Refused, Unauthorized
from connector.servicenow.query import Query

if TYPE_CHECKING:
    from connector.probes.examination import Examination

CLIENT_CREDENTIALS = "glide.oauth.inbound.client.credential.grant_type.enabled"
WAR, BUILD = "glide.war", "glide.buildname"
_NAMES = (CLIENT_CREDENTIALS, WAR, BUILD)


def settings(e: Examination) -> dict[str, str]:
    """Return the properties that show; raises ConnectorError."""
    page = e.rows("sys_properties", Query().is_in("name", _NAMES), ("name", "value"))
    found = {row.value("name"): row.value("value") for row in page.records}
    # A condition that is ignored returns all of them.
    return {name: found[name] for name in _NAMES if name in found}


def setting(e: Examination, name: str) -> str:
    """Return one property, "" when it does not show."""
    try:
        return settings(e).get(name, "")
    except (Refused, Misconfigured, Unauthorized):
        return ""
