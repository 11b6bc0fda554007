"""The names of Microsoft's products behind Graph's service codes."""

from __future__ import annotations

# Proper names: the same in every language.
_NAMES = {
    "Admincenter": "Microsoft 365 admin center",
    "AppG": "Microsoft Defender for Cloud Apps app governance",
    "AzureAD": "Microsoft Entra ID",
    "Azure ATP": "Microsoft Defender for Identity",
    "EXO": "Exchange Online",
    "FORMS": "Microsoft Forms",
    "Intune": "Microsoft Intune",
    "MCAS": "Microsoft Defender for Cloud Apps",
    "MDATP": "Microsoft Defender for Endpoint",
    "MDO": "Microsoft Defender for Office 365",
    "MIP": "Microsoft Purview Information Protection",
    "MS Teams": "Microsoft Teams",
    "SPO": "SharePoint Online",
    "SWAY": "Microsoft Sway",
    "MDA_SF": "Salesforce",
    "MDA_SNOW": "ServiceNow",
    "MDA_DocuSign": "DocuSign",
    "MDA_NetDocuments": "NetDocuments",
}
_CONNECTED_APP = "MDA_"


def product_name(service: str) -> str:
    """Return the product's name; an unknown code is shown as it is."""
    return _NAMES.get(service, service.removeprefix(_CONNECTED_APP))
