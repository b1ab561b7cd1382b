"""The fixtures of everything that fetches a release back."""

from published_world import layout, releasing, world

__all__ = ["layout", "releasing", "world"]
