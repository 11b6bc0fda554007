"""Invent the daily scores of the tenant: the same day always gives the same numbers."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from connector.sandbox.controls import CONTROLS, CROWD_POINTS, TENANT_ID, VENDOR

Json = dict[str, Any]

DAYS_KEPT = 90
LICENSED_USERS = 2412
SERVICES = ["HasExchange", "HasSharePoint", "HasInTune", "HasOCAS", "HasMDOP1"]
# The work on the score began then; it is quick at first and levels off.
ROLLOUT = date(2026, 8, 13)
PACE_IN_DAYS = 60
# Scored in the tenant although no profile of this name is listed any more.
WITHOUT_PROFILE = ("meeting_pstnusersbypasslobby_v1", "spo_legacy_auth")
AVERAGES = {"AllTenants": 0.446, "TotalSeats": 0.413, "IndustryTypes": 0.472}
CATEGORIES = ("apps", "data", "device", "identity", "infrastructure")


def today() -> date:
    """Return the newest day that has a score, in UTC."""
    return datetime.now(UTC).date()


def scores() -> list[Json]:
    """Return the kept days, newest first."""
    newest = today()
    return [score(newest - timedelta(days=age)) for age in range(DAYS_KEPT)]


@lru_cache(maxsize=4 * DAYS_KEPT)
def score(day: date) -> Json:
    """Return the score of one day; the result is shared and must not be changed."""
    controls = [c for c in CONTROLS.values() if _is_scored(c, day)]
    rows = [_control_score(control, day) for control in controls]
    rows += [_orphan_score(name, day) for name in WITHOUT_PROFILE]
    return {
        "id": f"{TENANT_ID}_{day}",
        "azureTenantId": TENANT_ID,
        "activeUserCount": 2180 + _noise("active", day.toordinal()) % 60,
        "createdDateTime": f"{day}T00:00:00Z",
        "currentScore": round(sum(row["score"] for row in rows), 2),
        "enabledServices": SERVICES,
        "licensedUserCount": LICENSED_USERS,
        "maxScore": sum(control["maxScore"] for control in controls),
        "vendorInformation": VENDOR,
        "averageComparativeScores": _averages(controls, day),
        "controlScores": rows,
    }


def with_crowd(row: Json, count: int) -> Json:
    """Return a day on which so many further controls are scored as well."""
    day = date.fromisoformat(row["createdDateTime"][:10])
    crowd = [_crowd_score(number, day) for number in range(count)]
    points = row["currentScore"] + sum(control["score"] for control in crowd)
    return {
        **row,
        "currentScore": round(points, 2),
        "maxScore": row["maxScore"] + count * CROWD_POINTS,
        "controlScores": row["controlScores"] + crowd,
    }


def _crowd_score(number: int, day: date) -> Json:
    # One in ten moves in a week.
    week = day.toordinal() // 7 if number % 10 == 0 else 0
    share = _noise("crowd", number, week) % 101
    return {
        "controlCategory": "Device",
        "controlName": f"scid_{90000 + number}",
        "description": "<p>Devices follow the recommendation.</p>",
        "score": round(CROWD_POINTS * share / 100, 2),
        "lastSynced": _last_synced(f"scid_{number}", day),
        "implementationStatus": f"{share} of 100 devices follow it.",
        "scoreInPercentage": float(share),
        "count": str(share),
        "total": "100",
    }


def progress(day: date) -> float:
    """Return how much of the planned work was done on that day, from 0 to 1."""
    return 1 - math.exp(-max((day - ROLLOUT).days, 0) / PACE_IN_DAYS)


def _is_scored(control: Json, day: date) -> bool:
    return "status" in control and control.get("added", "") <= day.isoformat()


def _control_score(control: Json, day: date) -> Json:
    status = control["status"]
    measured = _share(control, day) if "total" in status else _switch(control, day)
    achieved = measured.pop("achieved")
    return {
        "controlCategory": control["controlCategory"],
        "controlName": control["id"],
        "description": f"<p>{control['description']}</p>",
        "score": round(control["maxScore"] * achieved, 2),
        "lastSynced": _last_synced(control["id"], day),
        "scoreInPercentage": round(100 * achieved, 2),
        **measured,
    }


def _share(control: Json, day: date) -> Json:
    status = control["status"]
    total, first, last = status["total"], status["from"], status["to"]
    wobble = (_noise(control["id"], day.toordinal() // 7) % 7 - 3) / 200
    share = first + (last - first) * progress(day) + wobble
    done = round(total * min(max(share, 0), 1))
    return {
        "achieved": done / total,
        "implementationStatus": status["says"].format(open=total - done, total=total),
        # The real service writes these two as strings.
        "count": str(done),
        "total": str(total),
    }


def _switch(control: Json, day: date) -> Json:
    status = control["status"]
    planned = status["switch"] is not None and progress(day) >= status["switch"]
    is_on = planned and not _is_regressed(control["id"], day)
    return {
        "achieved": float(is_on),
        "implementationStatus": status["on" if is_on else "off"],
        "on": "true" if is_on else "false",
    }


def _is_regressed(control_id: str, day: date) -> bool:
    # Now and then somebody turns a setting off for ten days.
    period = (day.toordinal() + _noise(control_id)) // 10
    return _noise(control_id, period) % 40 == 0


def _last_synced(control_id: str, day: date) -> str:
    noise = _noise("synced", control_id, day.toordinal())
    synced = day - timedelta(days=1 + (noise % 4 == 0) * (noise % 5))
    return f"{synced}T{noise % 24:02}:{noise % 60:02}:{noise % 59:02}Z"


def _orphan_score(name: str, day: date) -> Json:
    return {
        "controlCategory": "Apps",
        "controlName": name,
        "description": "",
        "score": 0.0,
        "lastSynced": _last_synced(name, day),
        "scoreInPercentage": 0.0,
    }


def _averages(controls: list[Json], day: date) -> list[Json]:
    # Nothing is scored as infrastructure any more, but its figures are still sent.
    most = dict.fromkeys(CATEGORIES, 0.0)
    for control in controls:
        most[control["controlCategory"].lower()] += control["maxScore"]
    return [_average(basis, most, day) for basis in AVERAGES]


def _average(basis: str, most: dict[str, float], day: date) -> Json:
    share = AVERAGES[basis] + progress(day) / 50
    row: Json = {"basis": basis, "averageScore": round(100 * share, 2)}
    for category, points in most.items():
        row[f"{category}Score"] = round(points * share, 2)
        row[f"{category}ScoreMax"] = points
    if basis == "TotalSeats":
        row |= {"SeatSizeRangeLowerValue": "1001", "SeatSizeRangeUpperValue": "5000"}
    return row


def _noise(*parts: str | int) -> int:
    return crc32(":".join(map(str, parts)).encode())
