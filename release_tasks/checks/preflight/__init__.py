"""Checks before anything changes: what would break a release."""
