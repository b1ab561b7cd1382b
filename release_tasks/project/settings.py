"""release-tasks.toml: only what cannot be discovered. A table is a kind, its key the public name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from release_tasks.errors import ReleaseError

FILE = "release-tasks.toml"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A table of the settings; an unknown key in it is an error."""


class ProjectTable(_Table, frozen=True):
    """What holds for the whole repository."""

    version: Literal["manifests", "tag"] = "manifests"
    commit: str = "release: {components}"
    branch: str | None = None  # the branch releases are made from; default: the current one
    ignore: tuple[str, ...] = ()  # paths that discovery passes over


class ComponentTable(_Table, frozen=True):
    """A part with its own version and tag."""

    tag: str = "v{version}"
    crates: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    latest: bool = False
    title: str | None = None
    assets: tuple[str, ...] | None = None
    changelog: str | None = None


class CratesTable(_Table, frozen=True):
    """Which crates go to crates.io, beyond what their manifests say."""

    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


class PythonTable(_Table, frozen=True):
    """A distribution for PyPI."""

    path: str | None = None
    wheels: tuple[str, ...] = ()  # platform tags; default: one wheel, of the building machine
    sdist: bool = True
    token: str = "PYPI_API_TOKEN"  # the name of the variable, never a value


class ImageTable(_Table, frozen=True):
    """An image; the key is its reference without a tag."""

    dockerfile: str | None = None
    platforms: tuple[str, ...] = ("linux/amd64",)
    tags: tuple[str, ...] = ("{version}", "{major}.{minor}", "{major}", "latest")
    args: dict[str, str] = {}


class ChartTable(_Table, frozen=True):
    """A chart; the key is its reference without a version."""

    path: str | None = None
    app_version: str = "{version}"


class BuildTable(_Table, frozen=True):
    """How binaries and wheels are compiled."""

    env: dict[str, str] = {}
    needs: tuple[str, ...] = ()  # programs that the build itself needs
    static: tuple[str, ...] = ()  # binaries that are linked statically


class GatesTable(_Table, frozen=True):
    """What must pass before a release."""

    run: tuple[str, ...] = ()


class GithubTable(_Table, frozen=True):
    """The GitHub release."""

    title: str = "{tag}"
    assets: tuple[str, ...] = ("binaries", "sha256")
    notes: Literal["changelog", "generated"] = "changelog"


class Settings(_Table, frozen=True):
    """All of release-tasks.toml."""

    project: ProjectTable = ProjectTable()
    components: dict[str, ComponentTable] = {}
    crates: CratesTable = CratesTable()
    python: dict[str, PythonTable] = {}
    binaries: dict[str, dict[str, str]] = {}
    images: dict[str, ImageTable] = {}
    charts: dict[str, ChartTable] = {}
    files: dict[str, str | tuple[str, ...]] = {}
    build: BuildTable = BuildTable()
    gates: GatesTable = GatesTable()
    github: GithubTable = GithubTable()


def load(root: Path) -> Settings:
    """Return the settings of a project, the defaults where it has no file.

    Raises `ReleaseError` for broken TOML, a wrong type, and an unknown key (with the nearest known one).
    """
    path = root / FILE
    if not path.exists():
        return Settings()
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{FILE} is no TOML: {error}", f"mend that line of {FILE}") from error
    for place, text, names in _templates(settings):
        _check(place, text, names)
    return settings


def _templates(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each text with `{...}` in it, where it stands, and the words that it may hold."""
    about = ("version", "tag", "component")
    yield "[project] commit", settings.project.commit, (*about, "components")
    yield "[github] title", settings.github.title, about
    for name, component in settings.components.items():
        yield f"[components.{name}] tag", component.tag, ("version", "crate") if name == "{crate}" else ("version",)
        yield f"[components.{name}] title", component.title or "", about
        if component.tag.count("{version}") != 1:
            raise ReleaseError(f"{FILE}: [components.{name}] tag: {component.tag} holds {{version}} not once", 'tag = "v{version}"')
    for name, targets in settings.binaries.items():
        for target, file in targets.items():
            yield f"[binaries.{name}] {target}", file, ("version",)
    for reference, chart in settings.charts.items():
        yield f"[charts.{reference}] app-version", chart.app_version, ("version",)


def _check(place: str, text: str, names: tuple[str, ...]) -> None:
    try:
        text.format(**dict.fromkeys(names, ""))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        known = ", ".join(f"{{{name}}}" for name in names)
        raise ReleaseError(f"{FILE}: {place}: {text} cannot be filled in ({error})", f"it may hold {known}") from error


def _explain(said: str) -> ReleaseError:
    unknown = re.search(r"unknown field `(.+?)`(?: - at `\$\.?(.*?)`)?$", said)
    if not unknown:
        what, _, where = said.partition(" - at ")
        place = where.strip("`").removeprefix("$.").removeprefix("$").replace("[...]", ".NAME")
        return ReleaseError(f"{FILE}: {place}: {what}" if place else f"{FILE}: {what}", f"mend that key of {FILE}")
    key, at = unknown[1], unknown[2] or ""
    table: type[_Table] = Settings
    for word in at.replace("[...]", "").split("."):
        table = _TABLES.get(word, table)
    names = [field.encode_name for field in msgspec.structs.fields(table)]
    near = difflib.get_close_matches(key, names, 1)
    where = f" in [{at.replace('[...]', '.NAME')}]" if at else ""
    known = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return ReleaseError(f"{FILE}: unknown key {key}{where}", known)


_TABLES: dict[str, type[_Table]] = {
    "project": ProjectTable, "components": ComponentTable, "crates": CratesTable, "python": PythonTable,
    "images": ImageTable, "charts": ChartTable, "build": BuildTable, "gates": GatesTable, "github": GithubTable,
}
