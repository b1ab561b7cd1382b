"""Release tasks of this project."""

from release_tasks import ns

__all__ = ["ns"]
