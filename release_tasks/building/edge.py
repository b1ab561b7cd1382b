"""Images of the newest commit, tested, under tags that no version has: `main`, `sha-0123abc`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import binaries, images
from release_tasks.building.image_files import ImageFiles
from release_tasks.channels import git as git_channel
from release_tasks.channels import image_tags, oci_registry
from release_tasks.channels import images as channel
from release_tasks.channels.channel import make_artifact
from release_tasks.channels.image_pointers import REVISION
from release_tasks.converge import unconfirmed_names
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.formats import oci_layout, text_files
from release_tasks.http import get_many
from release_tasks.printable import word
from release_tasks.project import discovery
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import (
    Component,
    Image,
    Project,
    resolved_or_raise,
)
from release_tasks.project.settings import FILE
from release_tasks.project.tags import manifest_version
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker, git
from release_tasks.tools.git import origin
from release_tasks.versions.templates import fill


@dataclass(frozen=True)
class EdgeImage:
    """An image, its tags that are to be written, and where its digest is published already."""

    files: ImageFiles
    todo: tuple[str, ...]
    published: str = ""  # a digest, "" where it has to be built

    @property
    def reference(self) -> str:
        """Return the reference without a tag."""
        return self.files.image.reference


def release(c: Context, component: str | None) -> Release:
    """Return the release of HEAD without a version, with the images that have tags for it.

    Raises `ReleaseError` where no image has any, for uncommitted changes, and where HEAD is not on
    the release branch of origin: what is not merged must not become its tag.
    """
    checkout = git.top(Path.cwd())
    project = discovery.discover(checkout)
    commit = git.head(checkout)
    wanted = project.components
    if component:
        wanted = (project.component(component),)
    parts = []
    for one in wanted:
        shipped = [
            image for image in resolved_or_raise(one.images) if image.edge
        ]
        if shipped:
            parts.append(_part(project, one, shipped, commit))
    if not parts:
        raise ReleaseError(
            "no image has tags for its newest commit",
            f'add to {FILE}:\n[images."{_first_key(wanted)}"]\n'
            'edge = ["main", "sha-{sha}"]',
        )
    if changed := git.changed(checkout):
        raise ReleaseError(
            f"uncommitted changes: {shorten(changed)}", "commit or stash them"
        )
    _require_merged(project, commit)
    found = Release(
        project, tuple(parts), checkout, checkout, commit, is_tagged=False
    )
    if not shell.is_dry(c):
        dist.lock(found)
        for part in parts:
            dist.discard_stale_build(found, part)
    return found


def states(release: Release) -> list[EdgeImage]:
    """Return what the registry has of each image.

    Raises `ReleaseError` where a tag of this commit has another one.
    """
    return [
        _state(release, ImageFiles(part, image))
        for part, image in image_tags.shipped(release)
    ]


def build(
    c: Context,
    release: Release,
    states: Sequence[EdgeImage],
    new: str | None = None,
) -> None:
    """Build, scan and test what has to be built, with the binaries that it copies.

    Raises `ReleaseError` first for each name that is new to its registry and not in `new`.
    """
    missing = [one.files for one in states if one.todo and not one.published]
    artifacts = [
        make_artifact(channel.NAME, file.part, file.image.name, None)
        for file in missing
    ]
    raise_all(unconfirmed_names(channel, artifacts, new))
    if any(_takes_binaries(release, file.image) for file in missing):
        binaries.build(c, release, None)
    unbuilt = [file for file in missing if _built(file) is None]
    if unbuilt:
        images.build_files(c, release, unbuilt)


def publish(c: Context, release: Release, states: Sequence[EdgeImage]) -> None:
    """Push each image by its digest, and point its tags at that.

    Raises `ReleaseError` where a registry then has another digest.
    """
    docker.require()
    for one in states:
        if not one.todo:
            terminal.say(
                f"nothing to do, {one.files.image.name} has {release.commit[:7]}"
            )
            continue
        if one.published:
            source = f"{one.reference}@{one.published}"
            docker.create(c, source, one.reference, one.todo)
            digest = one.published
        else:
            digest = _push(c, one)
        if shell.is_dry(c):
            continue
        _compare(one, digest)
        names = shorten([f"{one.reference}:{tag}" for tag in one.todo])
        terminal.say(f"published {names} ({digest[:19]})")


def _first_key(wanted: Sequence[Component]) -> str:
    """Return the name of the first image, as the settings have it, or what stands for one."""
    for component in wanted:
        for image in resolved_or_raise(component.images):
            return image.name
    return "REGISTRY/OWNER/NAME"


def _part(
    project: Project,
    component: Component,
    shipped: Sequence[Image],
    commit: str,
) -> ComponentRelease:
    """Return a component with the images that have tags for the newest commit."""
    tag = f"edge-{commit[:7]}"
    if len(project.components) > 1:
        tag = f"edge-{component.name}-{commit[:7]}"
    return ComponentRelease(
        replace(component, images=tuple(shipped)),
        _version(project, component, commit),
        tag,
        project.root / "dist" / tag,
        is_edge=True,
    )


def _version(project: Project, component: Component, commit: str) -> str:
    """Return the version that the manifests have, one of the commit where only tags have it."""
    try:
        found = manifest_version(project.root, component)
    except ReleaseError:  # such as 1.3.0.dev0
        found = None
    return found or f"0.0.0-edge.g{commit[:7]}"


def _require_merged(project: Project, commit: str) -> None:
    branch = git_channel.usual_branch(project)
    if origin.url(project.root) is None:
        raise ReleaseError(
            "there is no remote that says what is merged",
            "git remote add origin URL",
        )
    if branch is None:
        raise ReleaseError(
            "nothing says which branch of origin has what is merged",
            f'add to {FILE}:\n[project]\nbranch = "BRANCH"',
        )
    head = origin.refs(project.root).get(f"refs/heads/{branch}", "")
    if head and not _is_known(project.root, head):
        head = ""
    if not head or not git.is_ancestor(project.root, commit, head):
        raise ReleaseError(
            f"{commit[:7]} is not on {branch} of origin, whose newest commit "
            "these images are of",
            _way_to(project, branch, head),
        )


def _way_to(project: Project, branch: str, head: str) -> str:
    """Return what to type for HEAD to be on a branch of origin, whose commit is `head`."""
    tree = project.root
    if git.branch(tree) != branch:
        return f"git switch {word(branch)}, or merge it there and push that"
    place = f"{word(origin.remote_name(tree))} {word(branch)}"
    if head and not git.is_ancestor(tree, head, git.head(tree)):
        return f"git pull --rebase {place}, then git push {place}"
    return f"git push {place}"


def _is_known(tree: Path, commit: str) -> bool:
    """Tell whether a commit is here, fetching it where origin still has it."""
    try:
        origin.fetch_commit(tree, commit)
    except shell.Failed:
        return False
    return True


def _tags(release: Release, image: Image) -> dict[str, bool]:
    """Return the tags of an image for the commit, and whether each stays with that commit."""
    values = {"sha": release.commit[:7], "commit": release.commit}
    tags = {}
    for template in image.edge:
        tag = fill(template, values)
        tags[tag] = tag != template
    return tags


def _state(release: Release, file: ImageFiles) -> EdgeImage:
    image = file.image
    tags = _tags(release, image)
    digests = get_many(
        lambda tag: oci_registry.digest(image.reference, tag), tags
    )
    there = dict(zip(tags, digests, strict=True))
    commits = _commits(image, there)
    published, todo = "", []
    for tag, stays in tags.items():
        commit = commits.get(tag, "")
        if commit == release.commit:
            published = there[tag] or ""
        elif commit and stays:
            raise ReleaseError(
                f"{image.reference}:{tag} was built from commit {commit[:7]}, "
                f"not {release.commit[:7]}",
                'use the whole commit in the tag: edge = ["sha-{commit}"]',
            )
        elif commit and _is_newer(release, commit):
            terminal.say(
                f"{image.reference}:{tag} stays at {commit[:7]}, which is newer"
            )
        else:
            todo.append(tag)
    return EdgeImage(file, tuple(todo), published)


def _commits(image: Image, digests: Mapping[str, str | None]) -> dict[str, str]:
    """Return the commit that each published tag was built from, "" where nothing says it.

    Whoever may push a tag writes that, and git would take some texts for options.
    """
    found = {}
    for tag, digest in digests.items():
        if digest:
            labels = oci_registry.labels(image.reference, tag)
            commit = labels.get(REVISION, "")
            found[tag] = commit if git.is_commit(commit) else ""
    return found


def _is_newer(release: Release, commit: str) -> bool:
    """Tell whether a published commit comes after that of the release."""
    tree = release.checkout
    return _is_known(tree, commit) and git.is_ancestor(
        tree, release.commit, commit
    )


def _takes_binaries(release: Release, image: Image) -> bool:
    text = text_files.peek(release.source_tree, image.dockerfile)
    return docker.takes_binaries(text)


def _built(file: ImageFiles) -> Path | None:
    row = dist.row_of(file.part, file.image.name, FileKind.IMAGE)
    return dist.file_of(file.part, row)


def _push(c: Context, one: EdgeImage) -> str:
    """Push an image from its OCI tar in dist/, and return its digest."""
    if shell.is_dry(c):
        source = "oci-layout://<layout>@<digest>"
        docker.create(c, source, one.reference, one.todo)
        return ""
    tar = _built(one.files)
    if tar is None:
        raise ReleaseError(
            f"{one.files.image.name} was not built: a platform is missing",
            "inv publish-images --edge builds every platform on one machine",
        )
    with files.scratch("image") as folder:
        source = oci_layout.unpack(tar, folder)
        docker.create(c, source, one.reference, one.todo)
    return oci_layout.digest_of(tar)


def _compare(one: EdgeImage, digest: str) -> None:
    def wrong() -> Iterator[ReleaseError]:
        for tag in one.todo:
            there = oci_registry.digest(one.reference, tag)
            if there != digest:
                yield ReleaseError(
                    f"{one.reference}:{tag} has {there or 'nothing'}, "
                    f"expected {digest}",
                    "run it again; another run may have written the same tag",
                )

    raise_all(wrong())
