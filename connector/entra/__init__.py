"""Microsoft Entra ID beside its tokens: what it publishes, and what a token says."""
