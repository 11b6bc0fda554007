"""What an instance holds beside people and tickets: places, models, articles."""

from __future__ import annotations

Rows = dict[str, dict[str, str]]
"""By a key that stays the same: the values of a row."""

ROWS: dict[str, Rows] = {
    "cmn_department": {
        "IT": {"name": "IT", "id": "1001"},
        "Sales": {"name": "Sales", "id": "1002"},
        "Marketing": {"name": "Marketing", "id": "1003"},
    },
    "core_company": {
        "Contoso": {"name": "Contoso", "stock_symbol": "CTS", "city": "Redmond"},
    },
    "cmn_location": {
        "Redmond": {"name": "Redmond", "city": "Redmond", "country": "USA"},
    },
    "chg_model": {
        "normal": {"name": "Normal", "type": "normal"},
        "standard": {"name": "Standard", "type": "standard"},
        "emergency": {"name": "Emergency", "type": "emergency"},
    },
    "cmdb_ci": {
        "mail": {"name": "Mail gateway", "sys_class_name": "cmdb_ci_server"},
        "sign-in": {"name": "Sign-in service", "sys_class_name": "cmdb_ci_service"},
    },
    "kb_knowledge_base": {"IT": {"title": "IT", "description": "For everybody"}},
    "kb_knowledge": {
        "mfa": {
            "number": "KB0000101",
            "short_description": "Set up multifactor authentication",
            "text": "<p>Open your security info, add a method and confirm it. "
            "Then sign in again.</p>",
        },
        "legacy": {
            "number": "KB0000102",
            "short_description": "Why old mail programs stop working",
            "text": "<p>Programs with legacy authentication are blocked. Use one that "
            "asks for multifactor authentication.</p>",
        },
        "draft": {
            "number": "KB0000103",
            "short_description": "Guest access",
            "text": "<p>To be written.</p>",
            "workflow_state": "draft",
        },
    },
}
