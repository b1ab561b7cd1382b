"""The fixtures of what a GitHub release is tested with."""

from support.github_release import tiny

__all__ = ["tiny"]
