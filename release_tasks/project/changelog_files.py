"""Which file is the changelog of a folder: by the names that projects give it, and its content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from release_tasks.formats.text_files import peek, read
from release_tasks.project.model import Project, normal_name
from release_tasks.project.tag_forms import has_versions
from release_tasks.versions.numbers import first_numbers

USUAL = "CHANGELOG.md"
# The first words of names, the likeliest first; GNU's NEWS is for users, ChangeLog for authors.
STEMS = (
    "changelog",
    "changes",
    "history",
    "news",
    "releases",
    "release-notes",
    "release_notes",
    "releasenotes",
)
SUFFIXES = (".md", ".rst", ".markdown", "")
BELOW = ("docs", "doc")  # the folders of documentation beside a package
_IN_FOLDER_OF_LOGS = re.compile(
    rf"(?:docs?/(?:[^/]+/)?)?(?:{'|'.join(STEMS)}|changelogs)", re.I
)
WRITTEN_BY_TOWNCRIER = re.compile(r"(?m)^\s*\[+tool\.towncrier")
_NUMBER = re.compile(r"(?<![\w.])[vV]?(\d+(?:\.\d+)+)")
_ATX = re.compile(r" {0,3}#{1,4}[ \t]+(?P<title>.+)")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#.:_])\1{2,}\s*")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_UNRELEASED = re.compile(
    r"unreleased|not\s+(?:yet\s+)?released|\bnext\b|upcoming", re.I
)

ByFolder = Mapping[str, list[str]]  # the files with such names, by folder


def by_folder(project: Project) -> ByFolder:
    """Return the tracked files that are called as changelogs are, the likeliest first."""
    found: dict[str, list[str]] = {}
    for path in project.files:
        folder, _, name = path.rpartition("/")
        if _rank(name) is not None:
            found.setdefault(folder, []).append(path)
    for paths in found.values():
        paths.sort(
            key=lambda path: (_rank(path.rpartition("/")[2]) or (0, 0), path)
        )
    return found


def beside(
    project: Project,
    known: ByFolder,
    folder: Path,
    versions: Iterable[str | None],
) -> str | None:
    """Return the changelog in a folder, or in its documentation, None where there is none.

    `CHANGELOG.md` alone counts whatever it holds, unless it only says where the changes are told,
    or is below the root and was given up at an older version. A file of another name, and one of
    several, has to have a section of one of `versions`, of a higher one, or of what is not
    released, and no towncrier makes it.
    """
    known_versions = [version for version in versions if version]
    # a member outside of the repository
    if not folder.is_relative_to(project.root):
        return None
    here = (
        ""
        if folder == project.root
        else folder.relative_to(project.root).as_posix()
    )
    folders = (here, *(f"{here}/{name}".lstrip("/") for name in BELOW))
    paths = [path for name in folders for path in known.get(name, ())]
    usual = f"{here}/{USUAL}".lstrip("/")
    if not paths:
        return None
    if usual in paths and _leads_elsewhere(project, usual):
        paths.remove(usual)
    if paths == [usual]:
        is_given_up = here and _has_older_sections_only(
            project, usual, known_versions
        )
        return None if is_given_up else usual
    if not _has_towncrier(project):
        for path in paths:
            if _is_kept(project, path, known_versions):
                return path
    return usual if usual in paths else None


def called(
    project: Project, names: Iterable[str], versions: Iterable[str | None]
) -> str | None:
    """Return the changelog that is called as a package, in a folder for those of all packages.

    So it is in `docs/history/NAME.md`, where it has to have a section as in `beside`.
    """
    known_versions = [version for version in versions if version]
    wanted = {normal_name(name) for name in names}
    for path in project.files:
        folder, _, name = path.rpartition("/")
        stem, _, suffix = name.rpartition(".")
        if (
            normal_name(stem) not in wanted
            or f".{suffix.lower()}" not in SUFFIXES
        ):
            continue
        if _IN_FOLDER_OF_LOGS.fullmatch(folder) and _is_kept(
            project, path, known_versions
        ):
            return path
    return None


def _rank(name: str) -> tuple[int, int] | None:
    """Return how likely a name is that of a changelog, the lowest first, None for other names."""
    lower = name.lower()
    stem, dot, suffix = lower.partition(".")
    if stem not in STEMS or dot + suffix not in SUFFIXES:
        return None
    return STEMS.index(stem), SUFFIXES.index(dot + suffix)


def _has_towncrier(project: Project) -> bool:
    manifest = "pyproject.toml"
    if manifest not in project.files:
        return False
    return bool(WRITTEN_BY_TOWNCRIER.search(read(project.root, manifest)))


def _is_kept(project: Project, path: str, versions: Sequence[str]) -> bool:
    """Tell whether a file has sections of versions, also of the last one or what comes next."""
    text = peek(project.root, path)
    titles = list(_titles(text))
    if any(_UNRELEASED.search(title) for title in titles):
        return True
    numbers = [match[1] for title in titles if (match := _NUMBER.search(title))]
    if not numbers or not versions:
        return bool(numbers)
    is_higher = all(
        first_numbers(numbers[0]) > first_numbers(version)
        for version in versions
    )
    return is_higher or bool(set(versions) & set(numbers))


def _leads_elsewhere(project: Project, path: str) -> bool:
    """Tell whether a file says only where the changes are told: a link, and no version.

    So it is in a project with releases; before the first one every changelog is without versions.
    """
    if not has_versions(project.tags):
        return False
    text = _COMMENT.sub("", peek(project.root, path))
    is_unreleased = any(map(_UNRELEASED.search, _titles(text)))
    has_link = "](" in text or "://" in text
    return has_link and not is_unreleased and not _NUMBER.search(text)


def _has_older_sections_only(
    project: Project, path: str, versions: Sequence[str]
) -> bool:
    text = peek(project.root, path)
    has_sections = any(map(_NUMBER.search, _titles(text)))
    return has_sections and not _is_kept(project, path, versions)


def parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each title of Markdown and of reStructuredText with the lines below it.

    They are read as far as versions need it: what is in a block of code may be taken for a title.
    """
    title, body = "", list[str]()
    lines = text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        following = _title(line, below)
        if following is None:
            body.append(line)
            continue
        if title:
            yield title, body
        title, body = following, []
    if title:
        yield title, body


def _title(line: str, below: str) -> str | None:
    found = _ATX.fullmatch(line)
    if found:
        return found["title"]
    is_underlined = _UNDERLINE.fullmatch(below)
    if line.strip() and is_underlined and not _UNDERLINE.fullmatch(line):
        return line
    return None


def _titles(text: str) -> Iterator[str]:
    return (title for title, _ in parts(text))


def numbers_in(title: str) -> list[str]:
    """Return the numbers of a title that may be versions, without `v`."""
    return [match[1] for match in _NUMBER.finditer(title)]
