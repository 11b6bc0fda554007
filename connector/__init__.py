"""Everything that talks to the world: ServiceNow, Microsoft Graph, and their secrets."""
