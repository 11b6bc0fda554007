"""Microsoft service requests: opened here or from an incident, followed to their end."""
