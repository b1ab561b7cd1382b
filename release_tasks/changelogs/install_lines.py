"""How users get a version: one command for each thing that they install."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from release_tasks.project.model import Component, Crate, resolved_or_empty
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools.gh import hosts
from release_tasks.versions.numbers import pep440
from release_tasks.versions.templates import fill, oci_tag, version_template


@dataclass(frozen=True)
class InstallLine:
    """A command, or an address, by which users get something of a version.

    `kind` is the key of `[install]` that changes it: cargo, pip, docker, helm, release, or the
    project's own.
    """

    kind: str
    name: str  # what is installed: a crate, a package, a reference
    command: str


def install_lines(
    release: Release, part: ComponentRelease
) -> list[InstallLine]:
    """Return the lines for a version: the project's own first, then each channel's.

    Raises `ReleaseError` for an unknown placeholder in `[install]`.
    """
    settings = release.project.settings.install
    found = []
    own = [kind for kind in settings if kind not in FOUND]
    for kind in (*own, *FOUND):
        template = settings.get(kind)
        if template:
            found.append(InstallLine(kind, "", _filled(template, part)))
        elif template is None:
            found += _found(release, part, kind)
    return found


def as_markdown(lines: list[InstallLine]) -> str:
    """Return the lines as a section of release notes, "" for none."""
    if not lines:
        return ""
    commands = [line.command for line in lines if line.kind != "release"]
    pages = [line.command for line in lines if line.kind == "release"]
    parts = ["## Install"]
    if commands:
        parts.append("\n".join(["```sh", *commands, "```"]))
    for page in pages:
        parts.append(f"Files and checksums: <{page}>")
    return "\n\n".join(parts) + "\n"


def _found(
    release: Release, part: ComponentRelease, kind: str
) -> Iterator[InstallLine]:
    if kind == "release":
        yield from _page(release, part)
    else:
        yield from _OF_COMPONENT[kind](part.component, part.version)


def _cargo(component: Component, version: str) -> Iterator[InstallLine]:
    """Yield how to install each program, else how to depend on each crate that no other needs."""
    crates = resolved_or_empty(component.crates)
    programs = [crate for crate in crates if crate.binaries]
    for crate in programs:
        line = f"cargo install {crate.name} --version {version}"
        yield InstallLine("cargo", crate.name, line)
    if not programs:
        for crate in _outermost(crates):
            line = f"cargo add {crate.name}@{version}"
            yield InstallLine("cargo", crate.name, line)


def _outermost(crates: tuple[Crate, ...]) -> list[Crate]:
    needed = {name for crate in crates for name in crate.needs}
    return [crate for crate in crates if crate.name not in needed]


def _pip(component: Component, version: str) -> Iterator[InstallLine]:
    for package in resolved_or_empty(component.python):
        line = f"pip install {package.name}=={pep440(version)}"
        yield InstallLine("pip", package.name, line)


def _docker(component: Component, version: str) -> Iterator[InstallLine]:
    for image in resolved_or_empty(component.images):
        template = version_template(image.tags)
        if template:
            tag = template.replace("{version}", oci_tag(version))
            line = f"docker pull {image.reference}:{tag}"
            yield InstallLine("docker", image.name, line)


def _helm(component: Component, version: str) -> Iterator[InstallLine]:
    for chart in resolved_or_empty(component.charts):
        if not chart.is_library:
            line = (
                f"helm install {chart.name} oci://{chart.reference} "
                f"--version {version}"
            )
            yield InstallLine("helm", chart.reference, line)


def _page(release: Release, part: ComponentRelease) -> Iterator[InstallLine]:
    """Yield the address of the GitHub release, where the project makes one."""
    if release.project.repository is None or part.component.promotes:
        return
    page = f"{hosts.web(release.project.repository)}/releases/tag/"
    yield InstallLine("release", part.tag, page + quote(part.tag))


def _filled(template: str, part: ComponentRelease) -> str:
    values: Mapping[str, str] = {"version": part.version, "tag": part.tag}
    return fill(template, values)


_OF_COMPONENT = {
    "cargo": _cargo,
    "pip": _pip,
    "docker": _docker,
    "helm": _helm,
}
FOUND = (
    *_OF_COMPONENT,
    "release",
)  # in this order, unless [install] says otherwise
