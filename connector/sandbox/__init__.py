"""A foreign system of its own: a ServiceNow instance and Microsoft Graph, for trying things out."""
