"""Projects that how-to pages begin with: committed, set up, and on the local GitHub."""

from __future__ import annotations

_TASKS = 'from release_tasks import ns\n\n__all__ = ["ns"]\n'
_IGNORED = "dist/\n__pycache__/\n"
_LOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A first light.\n"


def _package(name: str, more: str = "") -> str:
    return (
        '[build-system]\nrequires = ["hatchling"]\n'
        'build-backend = "hatchling.build"\n\n'
        f'[project]\nname = "{name}"\nversion = "0.1.0"\n'
        f'description = "Says how bright it is"\nreadme = "README.md"\n{more}'
    )


# Files of each project, by the word of `<!-- project: WORD -->`.
PROJECTS = {
    "package": {
        "pyproject.toml": _package("lantern-in-ten"),
        "lantern_in_ten/__init__.py": "BRIGHTNESS = 7\n",
        "README.md": "# Lantern\n",
        "CHANGELOG.md": _LOG,
        "tasks.py": _TASKS,
        ".gitignore": _IGNORED,
    },
    "tool": {
        "pyproject.toml": _package(
            "lantern-in-ten",
            'classifiers = ["Private :: Do Not Upload"]\n',
        ),
        "lantern_in_ten/__init__.py": "BRIGHTNESS = 7\n",
        "README.md": "# Lantern\n",
        "CHANGELOG.md": _LOG,
        "tasks.py": _TASKS,
        ".gitignore": _IGNORED,
    },
    "two packages": {
        "core/pyproject.toml": _package("lantern-core-ten"),
        "core/lantern_core_ten/__init__.py": "BRIGHTNESS = 7\n",
        "core/README.md": "# Core\n",
        "core/CHANGELOG.md": _LOG,
        "cli/pyproject.toml": _package(
            "lantern-cli-ten", 'dependencies = ["lantern-core-ten>=0.1"]\n'
        ),
        "cli/lantern_cli_ten/__init__.py": "WORDS = 3\n",
        "cli/README.md": "# Command line\n",
        "cli/CHANGELOG.md": _LOG,
        "README.md": "# Lantern\n",
        "tasks.py": _TASKS,
        ".gitignore": _IGNORED,
    },
}
