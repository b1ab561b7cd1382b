"""The local PyPI."""
