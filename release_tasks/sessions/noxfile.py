"""The gates of a project without a noxfile.py.

No file beside this one may have the name of a module: nox puts the folder on the import path.
"""

from release_tasks.sessions import preflight

preflight()
