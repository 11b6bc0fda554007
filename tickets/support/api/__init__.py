"""The connector API: what the app on a ServiceNow instance calls with a token of Entra."""
