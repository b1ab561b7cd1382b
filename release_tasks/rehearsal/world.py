"""The old names of `registries.py`, until no test imports them."""

from release_tasks.rehearsal.registries import LocalRegistries as World
from release_tasks.rehearsal.registries import run_registries as world
from release_tasks.rehearsal.registries import serve_registries as serve

__all__ = ["World", "serve", "world"]
