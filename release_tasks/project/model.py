"""The nouns of a project: what it consists of and what it ships."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from release_tasks.errors import ReleaseError

if TYPE_CHECKING:
    from release_tasks.project.settings import Settings
    from release_tasks.tools.cargo import Workspace

T = TypeVar("T")
Resolved = tuple[T, ...] | ReleaseError  # a question is an error for those who need the answer


@dataclass(frozen=True)
class Crate:
    """A crate of the workspace; `needs` are workspace crates it cannot be built without."""

    name: str
    version: str
    folder: Path
    needs: tuple[str, ...] = ()
    publish: bool = True
    binaries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binary:
    """A program for one target; `file` is the asset's name, with `{version}` in it."""

    name: str
    crate: str
    target: str
    file: str
    static: bool = False


@dataclass(frozen=True)
class Bundle:
    """An archive with one program and one file from elsewhere; `file` is the asset's name, with `{version}` in it."""

    file: str
    binary: Binary
    variant: str
    url: str
    sha256: str  # of the file from elsewhere, as 64 hex digits
    license: str


@dataclass(frozen=True)
class PythonPackage:
    """A distribution for PyPI; `folder` holds its pyproject.toml."""

    name: str
    version: str
    folder: Path
    maturin: bool
    wheels: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()  # as `3.12`; none where a wheel is for several
    sdist: bool = True
    token: str = "PYPI_API_TOKEN"


@dataclass(frozen=True)
class Image:
    """An image; `dockerfile` is relative to the root, `tags` are templates."""

    reference: str
    dockerfile: str
    platforms: tuple[str, ...]
    tags: tuple[str, ...]
    args: tuple[tuple[str, str], ...] = ()
    scan: str | None = None
    test: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    cache: tuple[str, ...] = ()  # options of docker buildx build


@dataclass(frozen=True)
class Chart:
    """A chart; `reference` ends with its name, `folder` holds its Chart.yaml."""

    reference: str
    folder: Path
    app_version: str

    @property
    def name(self) -> str:
        """Return the chart's own name."""
        return self.reference.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Gate:
    """What must pass before a release: commands that run one after the other in `folder`.

    With `installs` they run in a clean environment that has these. `{copy}` in a word stands for a copy of the
    tree, which may be written into; `paths` are the folders that pytest would look into before what is installed.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    folder: Path
    installs: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()  # as `3.12`; none for the one that runs us
    paths: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Return the commands in one line, as a person would type them."""
        return " && ".join(
            shlex.join(word.replace("{copy}/", "") for word in argv) for argv in self.commands
        )


@dataclass(frozen=True)
class Component:
    """A part of the project with its own version and tag, and the names of what it ships."""

    name: str
    tag: str
    version: str | None  # as the manifests have it; None where only the tag carries it
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
    pins: tuple[
        tuple[str, str], ...
    ] = ()  # other components, and whether pins on them "follow" or "keep"
    tag_message: str | None = None  # a template; "" for lightweight tags
    commit: str | None = None  # a template, too
    prereleases: bool = True  # whether it may have any
    promotes: bool = False  # whether only `inv promote` makes its GitHub release


@dataclass(frozen=True)
class Project:
    """A repository as it is at one commit: what it ships, in which components."""

    root: Path
    settings: Settings
    name: str
    repository: str | None  # owner/name on GitHub
    components: tuple[Component, ...]
    crates: tuple[Crate, ...] = ()  # every member of the workspace, published or not
    files: tuple[str, ...] = field(default=(), repr=False)  # what git tracks
    workspace: Workspace | None = field(default=None, repr=False)  # as cargo sees it
    left_out: tuple[str, ...] = ()  # what was found and no component names

    @property
    def manifest(self) -> Path | None:
        """Return the workspace's Cargo.toml, or None for a project without Rust."""
        return self.root / "Cargo.toml" if "Cargo.toml" in self.files else None

    @property
    def github_repository(self) -> str:
        """Return owner/name on GitHub; raise `ReleaseError` where origin is elsewhere."""
        if self.repository is None:
            raise ReleaseError("origin is not a GitHub repository", "git remote set-url origin URL")
        return self.repository

    def component(self, name: str | None) -> Component:
        """Return a component by name, or the only one; raise `ReleaseError` where that is not one."""
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
            f"{name} is no component of this project", f"known are {', '.join(names)}"
        )


def resolved_or_raise(found: Resolved[T]) -> tuple[T, ...]:
    """Return what was found; raise the question where more than one answer is possible."""
    if isinstance(found, ReleaseError):
        raise found
    return found


def resolved_or_empty(found: Resolved[T]) -> tuple[T, ...]:
    """Return what was found, nothing where that is a question: it stops only what depends on the answer."""
    return () if isinstance(found, ReleaseError) else found


def ambiguity(what: str, lines: list[str]) -> ReleaseError:
    """Return the error that asks which of several candidates is meant, with the lines that say so."""
    fix = "\n".join(("add the ones that are released to release-tasks.toml:", *lines))
    return ReleaseError(f"several {what} are possible", fix)


def either(key: str, values: list[str]) -> str:
    """Return a line that gives a key the first of its possible values, and names the others."""
    return f'{key} = "{values[0]}"  # or {", ".join(values[1:])}'
