"""The version: higher than the last finished release, in every file, and in the changelog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from release_tasks import files
from release_tasks.bumping import bump, stale_versions, together
from release_tasks.checks.check import (
    Check,
    CheckContext,
    also_after_tag,
    note,
    problem,
    warning,
)
from release_tasks.errors import Problem, collect_problems, problems_of, shorten
from release_tasks.formats.text_files import read
from release_tasks.project import history
from release_tasks.project.settings import FILE
from release_tasks.project.tag_forms import (
    last_of_other_form,
    last_of_other_numbers,
)
from release_tasks.project.tags import version_in
from release_tasks.release import ComponentRelease
from release_tasks.tools import git
from release_tasks.versions.numbers import is_lower, parse

# with `stale = "error"` in [versions], a problem
stale_severity = partial(
    Check,
    "warning",
    is_error=lambda settings: settings.versions.stale == "error",
)


@problem
def unknown_version(context: CheckContext) -> list[Problem]:
    """Find each component whose manifests have a version that was not found."""
    return problems_of(bump.unknown_versions(context.release))


@problem
def component_left_behind(context: CheckContext) -> list[Problem]:
    """Find a component that this release leaves behind, though all are kept together."""
    return problems_of(together.left_behind(context.release))


@warning
def components_apart(context: CheckContext) -> Iterator[Problem]:
    """Find components that have different versions now, though all are kept together."""
    project = context.project
    if together.are_apart(project):
        yield Problem(
            f"the versions differ: {together.listed(together.present(project))}",
            f"inv bump --version {context.release.parts[0].version} sets all; commit that",
        )


@problem
def pin_refused(context: CheckContext) -> list[Problem]:
    """Find each pin on a sibling that the new versions would break, and that no bump moves."""
    from release_tasks.bumping import pins, python_pins

    release = context.release
    return problems_of(
        [*pins.refusals(release), *python_pins.unfollowed(release)]
    )


@also_after_tag
def double_section(context: CheckContext) -> Iterator[Problem]:
    """Find each changelog with several sections for the version, or for what is unreleased."""
    from release_tasks.changelogs import changelog

    for part, path in _changelogs(context):
        text = read(context.release.source_tree, path)
        found = changelog.repeated(text, part.version, path)
        if found:
            fact = changelog.repeated_fact(found, path)
            yield Problem(fact, changelog.MERGE, path, found[-1].line + 1)


@partial(also_after_tag, may_come_last=True)
def missing_changelog_entry(context: CheckContext) -> Iterator[Problem]:
    """Find each changelog without an entry for the version."""
    from release_tasks.changelogs import changelog, notes
    from release_tasks.changelogs.document import is_empty

    for part, path in _changelogs(context):
        section = notes.of_changelog(context.release, part) or ""
        printed = notes.printed(context.release, part)
        if is_empty(section, path) and is_empty(printed):
            text = read(context.release.source_tree, path)
            place = changelog.where_to_write(text, part.version, path)
            yield Problem(
                f"{path} has no entry for {part.version}",
                f"write what changed {place} in {path}",
                path,
            )


@partial(problem, may_come_last=True)
def unmentioned_version(context: CheckContext) -> Iterator[Problem]:
    """Find each file that has to mention the version, does not, and has not changed."""
    tree = context.release.source_tree
    for path in context.project.settings.gates.mentions:
        fix = f"write what users must know into {path}, or remove it from [gates] mentions"
        if not files.inside(tree, path).is_file():
            yield Problem(
                f"{path}, which [gates] mentions names, does not exist", fix
            )
            continue
        text = read(tree, path)
        for part in context.release.parts:
            tag = _unchanged_since(context, part, path, text)
            if tag is None or _is_mentioned(text, part.version):
                continue
            since = f", and has not changed since {tag}" if tag else ""
            fact = f"{path} does not mention {part.version}{since}"
            yield Problem(fact, fix, path)


def _unchanged_since(
    context: CheckContext, part: ComponentRelease, path: str, text: str
) -> str | None:
    """Return the tag of the last version where a file is as it was then, None where it is not.

    It is "" where there was no version before.
    """
    tag, commit = history.previous(
        context.project, part.component, part.version
    )
    if not commit:
        return ""
    old = git.at_commit(context.release.checkout, commit, path)
    if old is None or old.decode("utf-8", "replace") != text:
        return None
    return tag


def _is_mentioned(text: str, version: str) -> bool:
    """Tell whether a text has a version, which is no part of a longer one."""
    number = rf"(?<![\d.]){re.escape(version)}(?!\w|[.+-]\w)"
    return re.search(number, text) is not None


@warning
def unknown_changelog_group(context: CheckContext) -> Iterator[Problem]:
    """Find the groups of the new section that Keep a Changelog does not have.

    Only changelogs that say they follow Keep a Changelog are looked at.
    """
    from release_tasks.changelogs import notes
    from release_tasks.changelogs.entries import GROUPS, unknown_groups

    for part, path in _changelogs(context):
        text = read(context.release.source_tree, path)
        unknown = unknown_groups(
            text, notes.of_changelog(context.release, part) or ""
        )
        if unknown:
            yield Problem(
                f"{path} follows Keep a Changelog, which has no group {shorten(unknown)}",
                f"use {', '.join(GROUPS)}",
                path,
            )


@note
def entry_without_reference(context: CheckContext) -> Iterator[Problem]:
    """Find new entries without a number, where every entry of the last version has one."""
    from release_tasks.changelogs import notes
    from release_tasks.changelogs.entries import always_references, unreferenced

    for part, path in _changelogs(context):
        bare = unreferenced(notes.of_changelog(context.release, part) or "")
        if not bare:
            continue
        text = read(context.release.source_tree, path)
        last = always_references(text, part.version, path)
        if last:
            yield Problem(
                f"each entry of {last} in {path} has the number of an issue or pull request, "
                f"but this one does not: {shorten(bare)}",
                "add its number, e.g. (#31)",
                path,
            )


@problem
def version_not_higher(context: CheckContext) -> Iterator[Problem]:
    """Find each version that is below one on origin, unless it is a backport."""
    from release_tasks.project.history import is_backport, released

    for part in context.release.parts:
        tags = released(context.project, part.component)
        public = {version: one.commit for version, one in tags.items()}
        last = next(iter(public), None)
        if last is None or parse(part.version) > parse(last):
            continue
        if not is_backport(context.project, part.version, public):
            yield _not_higher(part, last, tags[last].tag)


def _not_higher(part: ComponentRelease, last: str, tag: str) -> Problem:
    fact = (
        f"{part.version} is not higher than {last}, which is tagged on origin"
    )
    if part.version == last:
        fact = f"{last} is tagged on origin already, as {tag}"
    elif parse(part.version).build:
        fact += " (build metadata does not count)"
    fix = f"choose a version after {last}, or backport from a branch that does not contain {tag}"
    return Problem(fact, fix)


@warning
def new_tag_form(context: CheckContext) -> Iterator[Problem]:
    """Find each tag that would be the first of its form, while the last releases have another."""
    components = context.project.components
    for part in context.release.parts:
        name = part.component.name
        is_main = part.component.latest or len(components) == 1
        claimed = {
            tag
            for tag in context.project.tags
            if any(version_in(one, tag) for one in components)
        }
        if not is_main or any(
            version_in(part.component, tag) for tag in claimed
        ):
            continue
        rest = [tag for tag in context.project.tags if tag not in claimed]
        last, form = last_of_other_form(rest)
        if last:
            yield Problem(
                f"{part.tag} would be the first tag of its form: the last release is {last}",
                f'[components.{name}]\ntag = "{form}"\nin {FILE}, or say in [checks.ignore] why',
            )
        else:
            yield from _other_numbers(context, part, rest)


def _other_numbers(
    context: CheckContext, part: ComponentRelease, tags: list[str]
) -> Iterator[Problem]:
    """Find that the last releases have tags such as `v1.4`, which are no versions of SemVer."""
    names = (context.project.name, part.component.name)
    last = last_of_other_numbers(tags, names)
    if last:
        yield Problem(
            f"{part.tag} would be the first tag of its form: the last release is {last}, "
            "which counts as no version here",
            f"choose a version after that of {last}, and say in [checks.ignore] "
            "that tags have three numbers from now on",
        )


@warning
def version_below_manifests(context: CheckContext) -> Iterator[Problem]:
    """Find each version that is lower than the one that the manifests have."""
    from release_tasks.project.history import released

    for part in context.release.parts:
        present = part.component.version
        if present is None or not is_lower(part.version, present):
            continue
        tags = released(context.project, part.component)
        last = next(iter(tags), None)
        if last is not None and parse(part.version) <= parse(last):
            continue  # version-not-higher judges that
        yield Problem(
            f"{part.version} is lower than {present}, which the manifests of "
            f"{part.component.name} have",
            f"choose a version after {present}, if that was ever published",
        )


@problem
def unbumpable_file(context: CheckContext) -> list[Problem]:
    """Find why a file that carries the version cannot be bumped."""

    def look() -> None:
        _ = context.version_copies  # reading them raises what is wrong

    return collect_problems(look)


@warning
def version_mismatch(context: CheckContext) -> Iterator[Problem]:
    """Find each file with a copy that does not have the version before this one."""
    by_path: dict[str, list[stale_versions.Mismatch]] = {}
    for mismatch in context.version_copies[0]:
        by_path.setdefault(mismatch.path, []).append(mismatch)
    for path, mismatches in by_path.items():
        first, *others = mismatches
        fact = f"{path} has {first.found}"
        if first.expected:
            fact += f", expected {first.expected}"
        if others:
            fact += f", and {len(others)} more"
        fix = (
            f"inv bump --version {context.release.request} sets it; commit that"
        )
        yield Problem(fact, fix, path, first.line)


@stale_severity
def stale_version(context: CheckContext) -> Iterator[Problem]:
    """Find the lines that a bump leaves at an old version."""
    lines = context.version_copies[1]
    if lines:
        first, *others, last = stale_versions.stale_lines(lines)
        yield Problem("\n".join((first, *others)), last)


def _changelogs(
    context: CheckContext,
) -> Iterator[tuple[ComponentRelease, str]]:
    """Yield each component with its changelog, unless GitHub writes the notes."""
    if context.project.settings.github.notes == "generated":
        return
    for part in context.release.parts:
        if part.component.changelog:
            yield part, part.component.changelog
