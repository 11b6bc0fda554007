"""Hold the control profiles of the tenant and the states written to them."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

Json = dict[str, Any]

TENANT_ID = "5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab"
STATES = ("Default", "Ignored", "ThirdParty", "Reviewed")
VENDOR: Json = {
    "provider": "SecureScore",
    "providerVersion": None,
    "subProvider": None,
    "vendor": "Microsoft",
}
CONTROLS: dict[str, Json] = {
    row["id"]: row
    for row in json.loads(
        (Path(__file__).parent / "data" / "controls.json").read_text(encoding="utf-8")
    )
}
# These travel with the daily score, or only drive the invented history.
NOT_IN_PROFILE = {"description", "status", "added"}
# What each profile of the crowd is worth.
CROWD_POINTS = 9.0
UNTOUCHED: Json = {
    "assignedTo": None,
    "comment": None,
    "state": "Default",
    "updatedBy": None,
    "updatedDateTime": None,
}

_updates: defaultdict[str, list[Json]] = defaultdict(list)
_lock = Lock()


def profiles() -> list[Json]:
    """Return every profile, in the order of the data file."""
    return [profile(control_id) for control_id in CONTROLS]


def profile(control_id: str) -> Json:
    """Return one profile with its state history."""
    control = CONTROLS[control_id]
    known = {key: control[key] for key in control if key not in NOT_IN_PROFILE}
    return {
        **known,
        "azureTenantId": TENANT_ID,
        "lastModifiedDateTime": None,
        "vendorInformation": VENDOR,
        "complianceInformation": [],
        "controlStateUpdates": list(_updates.get(control_id, [])) or [UNTOUCHED],
    }


def crowd(count: int) -> list[Json]:
    """Return so many further profiles of devices, as large tenants have them."""
    return [
        {
            **profile(next(iter(CONTROLS))),
            "id": f"scid_{90000 + number}",
            "title": f"Set the security recommendation {90000 + number}",
            "controlCategory": "Device",
            "service": "MDATP",
            "maxScore": CROWD_POINTS,
            # The real data mixes words and cases here.
            "userImpact": ("Low", "moderate", "Medium", "HIGH", None)[number % 5],
        }
        for number in range(max(count, 0))
    ]


def update(control_id: str, change: Json) -> None:
    """Add a row to the state history; what the change leaves out stays as it was."""
    with _lock:
        history = _updates[control_id]
        last = history[-1] if history else UNTOUCHED
        kept = {key: change.get(key, last[key]) for key in ("assignedTo", "comment")}
        row = {
            **kept,
            "state": change.get("state", last["state"]),
            "updatedBy": "app@tenant.example",
            "updatedDateTime": _now(),
        }
        history.append(row)


def forget_updates() -> None:
    """Return every profile to its first state."""
    with _lock:
        _updates.clear()


def _now() -> str:
    # Seven fractional digits, as the real service writes them.
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
