"""The fixtures of everything that fetches a release back."""

from support.published_world import layout, releasing, world

__all__ = ["layout", "releasing", "world"]
