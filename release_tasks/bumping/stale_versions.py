"""What a bump reports besides its edits: mismatches before it, and old versions that remain."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from release_tasks.bumping import foreign_versions
from release_tasks.bumping.pins import new_versions
from release_tasks.errors import ReleaseError
from release_tasks.formats import text_files
from release_tasks.formats.text_files import line_at
from release_tasks.manifests.text import VERSION
from release_tasks.project import changelog_files
from release_tasks.project.tags import released_version
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.tools.git import grep as git_grep
from release_tasks.versions.numbers import parse, spellings

if TYPE_CHECKING:
    from release_tasks.bumping.manifest_file import VersionFile
    from release_tasks.release import ComponentRelease, Release

TO_DO = "add them to [files], or to [versions.ignore] with the reason"
SHOWN = 20  # lines; `inv bump --json` has them all
TITLES_OF_A_LOG = 3  # with a version each
_WIDEST = 100  # characters of a line that are shown
_VERSION_WORD = re.compile(rf"(?<![0-9A-Za-z.])[vV]?({VERSION.pattern})")
# a name in front of a version, no word that goes with any version
_TIED = re.compile(
    r"(?<![\w-])(?!(?:v|ver|version|release|tag|latest|download)[-@:=_]*v?$)"
    r"([A-Za-z][\w.]*(?:-[A-Za-z][\w.]*)*)(?:-|_|@|==)v?$",
    re.I,
)
_NUMBER = re.compile(rf"{VERSION.pattern}|[0-9]+(?:\.[0-9]+)*")
_HASH = re.compile(r"\s*(?:digest:|content[-_]hash\s*=)")  # a line of a lock
_PATH_DEPENDENCY = re.compile(r"[^#]*\bpath *= *[\"'](?P<folder>[^\"']+)")
# files that may have old versions: changelogs, posts, other programs' locks, test data, generated
_MAY_BE_OLD = re.compile(
    r"(?:^|/)(?:change[-_]?log|changes|history|news|releases|release[-_]?notes)(?:[._-][^/]*)?$"
    r"|(?:^|/)(?:blogs?|_?posts|news|release[-_]?notes)/"
    # a file or folder of one day, or of one version
    r"|(?:^|[/_.-])20[0-9]{2}-[01][0-9]-[0-3][0-9]|[/_-]v?[0-9]+\.[0-9]+\.[0-9]+(?=[/.])"
    r"|(?:^|/)(?:changelogs?|fixtures?|test[-_]?data|_*snapshots_*|goldens?|cassettes"
    r"|vendor|third[-_]party|node_modules)/"
    r"|(?:^|/)tests?/(?:[^/]+/)*(?:assets?|data|inputs?|resources?|samples?)/"
    r"|(?:\.lock|\.lockb|\.sum|[-.]lock\.(?:json|yaml)|-shrinkwrap\.json"
    r"|\.min\.(?:js|css)|\.map|\.snap|\.svg)$"
    r"|(?:^|/)index\.ya?ml$",  # of a chart repository
    re.I,
)


class StaleLine(NamedTuple):
    """A line of a tracked file that still has an old version."""

    path: str
    line: int  # counted from 1
    text: str
    entry: str = ""  # the line of [files] for it, where that is known

    def __str__(self) -> str:
        shown = self.text.strip()
        if len(shown) > _WIDEST:
            shown = f"{shown[:_WIDEST]}…"
        return f"{self.path}:{self.line}: {shown}"


class Mismatch(NamedTuple):
    """A place that a bump changes although it did not have the version before."""

    path: str
    line: int  # counted from 1
    found: str
    expected: str  # "" for a text without a version

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}"
        if self.expected:
            return f"{place} had {self.found}, expected {self.expected}"
        return f"{place} had {self.found}"


class Before(NamedTuple):
    """How the version of a component is written, before this release and in it."""

    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Search:
    """What is searched for old versions: the repository as the bump leaves it."""

    release: Release
    new_texts: Mapping[str, str]  # of the files that the bump changes, by path
    # what knows versions of ours, by path
    places: Mapping[str, Sequence[VersionFile]]
    olds: set[str]
    _texts: dict[str, str] = field(default_factory=dict)
    _covered: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _logs: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def ever(self) -> set[str]:
        """Return how the versions of all earlier releases are written."""
        found: set[str] = set()
        for part in self.release.parts:
            for tag in git.tags(self.release.checkout):
                version = released_version(part.component, tag)
                if version:
                    found.update(spellings(version))
            found.difference_update(spellings(part.version))
        return found - self.olds

    @cached_property
    def changelogs(self) -> set[str | None]:
        """Return the changelogs of all components, whatever their files are called."""
        return {one.changelog for one in self.release.project.components}

    def is_log(self, path: str) -> bool:
        """Tell whether a file has titles of several versions: a list of what broke, or a guide."""
        if path not in self._logs:
            known = self.ever | self.olds
            found = {
                number
                for title, _ in changelog_files.parts(self.text(path))
                for number in changelog_files.numbers_in(title)
                if number in known
            }
            self._logs[path] = len(found) >= TITLES_OF_A_LOG
        return self._logs[path]

    @cached_property
    def names(self) -> re.Pattern[str] | None:
        """Return a pattern of the names of what the project ships."""
        return foreign_versions.names(self.release)

    def text(self, path: str) -> str:
        """Return the text of a file as the bump leaves it; "" for one that cannot be read."""
        if path in self.new_texts:
            return self.new_texts[path]
        if path not in self._texts:
            self._texts[path] = text_files.peek(self.release.checkout, path)
        return self._texts[path]

    def is_covered(self, line: StaleLine, column: int) -> bool:
        """Return whether a version in a line is kept, or that of a requirement on another."""
        if line.path not in self._covered:
            self._covered[line.path] = self._spans(line.path)
        spans = self._covered[line.path]
        if not spans:
            return False
        at = _line_start(self.text(line.path), line.line) + column
        return any(start <= at < end for start, end in spans)

    def _spans(self, path: str) -> list[tuple[int, int]]:
        files = self.places.get(path, ())
        text = self.text(path)
        # in what the bump edits, a requirement on what is ours has followed, or is an older bound
        own = None if files else self.names
        spans = foreign_versions.requirements(path, text, own)
        for file in files:
            with suppress(ReleaseError):
                spans += file.kept(text)
        return spans


def versions_before(
    release: Release, manifests: Iterable[tuple[str, str]]
) -> dict[str, Before]:
    """Return how the version of each component is written, before this release and in it.

    `manifests` are the texts as committed and as they become: where a bump was interrupted, some
    of them have the new version already.
    """
    changes: Counter[tuple[str, str]] = Counter()
    if any(part.component.version == part.version for part in release.parts):
        for old, new in manifests:
            changes.update(_changed(VERSION, old, new))
    found = {}
    for part in release.parts:
        before = _version_before(release, part, changes)
        if before:
            row = Before(spellings(before), spellings(part.version))
            found[part.component.name] = row
    return found


def mismatches(
    known: Iterable[Before], path: str, old: str, new: str
) -> Iterator[Mismatch]:
    """Yield each place of a text that changes although it did not have the version before."""
    known = tuple(known)
    lines = zip(old.split("\n"), new.split("\n"), strict=False)
    for number, (before, after) in enumerate(lines, 1):
        if before == after or _HASH.match(before):
            continue
        changes = _changed(_NUMBER, before, after)
        if not changes:
            yield Mismatch(path, number, before.strip()[:80], "")
        for was, becomes in dict.fromkeys(changes):
            expected = _expected(known, becomes)
            if expected and not any(
                _begins(spelling, was) for spelling in expected
            ):
                yield Mismatch(path, number, was, expected[0])


def find_stale(
    search: Search, more: Iterable[StaleLine] = ()
) -> list[StaleLine]:
    """Return the lines that would still have one of the old versions after the bump.

    A version that is older than that of today counts only where the line has a name of the
    project. Changelogs, locks, test data, binary files and those in [versions.ignore] or [project]
    `ignore` may have old versions; `more` are lines that do not fit what the bump edits, such as
    hashes in locks.
    """
    lines = [*_unchanged_lines(search), *_changed_lines(search)]
    found = [line for line in lines if _is_stale(search, line)]
    found += [*_other_locks(search), *more]
    settings = search.release.project.settings
    ignored = [*settings.versions.ignore]
    for path in settings.project.ignore:
        ignored += [path.rstrip("/"), f"{path.rstrip('/')}/**"]
    shown = {line for line in found if not _matches(line.path, ignored)}
    return list(_with_entries(search, sorted(shown)))


def unlisted(release: Release) -> Iterator[StaleLine]:
    """Yield what may have the version of a project in which no manifest of ours has it.

    Without an earlier version there is nothing that could be searched for.
    """
    from release_tasks.project import declared_versions

    if any(part.component.version for part in release.parts):
        return
    new = {part.version for part in release.parts}
    for one in declared_versions.declared(release.project):
        lines = text_files.peek(release.checkout, one.path).split("\n")
        if one.version not in new and one.line <= len(lines):
            yield StaleLine(one.path, one.line, lines[one.line - 1])


def may_be_old(path: str) -> bool:
    """Tell whether a file may have old versions: a changelog, a lock, test data."""
    return _MAY_BE_OLD.search(path) is not None


def mismatch_lines(found: Sequence[Mismatch]) -> Iterator[str]:
    """Yield the mismatches for people, in a limited number of lines."""
    yield from map(str, found[:SHOWN])
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} more"


def stale_lines(found: Sequence[StaleLine]) -> Iterator[str]:
    """Yield the stale lines for people, in a limited number of lines, and what to do last."""
    if not found:
        return
    if len(found) == 1:
        yield "1 line that no manifest covers still shows an old version:"
    else:
        yield f"{len(found)} lines that no manifest covers still show an old version:"
    for line in found[:SHOWN]:
        yield f"  {line}"
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more (inv bump --json has them all)"
    yield "\n".join((TO_DO, *_entries(found)))


def _entries(found: Sequence[StaleLine]) -> Iterator[str]:
    """Yield the lines of [files] for those lines of which the usual place is known."""
    entries = dict.fromkeys(line.entry for line in found if line.entry)
    if entries:
        yield "[files]"
        yield from list(entries)[:SHOWN]


def _with_entries(
    search: Search, found: Sequence[StaleLine]
) -> Iterator[StaleLine]:
    """Yield the lines with the entry of [files] that takes all of them in one file."""
    # imported here: it reads every form of a manifest
    from release_tasks.manifests import other_manifests

    new: set[str] = set()
    for part in search.release.parts:
        new.update(spellings(part.version))
    known = [_spec(search, line, new) for line in found]
    specs: dict[str, list[str]] = {}
    for line, spec in zip(found, known, strict=True):
        if spec:
            specs.setdefault(line.path, []).append(spec)
    for line, spec in zip(found, known, strict=True):
        if spec:
            entry = other_manifests.line_of_files(line.path, *specs[line.path])
            yield line._replace(entry=entry)
        else:
            yield line


def _spec(search: Search, line: StaleLine, new: set[str]) -> str:
    """Return the text or key of [files] for a line, "" where that is not known.

    `new` are the spellings of the new versions.
    """
    from release_tasks.project import declared_versions

    if line.path in search.release.project.settings.files:
        return ""
    text = search.text(line.path)
    return declared_versions.spec_at(line.path, text, line.line, new)


def _changed(
    pattern: re.Pattern[str], old: str, new: str
) -> list[tuple[str, str]]:
    """Return the matches of a pattern that differ between two texts."""
    pairs = zip(pattern.findall(old), pattern.findall(new), strict=False)
    return [pair for pair in pairs if pair[0] != pair[1]]


def _version_before(
    release: Release, part: ComponentRelease, changes: Counter[tuple[str, str]]
) -> str | None:
    """Return the version of a component before this release: of its manifests, or its last tag."""
    present = part.component.version
    if not (part.component.crates or part.component.python):
        tagged = _last_tagged(release, part)
        if present and tagged and parse(tagged) > parse(present):
            return tagged  # a chart alone is often forgotten
    if present and present != part.version:
        return present
    if present:  # an interrupted bump: what most of the manifests had
        own = spellings(part.version)
        for (old, new), _ in changes.most_common():
            if new in own:
                return old
    return _last_tagged(release, part)


def _last_tagged(release: Release, part: ComponentRelease) -> str | None:
    tagged = []
    for tag in git.tags(release.checkout):
        version = released_version(part.component, tag)
        if version and parse(version) < parse(part.version):
            tagged.append(parse(version))
    if not tagged:
        return None
    return str(max(tagged))


def _expected(known: Iterable[Before], new: str) -> tuple[str, ...]:
    """Return the spellings of the versions before the one that a number belongs to."""
    found: list[str] = []
    for row in known:
        if any(_begins(spelling, new) for spelling in row.new):
            found += row.old
    return tuple(found)


def _begins(version: str, part: str) -> bool:
    """Return whether a number is a version, or its first parts: `1.2` of `1.2.0`."""
    return version == part or version.startswith(f"{part}.")


def _unchanged_lines(search: Search) -> Iterator[StaleLine]:
    checkout = search.release.checkout
    rows = git_grep.lines(checkout, sorted(search.olds))
    if search.ever:
        rows = git_grep.numbers(checkout)
    for path, number, text in rows:
        if path not in search.new_texts:
            yield StaleLine(path, number, text)


def _changed_lines(search: Search) -> Iterator[StaleLine]:
    wanted = search.olds | search.ever
    for path, new in search.new_texts.items():
        if any(old in new for old in wanted):
            for number, text in enumerate(new.split("\n"), 1):
                yield StaleLine(path, number, text)


def _is_stale(search: Search, line: StaleLine) -> bool:
    found = list(_VERSION_WORD.finditer(line.text))
    words = {match[1] for match in found}
    if words.isdisjoint(search.olds) and not _is_left_behind(
        search, line, words
    ):
        return False
    if may_be_old(line.path) or foreign_versions.is_past(line.text):
        return False
    if line.path in search.changelogs or search.is_log(line.path):
        return False
    if _is_missing_dependency(search.release, line):
        return True
    old = [
        match.start(1)
        for match in found
        if match[1] in search.olds | search.ever
    ]
    if all(search.is_covered(line, column) for column in old):
        return False
    if foreign_versions.is_commented_out(line.path, line.text, search.names):
        return False
    return not foreign_versions.is_of_others(
        line.path, line.line, line.text, search.names, search.text(line.path)
    )


def _is_left_behind(search: Search, line: StaleLine, words: set[str]) -> bool:
    """Return whether a line has an earlier release of the project, and none of today."""
    if words.isdisjoint(search.ever) or search.names is None:
        return False
    if len(words) > 1 or foreign_versions.is_history(line.text):
        return False
    if all(_has_other_name(search.names, line.text, word) for word in words):
        return False
    return search.names.search(line.text) is not None


def _has_other_name(own: re.Pattern[str], text: str, version: str) -> bool:
    """Tell whether each place of a version is tied to a name that is not ours: `left-1.2.0`."""
    before = [
        text[: found.start()] for found in re.finditer(re.escape(version), text)
    ]
    tied = [_TIED.search(one) for one in before]
    return bool(tied) and all(
        found is not None and not own.search(found[1]) for found in tied
    )


def _line_start(text: str, line: int) -> int:
    """Return the position of the first character of a line, counted from 1."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at


def _is_missing_dependency(release: Release, line: StaleLine) -> bool:
    """Return whether a line requires a crate by a path where the repository has none.

    Cargo accepts that while no member uses the requirement.
    """
    if not line.path.endswith("Cargo.toml"):
        return False
    found = _PATH_DEPENDENCY.match(line.text)
    if found is None:
        return False
    manifest = f"{posixpath.dirname(line.path)}/{found['folder']}/Cargo.toml"
    return posixpath.normpath(manifest).lstrip("/") not in release.project.files


def _other_locks(search: Search) -> Iterator[StaleLine]:
    """Yield the workspace's crates in the Cargo.lock of other workspaces.

    Cargo updates those only in their own folders.
    """
    versions = new_versions(search.release)
    for path in search.release.project.files:
        is_own = path == search.release.project.cargo_lock
        if is_own or posixpath.basename(path) != "Cargo.lock":
            continue
        text = search.text(path)
        for name, version, at in cargo_lock.own_packages(text):
            if version != versions.get(name, version):
                hint = f"{name} {version} (cargo update --workspace in that folder)"
                yield StaleLine(path, line_at(text, at), hint)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
