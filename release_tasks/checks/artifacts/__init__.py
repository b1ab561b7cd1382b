"""Checks of the built files against the settings, before anything is public."""
