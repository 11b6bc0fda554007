"""Change requests and incidents: shared, delivered and followed."""
