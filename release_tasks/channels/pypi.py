"""PyPI: the wheels and the sdist of each package, compared by the hashes of the simple index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import dist, endpoints, http, shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import wheels
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State, compared
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import PythonPackage, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import twine
from release_tasks.versions.numbers import pep440

NAME = "PyPI"
NOUN = "file"
UNDO = "a file name can never be used again, even after it is deleted"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
CUTS = 3  # broken connections until an upload is given up; the same bytes may be sent twice
OPEN_OR_SAME = {State.MISSING, State.SAME}
OPEN_FOR = timedelta(days=14)  # then a release takes no more files (warehouse, forklift/legacy.py)


@dataclass(frozen=True)
class Slot:
    """A file that a package must have: its one sdist, or the wheels for a platform tag and a Python (empty: for any)."""

    package: PythonPackage
    kind: FileKind  # wheel or sdist
    tag: str
    pattern: str  # its name, as far as it is known before it is built
    python: str = ""  # as `3.12`

    def takes(self, file: str) -> bool:
        """Tell whether a file of this version is what the slot is for."""
        name = wheels.read_name(file)
        if file == self.pattern or name is None or name.project != _normal(self.package.name):
            return file == self.pattern
        is_ours = (not self.tag or self.tag in name.platforms) and f"-{_abi(self.python)}" in file
        return (self.kind == FileKind.WHEEL) == bool(name.platforms) and is_ours


def shipped(release: Release) -> Iterator[tuple[ComponentRelease, Slot]]:
    """Yield every file that the settings declare, with the part of the release that it belongs to."""
    for part in release.parts:
        for package in resolved_or_raise(part.component.python):
            start = f"{_normal(package.name).replace('-', '_')}-{pep440(part.version)}"
            for python, tag in product(package.pythons or ("",), package.wheels or ("",)):
                yield (
                    part,
                    Slot(package, FileKind.WHEEL, tag, f"{start}-{_abi(python)}*{tag}.whl", python),
                )
            if package.sdist:
                yield part, Slot(package, FileKind.SDIST, "", f"{start}.tar.gz")


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return every declared file: as dist/ has it, else as PyPI has it, else by its pattern."""
    pages: dict[str, list[Any]] = {}
    found: list[Artifact] = []
    for part, slot in shipped(release):
        rows = [
            row
            for row in dist.of_kind(part, slot.kind)
            if row.package == slot.package.name and slot.takes(row.name)
        ]
        names = {row.name: row for row in rows}
        if not names:
            package = slot.package.name
            if package not in pages:
                pages[package] = _files(package, pep440(part.version))
            found += [
                _artifact(part, slot, f["filename"])
                for f in pages[package]
                if slot.takes(f["filename"])
            ] or [_artifact(part, slot, slot.pattern)]
        found += [_artifact(part, slot, name, row) for name, row in names.items()]
    return tuple(dict.fromkeys(found))


