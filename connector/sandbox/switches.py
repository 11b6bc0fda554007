"""What may be turned on an instance beside its rows: rate rule, single sign-on."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

_RULE_ID = "9a1d2b6dd4b3321165c2fa7d8651bf22"
_HOUR = 3600


@dataclass
class Switches:
    """Everything off.

    `rate_limit` is the number of requests an hour that every answer of the REST
    interface names, without counting; `single_sign_on` is the address of the identity
    provider that people are sent to.
    """

    rate_limit: int = 0
    single_sign_on: str = ""

    def set(self, given: Mapping[str, Any]) -> None:
        """Set all switches, those that are not named to off; raises ValueError."""
        kinds = {one.name: type(getattr(Switches(), one.name)) for one in fields(self)}
        for name, value in given.items():
            if type(value) is not kinds.get(name):
                message = f"unknown switch or value: {name}"
                raise ValueError(message)
        for name, value in (asdict(Switches()) | dict(given)).items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def name_rate(self, response: Response) -> Response:
        """Add the headers of the rate rule, if one is in force."""
        if self.rate_limit:
            hour = (int(time.time()) // _HOUR + 1) * _HOUR
            response.headers.setdefault("X-RateLimit-Limit", str(self.rate_limit))
            response.headers.setdefault("X-RateLimit-Reset", str(hour))
            response.headers.setdefault("X-RateLimit-Rule", _RULE_ID)
        return response

    def elsewhere(self, request: Request) -> Response:
        """Send a browser to the identity provider."""
        query = urlencode({"SAMLRequest": "x", "RelayState": request.path})
        return Response(
            status=302, headers={"Location": f"{self.single_sign_on}?{query}"}
        )
