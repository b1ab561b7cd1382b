"""The version: higher than the last finished release, and with something to say about it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks.bumping import stale_versions
from release_tasks.checks.check import (
    Check,
    CheckContext,
    Located,
    also_after_tag,
    note,
    problem,
    warning,
)
from release_tasks.errors import ReleaseError, shorten
from release_tasks.formats.text_files import read
from release_tasks.release import ComponentRelease
from release_tasks.versions.numbers import parse


@problem
def pin_refused(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each pin between components that the new versions would break."""
    from release_tasks.bumping import pins

    yield from pins.refusals(case.release)


@also_after_tag
def double_section(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each version that a changelog has several sections for."""
    from release_tasks.changelogs import changelog

    for _, log in _changelogs(case):
        for title in changelog.duplicates(read(case.release.source_tree, log)):
            yield Located(f"{log} has more than one section for {title}", "join them", log)


@also_after_tag
def missing_changelog_entry(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each changelog that says nothing about the version."""
    from release_tasks.changelogs import changelog, notes
    from release_tasks.changelogs.lines import is_empty

    for part, log in _changelogs(case):
        said = (notes.of_changelog(case.release, part) or "", notes.printed(case.release, part))
        if all(is_empty(one) for one in said):
            text = read(case.release.source_tree, log)
            yield Located(
                f"{log} says nothing about {part.version}",
                f"write what changed {changelog.where_to_write(text, part.version)} in {log}",
                log,
            )


@warning
def unknown_changelog_group(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the groups of the new section that Keep a Changelog does not know, where the log says that it follows it."""
    from release_tasks.changelogs import notes
    from release_tasks.changelogs.entries import GROUPS, unknown_groups

    for part, log in _changelogs(case):
        if strange := unknown_groups(
            read(case.release.source_tree, log), notes.of_changelog(case.release, part) or ""
        ):
            fact = f"{log} follows Keep a Changelog, which has no group {shorten(strange)}"
            yield Located(fact, f"use {', '.join(GROUPS)}", log)


@note
def entry_without_reference(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the new entries that name no issue or pull request, where all of the version before did."""
    from release_tasks.changelogs import notes
    from release_tasks.changelogs.entries import always_references, unreferenced

    for part, log in _changelogs(case):
        bare = unreferenced(notes.of_changelog(case.release, part) or "")
        if bare and (last := always_references(read(case.release.source_tree, log), part.version)):
            yield Located(
                f"each entry of {last} in {log} names an issue or pull request, and not {shorten(bare)}",
                "add its number, as (#31)",
                log,
            )


@problem
def version_not_higher(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each version that is below one on origin, unless it is a back-port."""
    from release_tasks.project.history import is_backport, tagged

    project = case.release.project
    for part in case.release.parts:
        public = tagged(project, part.component)
        last = next(iter(public), None)
        if (
            last
            and parse(part.version) <= parse(last)
            and not is_backport(project, part.version, public)
        ):
            yield ReleaseError(
                f"{part.version} is not higher than {last}, which is tagged on origin",
                f"choose a version after {last}; a back-port comes from a branch without {last}, and is the highest of its line",
            )


@problem
def unbumpable_file(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield why a file that carries the version cannot be bumped."""
    _ = case.copies
    yield from ()


@warning
def version_mismatch(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each file with a copy that does not show the version before this one, as somebody forgot it."""
    files: dict[str, list[stale_versions.Mismatch]] = {}
    for one in case.copies[0]:
        files.setdefault(one.path, []).append(one)
    for path, odd in files.items():
        more = f", and {len(odd) - 1} more like it" if odd[1:] else ""
        fact = f"{path} says {odd[0].found}{', not ' if odd[0].expected else ''}{odd[0].expected}{more}"
        yield Located(
            fact,
            f"inv bump --version {case.release.request} sets it; commit that",
            path,
            odd[0].line,
        )


@partial(Check, "warning", is_strict=lambda settings: settings.versions.stale == "error")
def stale_version(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the lines that a bump leaves at an old version."""
    lines = case.copies[1]
    if lines:
        first, *others, last = stale_versions.stale_lines(lines)
        yield ReleaseError("\n".join((first, *others)), last)


def _changelogs(case: CheckContext) -> Iterator[tuple[ComponentRelease, str]]:
    for part in case.release.parts:
        if part.component.changelog and case.release.project.settings.github.notes != "generated":
            yield part, part.component.changelog
