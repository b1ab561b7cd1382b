"""The nouns of a project: what it consists of and what it ships."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from release_tasks import endpoints
from release_tasks.errors import ReleaseError
from release_tasks.tools.cargo import Verification
from release_tasks.tools.git import origin

if TYPE_CHECKING:
    from release_tasks.project.settings import Settings
    from release_tasks.tools.cargo import Workspace

T = TypeVar("T")
ON_GITHUB = f"{endpoints.GITHUB}/OWNER/NAME.git"


class Unresolved(ReleaseError):
    """What is shipped cannot be decided: there are several candidates, or the settings name none.

    It is raised only by what needs the answer, so it stops nothing else.
    """


class Unreadable(Unresolved):
    """A manifest cannot be read, so what is shipped cannot be decided.

    It stops a bump, too, which would leave that manifest at an old version.
    """


class SeveralCandidates(Unresolved):
    """Several things of one kind could be released."""

    candidates: tuple[Any, ...] = ()  # what each of them would be


# all things of one kind, or why they are not known
Resolved = tuple[T, ...] | Unresolved


@dataclass(frozen=True)
class Crate:
    """A crate of the workspace; `needs` are workspace crates it cannot be built without."""

    name: str
    version: str
    folder: Path
    needs: tuple[str, ...] = ()
    publish: bool = True
    binaries: tuple[str, ...] = ()
    verification: Verification = field(default_factory=Verification)


@dataclass(frozen=True)
class OutsideCrate:
    """A crate that is no member of the workspace at the root."""

    name: str
    version: str
    folder: Path
    is_publishable: bool  # cargo would publish it
    version_file: str  # the manifest that has its version, from the root
    lock: str | None  # the Cargo.lock around it, from the root


@dataclass(frozen=True)
class Binary:
    """A program for one target; `file` is the asset's name, with `{version}` in it."""

    name: str
    crate: str
    target: str
    file: str
    static: bool = False
    features: tuple[str, ...] = ()  # with those that it requires
    profile: str = "release"


@dataclass(frozen=True)
class Bundle:
    """An archive with a program and a file from elsewhere.

    `file` is the asset's name, with `{version}` in it.
    """

    file: str
    binary: Binary
    variant: str
    url: str
    sha256: str  # of the file from elsewhere, as 64 hex digits
    license: str


