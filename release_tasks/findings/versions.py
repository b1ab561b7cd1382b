"""The version: higher than the last finished release, and with something to say about it."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.release import Part, Release


def look(release: Release, finished: dict[str, str | None]) -> Iterator[ReleaseError]:
    """Yield what is wrong; `finished` has each component's last finished version, or None."""
    from release_tasks.project.versions import parse

    for part in release.parts:
        last = finished.get(part.component.name)
        if last and not release.is_tagged and parse(part.version) <= parse(last):
            yield ReleaseError(f"{part.version} is not higher than {last}, the last release", f"choose a version after {last}")
        yield from _changelog(release, part)


def _changelog(release: Release, part: Part) -> Iterator[ReleaseError]:
    from release_tasks.manifests import changelog

    log = part.component.changelog
    if log is None or release.project.settings.github.notes == "generated":
        return
    text = (release.tree / log).read_text("utf-8")
    is_there = part.version in changelog.sections(text)
    section = changelog.section(text, part.version, log) if is_there else changelog.unreleased(text)
    if not (section or "").strip():
        yield ReleaseError(f"{log} says nothing about {part.version}", f"write what changed under Unreleased in {log}")
