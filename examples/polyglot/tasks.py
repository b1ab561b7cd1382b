"""Releases polyglot: `inv release --version 0.2.0`."""

from release_tasks import ns
