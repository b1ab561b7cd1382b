"""The files that carry a version of this release, and how each is written and proved."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests import changelog, chart_yaml, kind_of
from release_tasks.manifests.text import listed
from release_tasks.tools import git

if TYPE_CHECKING:
    from release_tasks.release import Part, Release


@dataclass(frozen=True)
class Carrier:
    """A file by its path; `write` gives its new text, `prove` a sentence for each copy left behind."""

    path: str
    write: Callable[[str], str]
    prove: Callable[[str], list[str]]


def carriers(release: Release) -> Iterator[Carrier]:
    """Yield every file that carries a version; one that the settings list as well comes twice."""
    names = versions(release)
    own = release.parts[0].version if len(release.project.components) == 1 else None
    for path in dict.fromkeys(_manifests(release)):
        yield _bound(kind_of(path), path, names, own)
    for part in release.parts:
        for chart in _answered(part, "charts"):
            app = chart.app_version.format(version=part.version)
            yield _bound(chart_yaml, _relative(release, chart.folder / "Chart.yaml"), names, None, app)
    for path, spec in release.project.settings.files.items():
        yield _bound(listed(spec), path, names, release.parts[0].version)
    for part in release.parts:
        if part.component.changelog:
            yield _changelog(release, part, part.component.changelog)


def versions(release: Release) -> dict[str, str]:
    """Return the new version of every crate, package, chart and component by its name."""
    found: dict[str, str] = {}
    for part in release.parts:
        found[part.component.name] = part.version
        whole = len(release.project.components) == 1
        crates = release.project.crates if whole else _answered(part, "crates")
        found |= {crate.name: part.version for crate in crates if crate.version == part.component.version}
        for kind, key in (("python", "name"), ("charts", "name")):
            found |= {getattr(one, key): part.version for one in _answered(part, kind)}
    return found


def _bound(kind: Any, path: str, *given: Any) -> Carrier:
    return Carrier(
        path, lambda text: str(kind.set_versions(text, path, *given)), lambda text: list(kind.prove(text, path, *given))
    )


def _manifests(release: Release) -> Iterator[str]:
    if release.project.manifest:
        yield "Cargo.toml"
    yield from (_relative(release, crate.folder / "Cargo.toml") for crate in release.project.crates)
    for part in release.parts:
        yield from (_relative(release, one.folder / "pyproject.toml") for one in _answered(part, "python"))


def _answered(part: Part, kind: str) -> tuple[Any, ...]:
    """Return what a component ships of a kind; an open question does not stop the bump."""
    found = getattr(part.component, kind)
    return () if isinstance(found, ReleaseError) else tuple(found)


def _changelog(release: Release, part: Part, path: str) -> Carrier:
    date = _dated(release.top / path, part.version) or git.today(os.environ.get("SOURCE_DATE_EPOCH"))

    def prove(text: str) -> list[str]:
        try:
            changelog.section(text, part.version, path)
        except ReleaseError as error:
            return [error.problem]
        return []

    return Carrier(path, lambda text: changelog.release(text, part.version, date, part.tag, path=path), prove)


def _dated(log: Path, version: str) -> str | None:
    """Return the date that an interrupted bump has written: it is finished on another day, too."""
    text = log.read_text("utf-8", errors="replace") if log.exists() else ""
    got = re.search(rf"^#+ .*?(?<![\w.-]){re.escape(version)}(?![\w.+-]).*?(\d{{4}}-\d\d-\d\d)", text, re.M)
    return got[1] if got else None


def _relative(release: Release, path: Path) -> str:
    return path.relative_to(release.tree).as_posix()
