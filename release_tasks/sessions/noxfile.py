"""The gates of a project that has no noxfile.py; nothing beside this file may be called like a module."""

from release_tasks.sessions import preflight

preflight()
