"""This project releases itself with its own tasks."""

from release_tasks import ns

__all__ = ["ns"]
