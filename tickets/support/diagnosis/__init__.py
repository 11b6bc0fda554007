"""The diagnosis: which of the sixteen situations an agent is in, why, and the repair."""
