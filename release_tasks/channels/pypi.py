"""PyPI: the wheels and the sdist of each package, compared by the hashes of the simple index."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import dist, endpoints, http, shell, terminal
from release_tasks.channels import job_token
from release_tasks.channels.pypi_files import PythonFile, normalized, shipped
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import wheels
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    State,
    compared,
)
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import twine
from release_tasks.versions.numbers import pep440

NAME = "PyPI"
AUDIENCE = "pypi"  # of what proves who a job is
NOUN = "file"
UNDO = "a file name can never be used again, even after it is deleted"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
# until an upload is given up; the same bytes may be sent twice
BROKEN_CONNECTIONS = 3
# then a version takes no more files (warehouse, forklift/legacy.py)
OPEN_FOR = timedelta(days=14)


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return every declared file: as in dist/, else as on PyPI, else by its pattern."""
    pages: dict[str, list[Any]] = {}
    found: dict[Artifact, None] = {}  # in order, each once
    for part, file in shipped(release):
        found.update(dict.fromkeys(_artifacts(part, file, pages)))
    return tuple(found)


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return the state of each file, with one read for each package."""
    packages = list(
        dict.fromkeys((one.package, one.version) for one in artifacts)
    )
    pages = http.get_many(lambda package: _published(*package), packages)
    published = dict(zip(packages, pages, strict=True))
    return [
        _status(one, published[one.package, one.version]) for one in artifacts
    ]


def is_new(artifact: Artifact) -> bool:
    """Return True when PyPI has no project of that name."""
    return versions(artifact) is None


def credentials(release: Release) -> list[ReleaseError]:
    """Return an error for each package that twine would have no credential for."""
    packages = {file.package.name: file.package for _, file in shipped(release)}
    return [
        ReleaseError(
            f"there is no token to upload {name} to PyPI",
            f"set {package.token}, TWINE_PASSWORD, or use Trusted Publishing",
        )
        for name, package in packages.items()
        if not twine.has_credential(package.token)
    ]


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Upload files with twine, wheels first.

    Raises `ReleaseError` before the first upload when a file is not in dist/: a package is uploaded
    completely or not at all.
    """
    paths = {artifact: _path(c, release, artifact) for artifact in artifacts}
    raise_all(_incomplete_packages(paths))
    tokens = {
        file.package.name: file.package.token for _, file in shipped(release)
    }
    groups: dict[str, dict[Artifact, Path]] = {}
    for artifact, path in paths.items():
        token = tokens[artifact.package]
        # one upload for all, where a second one would be somebody unknown
        name = "" if twine.identity_counts_once(token) else artifact.package
        if path:
            groups.setdefault(name, {})[artifact] = path
    for group in groups.values():
        package = next(iter(group)).package
        _upload(c, release, group, tokens[package])


def versions(artifact: Artifact) -> list[str] | None:
    """Return the versions that PyPI has of a project, None when there is no such project."""
    page = _page(artifact.package)
    if page is None:
        return None
    names = (wheels.read_name(file["filename"]) for file in page)
    return list(dict.fromkeys(name.version for name in names if name))


def offered(package: str) -> dict[str, bool]:
    """Return the versions that PyPI has of a project, and whether each is yanked (PEP 592).

    It is empty where there is no such project.
    """
    found: dict[str, bool] = {}
    for file in _page(package) or ():
        name = wheels.read_name(file["filename"])
        if name:
            is_yanked = bool(file.get("yanked"))
            found[name.version] = is_yanked and found.get(name.version, True)
    return found


def largest_file(package: str) -> int:
    """Return the size in bytes of the largest file that PyPI has of a project, 0 for none."""
    return max(
        (file.get("size") or 0 for file in _page(package) or ()), default=0
    )


def _artifacts(
    part: ComponentRelease, file: PythonFile, pages: dict[str, list[Any]]
) -> list[Artifact]:
    """Return what a declared file is; `pages` has what was read of each package before."""
    package = file.package.name
    built = [
        row
        for row in dist.of_kind(part, file.kind)
        if row.package == package and file.matches(row.name)
    ]
    if built:
        return [_built_artifact(part, file, row) for row in built]
    if package not in pages:
        pages[package] = _published(package, pep440(part.version))
    published = [
        entry["filename"]
        for entry in pages[package]
        if file.matches(entry["filename"])
    ]
    return [_artifact(part, file, name) for name in published or [file.pattern]]


def _artifact(part: ComponentRelease, file: PythonFile, name: str) -> Artifact:
    return Artifact(
        NAME, name, pep440(part.version), part.component.name, file.package.name
    )


def _built_artifact(
    part: ComponentRelease, file: PythonFile, row: dist.Built
) -> Artifact:
    artifact = replace(_artifact(part, file, row.name), sha256=row.sha256)
    path = part.dist / row.file
    if path.exists():
        return replace(artifact, path=path)
    return artifact