def normal_name(name: str) -> str:
    """Return a name as PyPI compares names: `Tiny_Plain` and `tiny.plain` are one (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class PythonPackage:
    """A distribution for PyPI; `folder` holds its pyproject.toml."""

    name: str
    version: str
    folder: Path
    maturin: bool
    wheels: tuple[str, ...] = ()
    # as `3.12`; empty if one wheel is for several
    pythons: tuple[str, ...] = ()
    sdist: bool = True
    token: str = "PYPI_API_TOKEN"
    is_from_tags: bool = False  # its backend reads the version from git's tags

    def manifest(self, root: Path) -> str:
        """Return the path of its pyproject.toml from the root of the repository."""
        return (self.folder / "pyproject.toml").relative_to(root).as_posix()


@dataclass(frozen=True)
class Image:
    """An image; `dockerfile` and `context` are relative to the root, `tags` are templates.

    A further image of the same reference has a `flavor`.
    """

    reference: str
    dockerfile: str
    platforms: tuple[str, ...]
    tags: tuple[str, ...]
    edge: tuple[str, ...] = ()  # templates of tags that no version has
    context: str = "."
    target: str | None = None
    # templates, as those of labels and annotations
    args: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    scan: str | None = None
    test: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    cache: tuple[str, ...] = ()  # options of docker buildx build
    flavor: str = ""

    @property
    def name(self) -> str:
        """Return the reference, with the flavor behind it where there is one."""
        if self.flavor:
            return f"{self.reference}:{self.flavor}"
        return self.reference

    @property
    def file_name(self) -> str:
        """Return the name as the files in dist/ have it."""
        stem = self.reference.replace("/", "-").replace(":", "-")
        if self.flavor:
            return f"{stem}_{self.flavor}"
        return stem


@dataclass(frozen=True)
class Chart:
    """A chart; `reference` ends with its name, `folder` holds its Chart.yaml.

    `app_version` is a template; `values` are files from the root with which it can be rendered.
    """

    reference: str
    folder: Path
    app_version: str
    version: str = ""
    is_library: bool = False
    values: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the chart's name, without the registry."""
        return self.reference.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Gate:
    """What must pass before a release: commands that run one after the other in `folder`.

    With `installs` they run in a clean environment that has these. `{copy}` in a word stands for
    a writable copy of the tree; `paths` are the folders that pytest would search before the
    installed packages.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    folder: Path
    installs: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()  # as `3.12`; empty for the one that runs this
    paths: tuple[str, ...] = ()
    is_asked: bool = True  # by the project; else a failure is a warning

    @property
    def line(self) -> str:
        """Return the commands in one line, as a person would type them."""
        lines = [shlex.join(argv) for argv in self.commands]
        return " && ".join(lines).replace("{copy}/", "")


@dataclass(frozen=True)
class Component:
    """A part of the project with its own version and tag, and the names of what it ships."""

    name: str
    tag: str
    version: str | None  # as the manifests have it; None if only the tag has it
    crates: Resolved[Crate] = ()
    python: Resolved[PythonPackage] = ()
    binaries: Resolved[Binary] = ()
    images: Resolved[Image] = ()
    charts: Resolved[Chart] = ()
    latest: bool = True
    title: str = "{tag}"
    assets: tuple[str, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    changelog: str | None = None
    # by other component: "follow" or "keep"
    pins: tuple[tuple[str, str], ...] = ()
    tag_message: str | None = None  # a template; "" for lightweight tags
    commit: str | None = None  # a template, too
    prereleases: bool = True  # whether its versions may be prereleases
    # whether only `inv promote` makes its GitHub release
    promotes: bool = False
    # other forms that its tags had, or have in history
    former_tags: tuple[str, ...] = ()
    unknown_version: Unresolved | None = None  # why a version was not found
    # manifests of nothing that is shipped, which have its version: entries of [files]
    version_files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Project:
    """A repository as it is at one commit: what it ships, in which components."""

    root: Path
    settings: Settings
    name: str
    repository: str | None  # [host/]owner/name on GitHub, without github.com
    components: tuple[Component, ...]
    # every member of the workspace, published or not
    crates: tuple[Crate, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)  # what git tracks
    # as cargo sees it
    workspace: Workspace | None = field(default=None, repr=False)
    # that of the workspace's Cargo.toml, from the root; "" for the root itself
    cargo_folder: str = ""
    # folders of the workspaces, where one has to be chosen
    cargo_candidates: tuple[str, ...] = ()
    # what was found but is not released, and why
    left_out: tuple[str, ...] = ()
    outside: tuple[OutsideCrate, ...] = ()
    tags: tuple[str, ...] = field(default=(), repr=False)  # the oldest first

    @property
    def cargo_root(self) -> Path:
        """Return the folder of the workspace's Cargo.toml, in which cargo runs."""
        return self.root / self.cargo_folder

    @property
    def cargo_manifest(self) -> str:
        """Return the path of the workspace's Cargo.toml from the root, where there is one."""
        return posixpath.join(self.cargo_folder, "Cargo.toml")

    @property
    def cargo_lock(self) -> str:
        """Return the path of the workspace's Cargo.lock from the root, where there is one."""
        return posixpath.join(self.cargo_folder, "Cargo.lock")

    @property
    def has_cargo(self) -> bool:
        """Tell whether there is a workspace (or a crate alone), so that cargo is needed."""
        return self.cargo_manifest in self.files

    @property
    def is_locked(self) -> bool:
        """Tell whether git tracks the workspace's Cargo.lock."""
        return self.cargo_lock in self.files

    @property
    def ghcr_name(self) -> str | None:
        """Return owner/name on github.com, which GHCR has its packages under."""
        if self.repository is None or self.repository.count("/") > 1:
            return None
        return self.repository

    @property
    def github_repository(self) -> str:
        """Return [host/]owner/name; raise `ReleaseError` where origin is not on GitHub."""
        if self.repository is None:
            remote = origin.remote_name(self.root)
            if origin.url(self.root) is None:
                raise ReleaseError(
                    "this repository has no remote, so no GitHub repository",
                    f"git remote add {remote} {ON_GITHUB}",
                )
            raise ReleaseError(
                f"{remote} is not a GitHub repository",
                f"git remote set-url {remote} {ON_GITHUB}",
            )
        return self.repository

    def requested(self, name: str | None) -> tuple[Component, ...]:
        """Return the components that a version is for: all that are kept together, else one.

        Raises `ReleaseError` as `component` does.
        """
        if name is None and self.settings.project.together:
            return self.components
        return (self.component(name),)

    def component(self, name: str | None) -> Component:
        """Return a component by name, without a name the only one.

        Raises `ReleaseError` for an unknown name, and for none if there are several components.
        """
        names = [component.name for component in self.components]
        if name is None and len(names) > 1:
            raise ReleaseError(
                "this project has several components",
                f"--version {'=X.Y.Z,'.join(names)}=X.Y.Z, or --component NAME",
            )
        for component in self.components:
            if name in (None, component.name):
                return component
        raise ReleaseError(
            f"there is no component {name}", f"available: {', '.join(names)}"
        )


def resolved_or_raise(found: Resolved[T]) -> tuple[T, ...]:
    """Return what was found; raise `Unresolved` if that could not be decided."""
    if isinstance(found, Unresolved):
        raise found
    return found


def resolved_or_empty(found: Resolved[T]) -> tuple[T, ...]:
    """Return what was found, nothing if that could not be decided."""
    if isinstance(found, Unresolved):
        return ()
    return found


def ambiguity(
    what: str, lines: list[str], candidates: tuple[Any, ...] = ()
) -> Unresolved:
    """Return the error for several candidates, with the lines of the settings to choose from."""
    fix = "\n".join(
        ("add the ones that are released to release-tasks.toml:", *lines)
    )
    error = SeveralCandidates(f"several {what} are possible", fix)
    error.candidates = candidates
    return error


def choice(key: str, values: list[str]) -> str:
    """Return a line that sets a key to the first value, with the others in a comment."""
    return f'{key} = "{values[0]}"  # or {", ".join(values[1:])}'
