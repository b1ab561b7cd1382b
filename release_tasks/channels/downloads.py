"""How often a version was downloaded, from each channel that counts it, and the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from release_tasks import endpoints, http
from release_tasks.channels import charts, crates_io, github, images, pypi
from release_tasks.errors import ReleaseError
from release_tasks.project.model import resolved_or_empty
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import oci
from release_tasks.tools import gh
from release_tasks.versions.numbers import without_build

JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Pair:
    """A part of the release, and the version that users had before; None for a first one."""

    part: ComponentRelease
    previous: ComponentRelease | None

    @property
    def before(self) -> str:
        """Return the version before, "" without one."""
        return self.previous.version if self.previous else ""


@dataclass(frozen=True)
class Count:
    """The downloads of one thing; None is what its channel does not say."""

    channel: str
    name: str
    version: str
    downloads: int | None = None  # of this version
    previous: str = ""  # the version before
    before: int | None = None  # downloads of that
    total: int | None = None  # of all versions
    note: str = ""

    @property
    def share(self) -> float | None:
        """Return which part of the downloads of both versions are of this one, 0 to 1."""
        if self.downloads is None or self.before is None:
            return None
        both = self.downloads + self.before
        return round(self.downloads / both, 3) if both else None


def counts(release: Release, pairs: list[Pair]) -> list[Count]:
    """Return what every channel says; one that cannot be read says why in its note."""
    found: list[Count] = []
    for pair in pairs:
        component = pair.part.component
        for crate in resolved_or_empty(component.crates):
            one = _empty(crates_io.NAME, crate.name, pair)
            found += _noted(one, _crate)
        for package in resolved_or_empty(component.python):
            one = _empty(pypi.NAME, package.name, pair)
            found += _noted(one, _package)
        for image in resolved_or_empty(component.images):
            one = _empty(images.NAME, image.reference, pair)
            found += _noted(one, _repository)
        for chart in resolved_or_empty(component.charts):
            one = _empty(charts.NAME, chart.reference, pair)
            found += _noted(one, _repository)
        found += _assets(release, pair)
    return list(dict.fromkeys(found))  # flavors of an image are one repository


def _empty(channel: str, name: str, pair: Pair) -> Count:
    return Count(channel, name, pair.part.version, previous=pair.before)


def _noted(one: Count, read: Callable[[Count], Count]) -> Iterator[Count]:
    try:
        yield read(one)
    except ReleaseError as error:
        yield replace(one, note=f"not read: {error.problem}")
    except (KeyError, TypeError, ValueError):
        yield replace(one, note="not read: an answer of another form")


def _crate(one: Count) -> Count:
    """Return the downloads of a crate (crates.io API, `GET /crates/NAME`)."""
    url = f"{endpoints.CRATES}/api/v1/crates/{one.name}"
    data = _json(url)
    if data is None:
        return replace(one, note="not published")
    versions = {}
    for row in data.get("versions") or ():
        versions[without_build(str(row["num"]))] = int(row["downloads"])
    return replace(
        one,
        downloads=versions.get(without_build(one.version)),
        before=versions.get(without_build(one.previous)),
        total=int(data["crate"]["downloads"]),
    )


def _package(one: Count) -> Count:
    """Return what pypistats.org counts of a package: days, but no versions."""
    from packaging.utils import canonicalize_name

    name = canonicalize_name(one.name)
    url = f"{endpoints.PYPI_STATS}/api/packages/{name}/recent"
    data = _json(url)
    if data is None:
        return replace(one, note="not counted yet")
    rows = data["data"]
    note = (
        f"all versions: {rows['last_day']} in a day, {rows['last_week']} in a "
        f"week, {rows['last_month']} in a month"
    )
    return replace(one, note=note)


def _repository(one: Count) -> Count:
    """Return how often Docker Hub has served a repository; other registries say nothing."""
    name = oci.name(one.name)
    if name.registry != oci.DOCKER_HUB:
        return replace(one, note=f"{name.registry} does not count for others")
    url = f"{endpoints.DOCKER_HUB_PAGES}/v2/repositories/{name.repository}/"
    data = _json(url)
    if data is None:
        return replace(one, note="not published")
    return replace(one, total=int(data["pull_count"]), note="all tags")


def _assets(release: Release, pair: Pair) -> list[Count]:
    """Return the downloads of each asset of the GitHub release."""
    repository = release.project.repository
    if repository is None or pair.part.component.promotes:
        return []
    tag = _empty(github.NAME, pair.part.tag, pair)
    try:
        pages = {row["tag_name"]: row for row in gh.releases(repository)}
    except ReleaseError as error:
        return [replace(tag, note=f"not read: {error.problem}")]
    page = pages.get(pair.part.tag)
    if page is None or page["draft"]:
        return [replace(tag, note="not published")]
    before: dict[str, int] = {}
    if pair.previous and pair.previous.tag in pages:
        old = pages[pair.previous.tag]
        before = {
            asset["name"]: int(asset["download_count"])
            for asset in old["assets"]
        }
    found = []
    for asset in page["assets"]:
        one = _empty(github.NAME, asset["name"], pair)
        same = asset["name"].replace(pair.part.version, pair.before)
        count = int(asset["download_count"])
        found.append(replace(one, downloads=count, before=before.get(same)))
    return found


def _json(url: str) -> dict[str, Any] | None:
    """Return the object that a service answers, None for what it does not have.

    Raises `ReleaseError` for any other answer.
    """
    answer = http.get(url, JSON, (200, 404), remember=False)
    if answer.status == 404:
        return None
    data: dict[str, Any] = answer.json(dict)
    return data
