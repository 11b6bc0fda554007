"""System checks of the portal's settings."""
