"""The fixtures of what a GitHub release is tested with."""

from support.github_place import tiny

__all__ = ["tiny"]
