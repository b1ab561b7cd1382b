"""The page of each artifact in a browser, and those of the commit's runs on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from release_tasks import endpoints
from release_tasks.channels import charts as chart_channel
from release_tasks.channels import crates_io, git, github, images, pypi
from release_tasks.project.artifacts import Artifact, ArtifactStatus
from release_tasks.release import Release
from release_tasks.rules import oci
from release_tasks.tools.gh import checks, hosts
from release_tasks.versions.numbers import pep440

ACTIONS = "Actions"
RUNNING = "running"


@dataclass(frozen=True)
class Page:
    """An address for people; `state` is that of its artifact, or how a run ended."""

    channel: str
    name: str
    state: str
    url: str


def of_artifacts(
    release: Release, statuses: Iterable[ArtifactStatus]
) -> Iterator[Page]:
    """Yield the page of each artifact, once for those that share one.

    An artifact of a registry without pages, or of an origin that is not on GitHub, has none.
    """
    seen = set()
    for status in statuses:
        artifact = status.artifact
        name, url = _page(release, artifact)
        if url and url not in seen:
            seen.add(url)
            yield Page(artifact.channel, name, str(status.state), url)


def of_runs(release: Release) -> Iterator[Page]:
    """Yield the page of each workflow's newest run for the commit, and that of all runs.

    Raises `ReleaseError` where GitHub cannot be read.
    """
    repository = release.project.repository
    if repository is None:
        return
    for run in checks.runs(repository, release.commit, lambda _: True):
        yield Page(ACTIONS, run.name, run.verdict or RUNNING, run.url)
    yield Page(ACTIONS, "all runs", "", f"{hosts.web(repository)}/actions")


def _page(release: Release, artifact: Artifact) -> tuple[str, str]:
    """Return what an artifact's page is about, and its address, "" where it has none."""
    name, channel = artifact.name, artifact.channel
    if channel == crates_io.NAME:
        version = quote(artifact.version)
        return name, f"{endpoints.CRATES}/crates/{name}/{version}"
    if channel == pypi.NAME:
        package = artifact.package
        version = pep440(artifact.version)
        return package, f"{endpoints.PYPI}/project/{package}/{version}/"
    if channel in (images.NAME, chart_channel.NAME):
        return name, _of_registry(release, oci.split_tag(name)[0])
    return _of_repository(release, artifact)


def _of_repository(release: Release, artifact: Artifact) -> tuple[str, str]:
    repository = release.project.repository
    if repository is None:
        return artifact.name, ""
    tag = artifact.package or artifact.name
    if artifact.channel == github.NAME:
        page = f"{hosts.web(repository)}/releases/tag/{quote(tag)}"
        return tag, page
    if artifact.channel == git.NAME:
        return tag, f"{hosts.web(repository)}/tree/{quote(tag)}"
    return tag, ""


def _of_registry(release: Release, reference: str) -> str:
    """Return the page of a package; GHCR's is that of its repository where the owner is the same.

    GitHub Docs, "Viewing packages": a package of another owner is in the list of that owner.
    """
    name = oci.name(reference)
    owner, _, package = name.repository.partition("/")
    repository = release.project.repository
    if name.registry == endpoints.host(endpoints.GHCR):
        if repository and repository.partition("/")[0].lower() == owner:
            packages = f"{hosts.web(repository)}/pkgs/container"
            return f"{packages}/{quote(package, safe='')}"
        return f"{hosts.web(owner)}?tab=packages"
    if name.registry == oci.DOCKER_HUB:
        return f"{endpoints.DOCKER_HUB_PAGES}/r/{name.repository}/tags"
    if name.registry == endpoints.host(endpoints.QUAY_PAGES):
        return f"{endpoints.QUAY_PAGES}/{name.repository}?tab=tags"
    return ""