def state(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return the state of each file, with one read for each package."""
    wanted = list(dict.fromkeys((a.package, a.version) for a in artifacts))
    pages = dict(zip(wanted, http.get_many(lambda one: _files(*one), wanted), strict=True))
    return [_seen(artifact, pages[artifact.package, artifact.version]) for artifact in artifacts]


def is_new(artifact: Artifact) -> bool:
    """Tell whether PyPI has no project of that name."""
    return versions(artifact) is None


def versions(artifact: Artifact) -> list[str] | None:
    """Return the versions that PyPI has of a project, None where there is no project of that name."""
    page = _page(artifact.package)
    return (
        None
        if page is None
        else list(
            dict.fromkeys(
                name.version for file in page if (name := wheels.read_name(file["filename"]))
            )
        )
    )


def credentials(release: Release) -> list[ReleaseError]:
    """Return one error for each package whose upload would not know who it is."""
    packages = {slot.package.name: slot.package for _, slot in shipped(release)}
    return [
        ReleaseError(
            f"there is no token to upload {name} to PyPI",
            f"set {package.token}, TWINE_PASSWORD, or use Trusted Publishing",
        )
        for name, package in packages.items()
        if not twine.has_credential(package.token)
    ]


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Upload files with twine, wheels first, where each package's whole declared set is here or public."""
    paths = {artifact: _path(c, release, artifact) for artifact in artifacts}
    raise_all(_lacking(paths))
    tokens = {slot.package.name: slot.package.token for _, slot in shipped(release)}
    for package in dict.fromkeys(artifact.package for artifact in artifacts):
        group = {a: path for a, path in paths.items() if a.package == package and path}
        _upload(c, release, group, tokens[package])


def _artifact(
    part: ComponentRelease, slot: Slot, name: str, row: dist.Built | None = None
) -> Artifact:
    path = part.dist / row.file if row and (part.dist / row.file).exists() else None
    return Artifact(
        NAME,
        name,
        pep440(part.version),
        part.component.name,
        slot.package.name,
        row.sha256 if row else "",
        path=path,
    )


def _page(package: str) -> list[Any] | None:
    url = f"{endpoints.PYPI}/simple/{_normal(package)}/"
    answer = http.get(url, {"Accept": SIMPLE_JSON})
    if answer.status == 404:
        return None
    data = answer.json()
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise ReleaseError(f"{url} answered no index page", "try again later")
    return list(data["files"])


def _files(package: str, version: str) -> list[Any]:
    named = ((wheels.read_name(file["filename"]), file) for file in _page(package) or ())
    return [file for name, file in named if name and name.version == version]


def _seen(artifact: Artifact, there: list[Any]) -> ArtifactStatus:
    url = f"{endpoints.PYPI}/project/{_normal(artifact.package)}/{artifact.version}/"
    if there and all(file.get("yanked") for file in there):
        return ArtifactStatus(artifact, State.YANKED, "", url)
    found = next((file for file in there if file["filename"] == artifact.name), None)
    if found is None:
        return _absent(artifact, there, url)
    return compared(artifact, found.get("hashes", {}).get("sha256", ""), url)


def _absent(artifact: Artifact, there: list[Any], url: str) -> ArtifactStatus:
    times = [
        datetime.fromisoformat(file["upload-time"]) for file in there if file.get("upload-time")
    ]
    if times and datetime.now(UTC) - min(times) > OPEN_FOR:
        return ArtifactStatus(
            artifact,
            State.CLOSED,
            f"PyPI takes no files {OPEN_FOR.days} days after the first of a version",
            url,
        )
    return ArtifactStatus(
        artifact,
        State.MISSING,
        f"PyPI takes its other files until {min(times) + OPEN_FOR:%Y-%m-%d %H:%M} UTC"
        if times
        else "",
    )


def _path(c: Context, release: Release, artifact: Artifact) -> Path | None:
    part = next(part for part in release.parts if part.component.name == artifact.component)
    row = dist.row_of(part, artifact.name, FileKind.WHEEL, FileKind.SDIST)
    if row is None and shell.is_dry(c):
        return part.dist / artifact.name
    return dist.file_of(part, row)


def _lacking(paths: dict[Artifact, Path | None]) -> Iterable[ReleaseError]:
    for package, version in dict.fromkeys((a.package, a.version) for a in paths):
        names = [a.name for a, path in paths.items() if a.package == package and path is None]
        if names:
            fix = "inv build-wheels, with --target for what another machine builds"
            yield ReleaseError(
                f"{package} {version} lacks {', '.join(names)}, so nothing of it is uploaded", fix
            )


def _upload(c: Context, release: Release, group: dict[Artifact, Path], token: str) -> None:
    left, cuts = dict(group), 0
    while left:
        try:
            twine.upload(c, list(left.values()), token)
            return
        except shell.Failed as error:
            # the reply of an accepted upload can be lost, and another machine can be quicker: PyPI knows
            seen = state(release, list(left))
            if twine.is_taken(error.output) or not {one.state for one in seen} <= OPEN_OR_SAME:
                return  # converge looks again and says what is there
            still = {one.artifact: left[one.artifact] for one in seen if one.state is State.MISSING}
            cuts += twine.was_cut(error.output)
            if len(still) == len(left) and not (twine.was_cut(error.output) and cuts < CUTS):
                raise twine.explained(error, token) from error
            left = still


def _abi(python: str) -> str:
    """Return what the name of a wheel says of its Python, up to the platform; nothing for any."""
    tag = f"cp{python.replace('.', '')}"
    return f"{tag.rstrip('t')}-{tag}-" if python else ""


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
