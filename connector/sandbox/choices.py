"""The choice lists of an instance as it comes."""

from __future__ import annotations

_LEVELS = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}
_PRIORITIES = {
    "1": "1 - Critical",
    "2": "2 - High",
    "3": "3 - Moderate",
    "4": "4 - Low",
}
_INCIDENT_STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
_PROBLEM_STATES = {
    "101": "New",
    "102": "Assess",
    "103": "Root Cause Analysis",
    "104": "Fix in Progress",
    "106": "Resolved",
    "107": "Closed",
}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


CHOICES: dict[tuple[str, str], dict[str, str]] = {
    ("task", "state"): {
        "-5": "Pending",
        "1": "Open",
        "2": "Work in Progress",
        "3": "Closed Complete",
        "4": "Closed Incomplete",
        "7": "Closed Skipped",
    },
    ("task", "priority"): {**_PRIORITIES, "5": "5 - Planning"},
    ("task", "impact"): _LEVELS,
    ("task", "urgency"): _LEVELS,
    ("task", "escalation"): {
        "0": "Normal",
        "1": "Moderate",
        "2": "High",
        "3": "Overdue",
    },
    ("task", "approval"): {
        "not requested": "Not Yet Requested",
        "requested": "Requested",
        "approved": "Approved",
        "rejected": "Rejected",
    },
    ("task", "contact_type"): {
        "email": "Email",
        "phone": "Phone",
        "self-service": "Self-service",
        "integration": "Integration",
    },
    ("task", "upon_approval"): {
        "proceed": "Proceed to Next Task",
        "do_nothing": "Wait for a User to Close this task",
    },
    ("task", "upon_reject"): {
        "cancel": "Cancel all future Tasks",
        "goto": "Go to a previous Task",
    },
    ("incident", "state"): _INCIDENT_STATES,
    ("incident", "incident_state"): _INCIDENT_STATES,
    ("incident", "hold_reason"): {
        "1": "Awaiting Caller",
        "3": "Awaiting Problem",
        "4": "Awaiting Vendor",
        "5": "Awaiting Change",
    },
    ("incident", "severity"): _LEVELS,
    ("incident", "notify"): {"1": "Do Not Notify", "2": "Send Email", "3": "Phone"},
    ("incident", "category"): {
        "inquiry": "Inquiry / Help",
        "software": "Software",
        "hardware": "Hardware",
        "network": "Network",
        "database": "Database",
    },
    ("incident", "close_code"): _same(
        "Solution provided",
        "Resolved by caller",
        "Workaround provided",
        "Duplicate",
        "Resolved by change",
        "User error",
        "Known error",
        "Resolved by problem",
        "Resolved by request",
        "No resolution provided",
    ),
    ("change_request", "state"): {
        "-5": "New",
        "-4": "Assess",
        "-3": "Authorize",
        "-2": "Scheduled",
        "-1": "Implement",
        "0": "Review",
        "3": "Closed",
        "4": "Canceled",
    },
    ("change_request", "priority"): _PRIORITIES,
    ("change_request", "type"): {
        "normal": "Normal",
        "standard": "Standard",
        "emergency": "Emergency",
    },
    ("change_request", "category"): _same(
        "Hardware",
        "Software",
        "Service",
        "System Software",
        "Applications Software",
        "Network",
        "Telecom",
        "Documentation",
        "Other",
    ),
    ("change_request", "risk"): {
        "1": "Very High",
        "2": "High",
        "3": "Moderate",
        "4": "Low",
    },
    ("change_request", "close_code"): {
        "successful": "Successful",
        "successful_issues": "Successful with issues",
        "unsuccessful": "Unsuccessful",
    },
    ("change_request", "phase"): {"requested": "Requested"},
    ("change_request", "phase_state"): {"open": "Open"},
    ("problem", "state"): _PROBLEM_STATES,
    ("problem", "problem_state"): _PROBLEM_STATES,
    ("change_task", "state"): {
        "-5": "Pending",
        "1": "Open",
        "2": "In Progress",
        "3": "Closed",
        "4": "Canceled",
    },
    ("change_task", "close_code"): {
        "successful": "Successful",
        "successful_issues": "Successful with issues",
        "unsuccessful": "Unsuccessful",
    },
    ("problem", "close_code"): {
        "risk_accepted": "Risk Accepted",
        "fix_applied": "Fix Applied",
        "duplicate": "Duplicate",
    },
    ("syslog", "level"): {
        "-1": "Debug",
        "0": "Information",
        "1": "Warning",
        "2": "Error",
    },
    ("sysapproval_approver", "state"): {
        "not requested": "Not Yet Requested",
        "requested": "Requested",
        "approved": "Approved",
        "rejected": "Rejected",
        "not_required": "No Longer Required",
    },
}
