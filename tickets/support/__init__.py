"""The Microsoft 365 support integration: a second system beside the ticketing."""
