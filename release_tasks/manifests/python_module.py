"""Python modules: `__version__ = "..."`, and `version="..."` in the call of `setup`."""

from __future__ import annotations

from collections.abc import Mapping

from release_tasks.manifests.copies import Copy, Edit, line_at, replaced, unproved
from release_tasks.manifests.python_values import Literal, assigned, keyword


def read(text: str, path: str) -> str | None:
    """Return the first literal version of a module, or None where it is computed or absent."""
    found = copies(text, path)
    return found[0].version if found else None


def copies(text: str, path: str) -> tuple[Copy, ...]:
    """Return every literal version of a module; raise `ReleaseError` for text that is no Python."""
    return tuple(Copy(path, line_at(text, one.start), what, one.value) for what, one in _literals(text, path))


def set_versions(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> str:
    """Return the text with `version` (SemVer) in PEP 440 form; a computed version is left alone."""
    if version is None:
        return text
    edits = (Edit(one.start, one.end, _form(version)) for _, one in _literals(text, path))
    return replaced(text, edits)


def prove(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> list[str]:
    """Return one sentence for each literal that does not show the version."""
    new = None if version is None else _form(version)
    return [
        unproved(path, copy.line, copy.what, copy.version, new)
        for copy in copies(text, path) if new is not None and copy.version != new
    ]


def _literals(text: str, path: str) -> list[tuple[str, Literal]]:
    named = [("__version__", one) for one in assigned(text, path, "__version__")]
    called = [("version in setup()", one) for one in keyword(text, path, "setup", "version")]
    return sorted(named + called, key=lambda found: found[1].start)


def _form(version: str) -> str:
    from release_tasks.project.versions import pep440

    return pep440(version)
