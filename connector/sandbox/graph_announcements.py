"""Play service health and the message center of the tenant; a story that can go on."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

HEALTH = ("ServiceHealth.Read.All",)
MESSAGES = ("ServiceMessage.Read.All",)
SETTINGS = ("degrade", "post", "resolve", "announce")
# Microsoft's own pages have 100 unless a client wishes otherwise.
PAGE_SIZE, LARGEST_PAGE = 100, 1000
_WISHED = re.compile(r"odata\.maxpagesize=(\d{1,6})")

SERVICES = {
    "Exchange": "Exchange Online",
    "OrgLiveID": "Identity Service",
    "Microsoft365Defender": "Microsoft Defender XDR",
    "Intune": "Microsoft Intune",
    "OSDPPlatform": "Microsoft 365 suite",
    "microsoftteams": "Microsoft Teams",
    "OneDriveForBusiness": "OneDrive for Business",
    "SharePoint": "SharePoint Online",
}
_PREFIXES = {
    "Exchange Online": "EX",
    "Identity Service": "MI",
    "Microsoft Teams": "TM",
    "Microsoft Intune": "IT",
    "SharePoint Online": "SP",
}


# The story is of this week: started again, the sandbox tells the same one. A week later
# it is another one, with keys of its own.
_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
MONDAY = _TODAY - timedelta(days=_TODAY.weekday())
_WEEK = MONDAY.toordinal() // 7 % 10_000
MAIL, PRESENCE, SIGN_IN = f"EX{_WEEK:04}417", f"TM{_WEEK:04}102", f"MI{_WEEK:04}830"


@dataclass
class Announcements:
    """What is told now."""

    issues: list[Json] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)
    numbers: int = 99_310_000


here = Announcements()


def reset() -> None:
    """Tell the story from its beginning, as of now."""
    here.__dict__.update(vars(Announcements()))
    here.issues = [_mail_delay(), _missing_presence(), _old_sign_in()]
    here.messages = _messages()


def rows(collection: str) -> list[Json]:
    """Return a collection, the newest first."""
    if collection == "healthOverviews":
        return [_overview(key) for key in SERVICES]
    found = here.issues if collection == "issues" else here.messages
    newest = sorted(found, key=lambda row: row["lastModifiedDateTime"], reverse=True)
    return deepcopy(newest)


def page_size(prefer: str) -> int:
    """Return how many rows a page has, by the wish of a Prefer header."""
    wish = _WISHED.search(prefer)
    return min(max(int(wish[1]), 1), LARGEST_PAGE) if wish else PAGE_SIZE


def change(wish: Json) -> Json:
    """Let the story go on; raises ValueError with the reason for what cannot be."""
    if "degrade" in wish:
        return {"issue": _degrade(wish)}
    if "announce" in wish:
        return {"message": _announce(str(wish["announce"]))}
    issue = _issue(wish.get("post", wish.get("resolve")))
    if "post" in wish:
        _add_post(issue, str(wish.get("text", "Work on the problem goes on.")))
    else:
        _resolve(issue, str(wish.get("text", "The problem has ended.")))
    return {"issue": issue["id"]}


def _degrade(wish: Json) -> str:
    service = wish["degrade"]
    if service not in SERVICES.values():
        raise ValueError(f"degrade must be one of {', '.join(SERVICES.values())}.")
    here.numbers += 1
    issue = _made(
        f"{_PREFIXES.get(service, 'MO')}{here.numbers}",
        service,
        str(wish.get("title", f"Some users cannot work with {service}")),
        now=datetime.now(UTC),
        feature=str(wish.get("feature", "Access")),
        posts=[(0, str(wish.get("text", "Reports of a problem are looked into.")))],
    )
    here.issues.append(issue)
    return str(issue["id"])


def _announce(title: str) -> str:
    here.numbers += 1
    age = (MONDAY - datetime.now(UTC)) / timedelta(hours=1)
    message = _message(f"MC{here.numbers}", title, age, services=["Microsoft Teams"])
    here.messages.append(message)
    return str(message["id"])


def _issue(key: object) -> Json:
    for issue in here.issues:
        if issue["id"] == key:
            return issue
    known = ", ".join(issue["id"] for issue in here.issues)
    raise ValueError(f"There is no issue '{key}'; there are {known}.")


def _add_post(issue: Json, text: str) -> None:
    now = datetime.now(UTC)
    issue["posts"].append(_post(now, text))
    issue["lastModifiedDateTime"] = _written(now)


def _resolve(issue: Json, text: str) -> None:
    _add_post(issue, text)
    issue["status"], issue["isResolved"] = "serviceRestored", True
    issue["endDateTime"] = issue["lastModifiedDateTime"]


def _overview(key: str) -> Json:
    service = SERVICES[key]
    mine = [i for i in here.issues if i["service"] == service and not i["isResolved"]]
    # The incident decides; an advisory alone shows as well.
    mine.sort(key=lambda issue: issue["classification"].lower() != "incident")
    status = mine[0]["status"] if mine else "serviceOperational"
    return {"service": service, "status": status, "id": key}


def _made(
    key: str,
    service: str,
    title: str,
    *,
    feature: str,
    posts: list[tuple[float, str]],
    now: datetime = MONDAY,
) -> Json:
    times = [now - timedelta(hours=hours) for hours, _text in posts]
    return {
        "startDateTime": _written(times[0] - timedelta(minutes=25)),
        "endDateTime": None,
        "lastModifiedDateTime": _written(times[-1]),
        "title": title,
        "id": key,
        "impactDescription": f"{title}. Not everybody in the organization is affected.",
        "classification": "incident",
        "origin": "microsoft",
        "status": "serviceDegradation",
        "service": service,
        "feature": feature,
        "featureGroup": feature,
        "isResolved": False,
        "highImpact": None,
        "details": [{"name": "NotifyInApp", "value": "True"}],
        "posts": [
            _post(at, text) for at, (_hours, text) in zip(times, posts, strict=True)
        ],
    }


def _post(at: datetime, text: str) -> Json:
    return {
        "createdDateTime": _written(at),
        "postType": "regular",
        "description": {"contentType": "html", "content": f"<p>{text}</p>"},
    }


def _written(at: datetime) -> str:
    # Seven digits, as the real service writes them.
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z"


def _mail_delay() -> Json:
    return _made(
        MAIL,
        "Exchange Online",
        "Mail from outside the organization reaches mailboxes late",
        feature="E-mail timely delivery",
        posts=[
            (
                7,
                "<b>User impact:</b> mail from outside arrives up to two hours late."
                "<br>Queues of the servers that take mail in are being examined.",
            ),
            (
                4,
                "<b>Current status:</b> a change of a filter rule makes each message "
                "slow to scan. It is being taken back.<br>"
                '<a href="https://status.cloud.microsoft">Status page</a>',
            ),
            (
                1,
                "<b>Current status:</b> two thirds of the servers work as they should."
                "<ul><li>New mail is on time.</li><li>Queues still drain.</li></ul>"
                "<b>Next update by:</b> the end of the day.",
            ),
        ],
    )


def _missing_presence() -> Json:
    row = _made(
        PRESENCE,
        "Microsoft Teams",
        "Presence of some people in Teams stays at Away",
        feature="Instant Messaging and Presence",
        posts=[(20, "Presence is set again only after a restart of the client.")],
    )
    # Some rows are spelled as the documentation prints them.
    return row | {"classification": "Advisory", "status": "InvestigationSuspended"}


def _old_sign_in() -> Json:
    row = _made(
        SIGN_IN,
        "Identity Service",
        "Sign-in with multifactor authentication asked twice",
        feature="Sign-In",
        posts=[
            (80, "People are asked for a second factor two times in a row."),
            (74, "The cause was a cache of sessions; it was emptied."),
        ],
    )
    ended = {"endDateTime": row["lastModifiedDateTime"], "isResolved": True}
    return row | {"status": "ServiceRestored"} | ended


def _messages() -> list[Json]:
    return [
        _message(
            "MC1201877",
            "Basic authentication for sending mail ends",
            30,
            services=["Exchange Online"],
            category="planForChange",
            severity="high",
            isMajorChange=True,
            tags=["Admin impact", "User impact", "Retirement"],
            act_in=45,
        ),
        _message(
            "MC1203310",
            "Meeting notes can be shared by link",
            70,
            services=["Microsoft Teams"],
            tags=["New feature", "User impact"],
        ),
        _message(
            "MC1204525",
            "Check which applications still use the retired Graph library",
            120,
            services=["Microsoft Entra", "Microsoft 365 suite"],
            category="preventOrFixIssue",
            severity="critical",
            tags=["Admin impact"],
            act_in=14,
        ),
        _message(
            "MC1199004",
            "Version history limits for document libraries",
            260,
            services=["SharePoint Online", "OneDrive for Business"],
            category="planForChange",
            isMajorChange=True,
            tags=["Admin impact"],
        ),
    ]


def _message(
    key: str, title: str, hours: float, *, act_in: int = 0, **more: Any
) -> Json:
    at = MONDAY - timedelta(hours=hours)
    return {
        "startDateTime": _written(at),
        "endDateTime": _written(at + timedelta(days=180)),
        "lastModifiedDateTime": _written(at),
        "title": title,
        "id": key,
        "category": "stayInformed",
        "severity": "normal",
        "tags": [],
        "isMajorChange": False,
        "actionRequiredByDateTime": (
            _written(MONDAY + timedelta(days=act_in)) if act_in else None
        ),
        "services": [],
        "hasAttachments": False,
        "viewPoint": None,
        "details": [{"name": "Summary", "value": title}],
        "body": {
            "contentType": "html",
            "content": f"<p>{title}.</p><h3>When this will happen</h3>"
            "<p>It reaches all organizations within some weeks.</p>"
            "<h3>What you need to do</h3><ul><li>Tell the people concerned.</li></ul>",
        },
        **more,
    }


reset()
