"""What the files of another repository become for a release of ours. Nothing is written here."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from release_tasks.downstream import (
    cargo_manifests,
    chart_dependencies,
    image_references,
    python_requirements,
)
from release_tasks.downstream.uses import Ours, Place, Use
from release_tasks.errors import ReleaseError
from release_tasks.formats import text_files
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import text as listed_texts
from release_tasks.manifests.version_locations import FileBump, replaced
from release_tasks.tools import git
from release_tasks.tools.git import grep

Uses = Callable[[Place, Ours], Iterable[Use]]
Files = Mapping[str, str | tuple[str, ...]]
# what has old versions on purpose
HISTORIES = ("changelog", "changes", "history", "news", "releases")


@dataclass(frozen=True)
class Change:
    """A place that uses something of ours, `old` and `new` as they are written there."""

    file: str
    line: int  # from 1
    what: str
    old: str
    new: str

    @property
    def place(self) -> str:
        """Return file and line as one word."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Left:
    """A place that stays as it is, and why; a `line` of 0 is the whole file."""

    file: str
    line: int
    fact: str


@dataclass
class Edits:
    """What a tree becomes: texts by path, and what was found in them."""

    texts: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    uses: int = 0  # places that name something of ours
    # files that use a crate, or a Python package, of ours
    crates: list[str] = field(default_factory=list)
    python: list[str] = field(default_factory=list)


def compute(tree: Path, ours: Ours, listed: Files) -> Edits:
    """Return what the tracked files of a tree become for a release.

    `listed` are files and keys or texts of them, as `[files]` has them for our own. Raises
    `ReleaseError` for a listed file that is missing, or does not have that.
    """
    found = Edits()
    linked = set(git.links(tree))
    paths = [path for path in git.tracked(tree) if path not in linked]
    known = frozenset(paths)
    with_images = _with_images(tree, ours)
    for path in paths:
        kinds = list(_kinds(path, path in with_images, ours))
        if not kinds:
            continue
        place = Place(path, text_files.peek(tree, path), known.__contains__)
        for uses in kinds:
            _look(found, place, uses, ours)
    for path, spec in listed.items():
        _look_listed(found, tree, path, spec, ours)
    for path in list(found.texts):
        if posixpath.basename(path) in chart_dependencies.MANIFESTS:
            _renew_chart_lock(found, tree, path, known, ours)
    return found


def _with_images(tree: Path, ours: Ours) -> set[str]:
    """Return the text files that name an image of ours."""
    texts = image_references.searched(ours)
    return {path for path, _, _ in grep.lines(tree, texts)}


def _kinds(path: str, has_images: bool, ours: Ours) -> Iterator[Uses]:
    """Yield the functions that look into a file, by its name and by what it names."""
    name = posixpath.basename(path)
    if name == cargo_manifests.MANIFEST and ours.crates:
        yield cargo_manifests.uses
    if ours.python and python_requirements.is_manifest(path):
        yield python_requirements.uses
    if ours.charts and name in chart_dependencies.MANIFESTS:
        yield chart_dependencies.uses
    if has_images and not name.lower().startswith(HISTORIES):
        yield image_references.uses


def _look(found: Edits, place: Place, uses: Uses, ours: Ours) -> None:
    """Add what one function finds in a file to what was found before."""
    text = found.texts.get(place.path, place.text)
    now = Place(place.path, text, place.has)
    try:
        seen = list(uses(now, ours))
    except ReleaseError as error:
        if any(name in place.text for name in _names(ours)):
            found.left.append(Left(place.path, 0, error.problem))
        return
    for use in seen:
        _note(found, now, use)
    _remember(found, place.path, uses, seen)
    edits = [edit for use in seen for edit in use.edits]
    if edits:
        new = replaced(text, edits, place.path)
        _check(uses, Place(place.path, new, place.has), ours)
        found.texts[place.path] = new


def _names(ours: Ours) -> Iterator[str]:
    yield from (*ours.crates, *ours.python, *ours.images)
    yield from (name for name, _ in ours.charts)


def _note(found: Edits, place: Place, use: Use) -> None:
    found.uses += 1
    line = line_at(place.text, use.start)
    if use.edits:
        change = Change(place.path, line, use.what, use.old, use.new)
        found.changes.append(change)
    elif use.left:
        fact = f"{use.what} stays at {use.old}: {use.left}"
        found.left.append(Left(place.path, line, fact))


def _remember(found: Edits, path: str, uses: Uses, seen: Iterable[Use]) -> None:
    """Keep which files need their lock renewed: those with a use that does not stay."""
    is_used = any(not use.left for use in seen)
    if is_used and uses is cargo_manifests.uses:
        found.crates.append(path)
    elif is_used and uses is python_requirements.uses:
        found.python.append(path)


def _check(uses: Uses, place: Place, ours: Ours) -> None:
    """Raise `ReleaseError` where an edited file still has something to edit, or is broken."""
    for use in uses(place, ours):
        if use.edits:
            line = line_at(place.text, use.start)
            raise ReleaseError(
                f"{place.path}:{line}: {use.what} cannot be edited as it is written",
                f"change it there to {use.new} by hand",
            )


def _look_listed(
    found: Edits,
    tree: Path,
    path: str,
    spec: str | tuple[str, ...],
    ours: Ours,
) -> None:
    if path not in git.tracked(tree):
        raise ReleaseError(
            f"{path} is not in that repository", "correct it in its `files`"
        )
    text = found.texts.get(path) or text_files.read(tree, path)
    versions = ours.versions
    only = next(iter(versions.values())) if len(versions) == 1 else None
    kind = listed_texts.listed(spec)
    bump = FileBump(path, versions, only)
    for location in kind.of(text, bump):
        found.uses += 1
        if location.new is not None and location.new != location.old:
            line = line_at(text, location.start)
            found.changes.append(
                Change(path, line, location.what, location.old, location.new)
            )
    new = kind.set_versions(text, bump)
    if new != text:
        found.texts[path] = new


def _renew_chart_lock(
    found: Edits, tree: Path, path: str, known: frozenset[str], ours: Ours
) -> None:
    lock = chart_dependencies.lock_path(path)
    if lock not in known:
        return
    old = Place(path, text_files.read(tree, path))
    beside = Place(lock, text_files.read(tree, lock))
    try:
        new = chart_dependencies.renewed_lock(
            beside, old, found.texts[path], ours
        )
    except ReleaseError as error:
        found.left.append(Left(lock, 0, error.problem))
        return
    if new is None:
        folder = posixpath.dirname(path) or "."
        fact = f"it was for other requirements: helm dependency update {folder}"
        found.left.append(Left(lock, 0, fact))
    elif new != beside.text:
        found.texts[lock] = new
