"""What a bump tells besides its edits: copies that had disagreed, and old versions that nothing covers."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from release_tasks.bumping.pins import new_versions
from release_tasks.formats.text_files import line_at
from release_tasks.manifests.text import VERSION
from release_tasks.project.tags import version_in
from release_tasks.tools import git
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.tools.git import grep as git_grep
from release_tasks.versions.numbers import parse, spellings

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release

SHOWN = 20  # lines; `inv bump --json` has them all
_WHOLE = re.compile(rf"(?<![0-9A-Za-z.])[vV]?({VERSION.pattern})")
_NUMBER = re.compile(rf"{VERSION.pattern}|[0-9]+(?:\.[0-9]+)*")
# what keeps old versions on purpose: changelogs, other programs' locks, test data, what was generated
_KEEPS = re.compile(
    r"(?:^|/)(?:changelog|changes|history|news|release[-_]?notes)(?:[._-][^/]*)?$"
    r"|(?:^|/)(?:changelogs?|fixtures?|test[-_]?data|_*snapshots_*|goldens?|cassettes|vendor|third[-_]party|node_modules)/"
    r"|(?:\.lock|\.lockb|\.sum|[-.]lock\.(?:json|yaml)|-shrinkwrap\.json|\.min\.(?:js|css)|\.map|\.snap)$",
    re.I,
)


class StaleLine(NamedTuple):
    """A line of a tracked file that still shows an old version."""

    path: str
    number: int  # counted from 1
    text: str

    def __str__(self) -> str:
        shown = self.text.strip()
        return f"{self.path}:{self.number}: {shown[:100]}{'…' if shown[100:] else ''}"


class Mismatch(NamedTuple):
    """A place that a bump changes although it did not show the version before; `wanted` is empty for other texts."""

    path: str
    number: int  # counted from 1
    said: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number} said {self.said}{', not ' if self.wanted else ''}{self.wanted}"


def forms(release: Release, texts: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return each way to write a new version, with the ways to write the version before it.

    `texts` are those of the manifests, as they are committed and as they become: an interrupted bump has
    left the new version in some of them.
    """
    is_begun = any(part.component.version == part.version for part in release.parts)
    moves = (
        zip(VERSION.findall(old), VERSION.findall(new), strict=False)
        for old, new in texts
        if is_begun
    )
    found = Counter(move for every in moves for move in every if move[0] != move[1])
    pairs = (
        (part.version, was) for part in release.parts if (was := _before(release, part, found))
    )
    return {form: spellings(was) for new, was in pairs for form in spellings(new)}


def stale(
    known: Mapping[str, tuple[str, ...]], path: str, old: str, new: str
) -> Iterator[Mismatch]:
    """Yield each place that a bump changes although it did not show the version before."""
    rows = enumerate(zip(old.split("\n"), new.split("\n"), strict=False), 1)
    for number, (was, now) in (row for row in rows if row[1][0] != row[1][1]):
        pairs = [
            pair
            for pair in zip(_NUMBER.findall(was), _NUMBER.findall(now), strict=False)
            if pair[0] != pair[1]
        ]
        for one, other in dict.fromkeys(pairs):
            wanted = next((olds for form, olds in known.items() if _begins(form, other)), ())
            if wanted and not any(_begins(form, one) for form in wanted):
                yield Mismatch(path, number, one, wanted[0])
        if not pairs:
            yield Mismatch(path, number, was.strip()[:80], "")


def find_stale(
    release: Release, new: Mapping[str, str], covered: set[str], olds: set[str]
) -> list[StaleLine]:
    """Return the lines that would still show one of the `olds` versions once the files have their `new` texts.

    `covered` are the files whose every copy a manifest knows. What keeps old versions on purpose is left
    out: changelogs, locks, test data, binary files, and what `[versions.ignore]` names.
    """
    there = [
        StaleLine(*found)
        for found in git_grep.lines(release.checkout, sorted(olds))
        if found[0] not in new
    ]
    old = {path: whole for path, whole in new.items() if any(one in whole for one in olds)}
    there += [
        StaleLine(path, at, text)
        for path, whole in old.items()
        for at, text in enumerate(whole.split("\n"), 1)
    ]
    found = [
        line
        for line in there
        if (line.path not in covered or _is_orphan(release, line))
        and not _KEEPS.search(line.path)
        and olds & {match[1] for match in _WHOLE.finditer(line.text)}
    ]
    ignored = release.project.settings.versions.ignore
    return sorted(
        line
        for line in (*found, *_locks(release))
        if not any(fnmatch.fnmatchcase(line.path, pattern) for pattern in ignored)
    )


def mismatch_lines(odd: Sequence[Mismatch]) -> Iterator[str]:
    """Yield the copies that had disagreed, in a bounded number of lines."""
    yield from map(str, odd[:SHOWN])
    if odd[SHOWN:]:
        yield f"and {len(odd) - SHOWN} more that had disagreed"


def stale_lines(lines: Sequence[StaleLine]) -> Iterator[str]:
    """Yield what a person reads about forgotten lines, in a bounded number of lines."""
    if lines:
        yield f"{len(lines)} line{'s' * (len(lines) > 1)} that no manifest covers still show{'s' * (len(lines) == 1)} an old version:"
        yield from (f"  {line}" for line in lines[:SHOWN])
        if lines[SHOWN:]:
            yield f"  and {len(lines) - SHOWN} more (inv bump --json has them all)"
        yield "name them in [files], or in [versions.ignore] with the reason why they stay"


def _is_orphan(release: Release, line: StaleLine) -> bool:
    """Tell whether a line requires a crate by a path where the repository has none: cargo does not mind while nobody uses it."""
    pin = (
        re.match(r"[^#]*\bpath *= *[\"']([^\"']+)", line.text)
        if line.path.endswith("Cargo.toml")
        else None
    )
    return (
        pin is not None
        and posixpath.normpath(f"{posixpath.dirname(line.path)}/{pin[1]}/Cargo.toml").lstrip("/")
        not in release.project.files
    )


def _locks(release: Release) -> Iterator[StaleLine]:
    """Yield the workspace's crates in the Cargo.lock of other trees: cargo brings those up to date only there."""
    names = new_versions(release)
    for path in release.project.files:
        if path.rpartition("/")[2] == "Cargo.lock" and path != "Cargo.lock":
            text = (
                (release.checkout / path).read_text("utf-8", errors="replace")
                if (release.checkout / path).exists()
                else ""
            )
            for name, version, at in cargo_lock.own(text):
                if version != names.get(name, version):
                    yield StaleLine(
                        path,
                        line_at(text, at),
                        f"{name} {version} (cargo update --workspace in that folder)",
                    )


def _before(
    release: Release, part: ComponentRelease, moves: Counter[tuple[str, str]]
) -> str | None:
    """Return the version that a component had before this release: its manifests', else its last tag's."""
    if part.component.version not in (None, part.version):
        return part.component.version
    if part.component.version and (
        was := next(
            (was for (was, now), _ in moves.most_common() if now in spellings(part.version)), None
        )
    ):
        return was
    tagged = [
        parse(found)
        for tag in git.tags(release.checkout)
        if (found := version_in(part.component, tag))
    ]
    return str(max((one for one in tagged if one < parse(part.version)), default="")) or None


def _begins(version: str, part: str) -> bool:
    return version == part or version.startswith(f"{part}.")
