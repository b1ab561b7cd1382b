"""Checks before anything changes, on built files, and on what was published."""
