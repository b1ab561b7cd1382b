"""Images and charts: deleted on request, where that can be undone, and else with the command."""

from __future__ import annotations

from collections.abc import Iterator

from invoke.context import Context

from release_tasks import endpoints, shell, terminal
from release_tasks.channels import charts, images, oci_registry
from release_tasks.channels.image_tags import (
    fixed_tags,
    moving_tags,
    shipped,
    version_tag,
)
from release_tasks.errors import ReleaseError, shorten
from release_tasks.project.artifacts import ArtifactStatus, State
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.rules import oci
from release_tasks.tools import gh, helm
from release_tasks.tools.gh import hosts, packages
from release_tasks.tools.gh.packages import PackageVersion

DEADLINE = 120.0  # seconds until the registry must show it
GONE = (State.MISSING, State.PARTIAL)
NO_TOKEN = "GitHub lists packages only with a token"


def back(request: Request) -> list[Action]:
    """Return what is to do with each chart and each image, charts first."""
    found = []
    for channel in (charts.NAME, images.NAME):
        for status in request.on(channel):
            if status.state is not State.MISSING:
                found.append(_delete(request, status))
    return found


def forward(request: Request) -> list[Action]:
    """Return what is to do with each image and each chart that GHCR can restore."""
    found: list[Action] = []
    for channel in (images.NAME, charts.NAME):
        for status in request.on(channel):
            if status.state in GONE:
                found += _restore(request, status)
    return found


def _delete(request: Request, status: ArtifactStatus) -> Action:
    names = _Names.of(request, status)
    what = "delete"

    def action(progress: Progress, remark: str) -> Action:
        channel = status.artifact.channel
        return Action(channel, names.title, what, progress, remark)

    if status.state is State.DIFFERENT:
        return action(Progress.STAYS, f"not of this release: {status.why}")
    if not request.deletes:
        return action(
            Progress.STAYS, "who runs it would miss it; --delete deletes it"
        )
    if not names.is_on_ghcr:
        return action(Progress.BY_HAND, f"skopeo delete docker://{names.title}")
    try:
        return _delete_on_ghcr(status, names)
    except ReleaseError as error:
        return action(Progress.BY_HAND, f"{error.problem}; {error.fix}")


def _delete_on_ghcr(status: ArtifactStatus, names: _Names) -> Action:
    channel, what = status.artifact.channel, "delete"
    known = names.versions()
    digest = oci_registry.digest(names.reference, names.tag)
    version = next((one for one in known if one.digest == digest), None)
    if version is None:
        raise ReleaseError(
            f"GitHub lists no package {names.package} of {names.owner} with it",
            f"delete it at {hosts.web(names.owner)}?tab=packages",
        )
    if foreign := sorted(set(version.tags) - names.own):
        why = f"the same image is {shorten(foreign)}"
        return Action(channel, names.title, what, Progress.STAYS, why)
    if sum(1 for one in known if one.tags) == 1:
        why = (
            "the only version of its package, which would have to go as a whole: "
            + packages.delete_package_line(names.owner, names.package)
        )
        return Action(channel, names.title, what, Progress.BY_HAND, why)

    def act(c: Context) -> None:
        packages.delete(c, names.owner, names.package, version)
        _wait(c, names, is_there=False)

    remark = f"can be restored for {packages.DAYS_TO_RESTORE} days"
    return Action(channel, names.title, what, Progress.TO_DO, remark, act)


def _restore(request: Request, status: ArtifactStatus) -> Iterator[Action]:
    names = _Names.of(request, status)
    if not names.is_on_ghcr:
        return
    channel, what = status.artifact.channel, "restore"
    try:
        deleted = names.versions(is_deleted=True)
    except ReleaseError as error:
        why = f"{error.problem}; {error.fix}"
        yield Action(channel, names.title, what, Progress.BY_HAND, why)
        return
    for version in deleted:
        if (
            names.tag in version.tags
            or version.digest == status.artifact.digest
        ):

            def act(c: Context, version: PackageVersion = version) -> None:
                packages.restore(c, names.owner, names.package, version)
                _wait(c, names, is_there=True)

            yield Action(channel, names.title, what, Progress.TO_DO, "", act)
            return


class _Names:
    """Where an image or a chart is, and the tags that are this version's alone."""

    def __init__(self, reference: str, tag: str, own: set[str]) -> None:
        self.reference = reference
        self.tag = tag
        self.own = own
        name = oci.name(reference)
        self.is_on_ghcr = endpoints.registry(name.registry) == endpoints.GHCR
        self.owner, _, self.package = name.repository.partition("/")

    @classmethod
    def of(cls, request: Request, status: ArtifactStatus) -> _Names:
        artifact = status.artifact
        if artifact.channel == charts.NAME:
            tag = helm.tag(artifact.version)
            return cls(artifact.name, tag, {tag})
        part, image = _image(request, artifact.name)
        own = {
            *fixed_tags(request.release, part, image),
            *moving_tags(part, image),
        }
        return cls(image.reference, version_tag(part, image), own)

    @property
    def title(self) -> str:
        """Return the reference as clients take it."""
        return f"{self.reference}:{self.tag}"

    def versions(self, is_deleted: bool = False) -> tuple[PackageVersion, ...]:
        """Return what GitHub lists; raise `ReleaseError` without the rights for that."""
        fix = f"gh auth refresh --scopes {packages.SCOPES}"
        if not gh.token():
            raise ReleaseError(NO_TOKEN, fix)
        try:
            return packages.versions(self.owner, self.package, is_deleted)
        except ReleaseError as error:
            raise ReleaseError(error.problem, fix) from error


def _image(request: Request, name: str) -> tuple[ComponentRelease, Image]:
    return next(
        pair for pair in shipped(request.release) if pair[1].name == name
    )


def _wait(c: Context, names: _Names, is_there: bool) -> None:
    """Wait until the registry shows the tag, or does not show it any more."""

    def missing() -> str:
        found = oci_registry.digest(names.reference, names.tag) is not None
        if found == is_there:
            return ""
        return f"{endpoints.host(endpoints.GHCR)} to show it of {names.title}"

    if not shell.is_dry(c):
        terminal.wait_for(missing, DEADLINE)