def _page(package: str) -> list[Any] | None:
    """Return the files of a project in the simple index (PEP 691), None when there is none."""
    url = f"{endpoints.PYPI}/simple/{normalized(package)}/"
    answer = http.get(url, {"Accept": SIMPLE_JSON})
    if answer.status == 404:
        return None
    data = answer.json()
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise ReleaseError(
            f"{url} is not a page of the simple index", "try again later"
        )
    return list(data["files"])


def _published(package: str, version: str) -> list[Any]:
    """Return the index's entries for the files of one version."""
    found = []
    for entry in _page(package) or ():
        name = wheels.read_name(entry["filename"])
        if name and name.version == version:
            found.append(entry)
    return found


def _status(artifact: Artifact, published: Sequence[Any]) -> ArtifactStatus:
    url = f"{endpoints.PYPI}/project/{normalized(artifact.package)}/{artifact.version}/"
    if published and all(entry.get("yanked") for entry in published):
        return ArtifactStatus(artifact, State.YANKED, "", url)
    for entry in published:
        if entry["filename"] == artifact.name:
            return compared(
                artifact, entry.get("hashes", {}).get("sha256", ""), url
            )
    return _missing_status(artifact, published, url)


def _missing_status(
    artifact: Artifact, published: Sequence[Any], url: str
) -> ArtifactStatus:
    times = [
        datetime.fromisoformat(entry["upload-time"])
        for entry in published
        if entry.get("upload-time")
    ]
    if not times:
        return ArtifactStatus(artifact, State.MISSING)
    deadline = min(times) + OPEN_FOR
    if datetime.now(UTC) > deadline:
        why = f"PyPI takes no files {OPEN_FOR.days} days after the first of a version"
        return ArtifactStatus(artifact, State.CLOSED, why, url)
    why = f"PyPI takes its other files until {deadline:%Y-%m-%d %H:%M} UTC"
    return ArtifactStatus(artifact, State.MISSING, why)


def _path(c: Context, release: Release, artifact: Artifact) -> Path | None:
    part = next(
        part
        for part in release.parts
        if part.component.name == artifact.component
    )
    row = dist.row_of(part, artifact.name, FileKind.WHEEL, FileKind.SDIST)
    if row is None and shell.is_dry(c):
        return part.dist / artifact.name
    return dist.file_of(part, row)


def _incomplete_packages(
    paths: Mapping[Artifact, Path | None],
) -> Iterator[ReleaseError]:
    missing: dict[tuple[str, str], list[str]] = {}
    for artifact, path in paths.items():
        if path is None:
            missing.setdefault((artifact.package, artifact.version), []).append(
                artifact.name
            )
    for (package, version), names in missing.items():
        yield ReleaseError(
            f"not in dist/: {', '.join(names)}; nothing of {package} {version} was uploaded",
            "inv build-wheels, with --target for files that another machine builds",
        )


def _upload(
    c: Context, release: Release, group: Mapping[Artifact, Path], token: str
) -> None:
    left = dict(group)
    broken = 0
    if not shell.is_dry(c):
        terminal.say(f"uploading to PyPI with {twine.credential(token)}")
    while left:
        try:
            twine.upload(c, list(left.values()), token)
            return
        except shell.Failed as error:
            # The answer to a successful upload can be lost, and another machine may upload, too.
            statuses = state(release, list(left))
            missing = [
                one.artifact for one in statuses if one.state is State.MISSING
            ]
            is_other_state = any(
                one.state not in (State.MISSING, State.SAME) for one in statuses
            )
            if is_other_state or twine.is_taken(error.output):
                return  # converge reads the states again, and reports them
            was_broken = twine.was_cut(error.output)
            broken += was_broken
            may_retry = was_broken and broken < BROKEN_CONNECTIONS
            if len(missing) == len(left) and not may_retry:
                raise _explained(error, token) from error
            left = {artifact: left[artifact] for artifact in missing}


def _explained(error: shell.Failed, token: str) -> ReleaseError:
    """Return a failed upload as an error; of a job that is not trusted, with what to enter."""
    reasons = twine.refused_job(error.output)
    if reasons and twine.identity_counts_once(token):
        claims = job_token.claims(os.environ[twine.GITLAB_IDENTITY])
    elif reasons and job_token.is_available():
        claims = job_token.claims(job_token.identity(AUDIENCE))
    else:
        return twine.explained(error, token)
    return ReleaseError(
        f"PyPI gives this job no token: {reasons}",
        f"as an owner, enter under {endpoints.PYPI}/manage/project/NAME/settings/publishing/ "
        f"(of a new project: {endpoints.PYPI}/manage/account/publishing/): "
        f"{job_token.explain(claims)}",
    )
