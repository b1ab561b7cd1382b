"""The files that carry a version of this release, and how each is written and proved."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_tasks.bumping import pins, version_copies
from release_tasks.bumping.version_copies import relative
from release_tasks.errors import ReleaseError
from release_tasks.manifests import (
    cargo_toml,
    chart_yaml,
    kind_of,
    pyproject,
    python_module,
    uv_lock,
)
from release_tasks.manifests.text import listed
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.tools import git

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release


@dataclass(frozen=True)
class VersionFile:
    """A file by its path; `write` gives its new text, `prove` a sentence for each copy left behind."""

    path: str
    write: Callable[[str], str]
    mismatches: Callable[[str], list[str]]
    is_whole: bool = False  # it knows every copy in the file


def version_files(release: Release) -> Iterator[VersionFile]:
    """Yield every file that carries a version; one that the settings list as well comes twice."""
    shared = pins.workspace_version(release)
    for path, crates in pins.manifests(release).items():
        yield _bound(cargo_toml, path, crates, shared, is_whole=True)
    for part in release.parts:
        for package in resolved_or_empty(part.component.python):
            path = relative(release, package.folder / "pyproject.toml")
            yield _bound(pyproject.KIND, path, {}, part.version, is_whole=True)
        for path in version_copies.sources(release, resolved_or_empty(part.component.python)):
            yield _bound(kind_of(path) or python_module.KIND, path, {}, part.version)
        for chart in resolved_or_empty(part.component.charts):
            app = chart.app_version.format(version=part.version)
            yield _bound(
                chart_yaml.kind(app),
                relative(release, chart.folder / "Chart.yaml"),
                {},
                part.version,
                is_whole=True,
            )
    for path, locked in version_copies.uv_locks(release):
        yield _bound(uv_lock.KIND, path, locked)
    yield from _listed(release, {part.component.name: part.version for part in release.parts})
    for part in release.parts:
        if part.component.changelog:
            yield _changelog(release, part, part.component.changelog)


def _bound(kind: Any, path: str, *given: Any, is_whole: bool = False) -> VersionFile:
    return VersionFile(
        path,
        lambda text: str(kind.set_versions(text, path, *given)),
        lambda text: list(kind.mismatches(text, path, *given)),
        is_whole,
    )


def _listed(release: Release, names: dict[str, str]) -> Iterator[VersionFile]:
    tracked = set(git.tracked(release.checkout)) if release.project.settings.files else set()
    current = {one.name: one.version for one in release.project.components if one.version}
    for path, spec in release.project.settings.files.items():
        if path not in tracked:
            raise ReleaseError(
                f"{FILE}: [files] {path} is not in the repository",
                f"git add {path}, or mend the path",
            )
        version = version_copies.version_of(release, path)
        yield _bound(listed(spec), path, current | names, version)
        for lock in version_copies.npm_locks(path) if spec == "version" else ():
            if lock in tracked:
                yield _bound(kind_of(lock), lock, {}, version)


def _changelog(release: Release, part: ComponentRelease, path: str) -> VersionFile:
    from release_tasks.changelogs import changelog, dates, new_section, notes

    date = _dated(release.checkout / path, part.version) or git.today(
        os.environ.get("SOURCE_DATE_EPOCH")
    )

    def write(text: str) -> str:
        body = ""
        if not changelog.has_section(text, part.version):
            body = notes.printed(release, part)
        section = new_section.NewSection(part.version, date, part.tag, body)
        return new_section.add(text, section, path)

    def mismatches(text: str) -> list[str]:
        if dates.is_dated(text):
            return []
        try:
            changelog.section(text, part.version, path)
        except ReleaseError as error:
            return [error.problem]
        return []

    return VersionFile(path, write, mismatches)


def _dated(log: Path, version: str) -> str | None:
    """Return the date that an interrupted bump has written: it is finished on another day, too."""
    text = log.read_text("utf-8", errors="replace") if log.exists() else ""
    got = re.search(
        rf"^#+ .*?(?<![\w.-]){re.escape(version)}(?![\w.+-]).*?(\d{{4}}-\d\d-\d\d)", text, re.M
    )
    return got[1] if got else None
