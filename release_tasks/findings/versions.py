"""The version: higher than the last finished release, and with something to say about it."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.project.numbers import parse
from release_tasks.release import Part, Release


def look(release: Release) -> Iterator[ReleaseError]:
    """Yield what is wrong with each component's version and with its section of the changelog."""
    from release_tasks.bumping import pins

    if not release.is_tagged:
        yield from pins.refusals(release)
    for part in release.parts:
        yield from _changelog(release, part)
        if not release.is_tagged:
            yield from _order(release, part)
    yield from forgotten(release)


def _order(release: Release, part: Part) -> Iterator[ReleaseError]:
    from release_tasks.project.history import is_backport, tagged

    public = tagged(release.project, part.component)
    last = next(iter(public), None)
    if last and parse(part.version) <= parse(last) and not is_backport(release.project, part.version, public):
        yield ReleaseError(
            f"{part.version} is not higher than {last}, which is tagged on origin",
            f"choose a version after {last}; a back-port comes from a branch without {last}, and is the highest of its line",
        )


def forgotten(release: Release) -> Iterator[ReleaseError]:
    """Yield why a file cannot be bumped, and the lines that would keep an old version where the settings are strict."""
    from release_tasks.bumping import edited, leftovers

    texts = {} if release.is_tagged else edited.texts(release)
    is_strict = release.project.settings.project.forgotten == "strict"
    _, lines = edited.told(release, texts) if is_strict else ((), ())
    if lines:
        first, *others, last = leftovers.tell(lines)
        yield ReleaseError("\n".join((first, *others)), last)


def _changelog(release: Release, part: Part) -> Iterator[ReleaseError]:
    from release_tasks.manifests import changelog
    from release_tasks.manifests.copies import read
    from release_tasks.project import notes

    log = part.component.changelog
    if log is None or release.project.settings.github.notes == "generated":
        return
    text = read(release.tree, log)
    for title in changelog.doubles(text):
        yield ReleaseError(f"{log} has more than one section for {title}", "join them")
    if changelog.is_empty(notes.of_changelog(release, part) or "") and changelog.is_empty(notes.printed(release, part)):
        yield ReleaseError(f"{log} says nothing about {part.version}", f"write what changed {changelog.place(text, part.version)} in {log}")
