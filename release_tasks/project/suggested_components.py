"""The components that a project with several versions needs, as lines for its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.tools import git

# How the tags of one part of a repository are called, most usual first.
_FORMS = (
    "{name}-v",
    "{name}-",
    "{name}/v",
    "{name}/",
    "{name}@v",
    "{name}@",
    "{name}_v",
)
_BARE_FORMS = ("v", "", "release-", "release-v", "release/v", "release/")


class SeveralVersions(ReleaseError):
    """What is shipped has several versions; `lines` are the components that solve it."""

    def __init__(self, problem: str, lines: list[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(
            problem,
            "give them one version, leave some out with [crates] ignore, "
            f"or add components to {FILE}:\n" + "\n".join(lines),
        )


@dataclass
class _Group:
    """What has the same version: public names by kind, and the folders of these things."""

    version: str
    names: dict[str, list[str]] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    def add(self, kind: str, name: str, folder: Path) -> None:
        """Add one thing."""
        self.names.setdefault(kind, []).append(name)
        self.folders.append(folder)

    @property
    def first_name(self) -> str:
        """Return the name of its first crate, else of its first package."""
        return (self.names.get("crates") or self.names["python"])[0]


def ambiguity(
    project: Project, ships: Mapping[str, Any], packages: Mapping[str, str]
) -> SeveralVersions:
    """Return the error for several versions, with the lines of components that solve it.

    `packages` are the versions of the Python packages. There is one component for each version.
    The main one has the package at the root, the repository's name, or the tags without a name;
    images and charts go with it.
    """
    groups = _by_version(ships, packages)
    tags = tuple(git.tags(project.root))
    main, *others = sorted(
        groups.values(),
        key=lambda group: _importance(project, group, tags),
        reverse=True,
    )
    for kind in NAMED:
        things = resolved_or_empty(ships[kind.name])
        if kind.is_oci and things:
            main.names[kind.name] = [kind.public_name(thing) for thing in things]
    lines = _main_lines(project, main, tags)
    for group in others:
        lines += _other_lines(group, lines, tags)
    what = "crates and Python packages" if packages else "crates"
    return SeveralVersions(
        f"the {what} have different versions: {', '.join(sorted(groups))}", lines
    )


def _by_version(
    ships: Mapping[str, Any], packages: Mapping[str, str]
) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for crate in ships["crates"]:
        group = groups.setdefault(crate.version, _Group(crate.version))
        group.add("crates", crate.name, crate.folder)
    for package in resolved_or_empty(ships["python"]):
        if package.name in packages:
            version = packages[package.name]
            group = groups.setdefault(version, _Group(version))
            group.add("python", package.name, package.folder)
    return groups


def _importance(
    project: Project, group: _Group, tags: Iterable[str]
) -> tuple[bool, bool, bool, int]:
    names = [*group.names.get("crates", ()), *group.names.get("python", ())]
    own = _normal(project.name)
    return (
        project.root in group.folders,
        any(_normal(name) == own for name in names),
        any(f"{form}{group.version}" in tags for form in _BARE_FORMS),
        len(group.names.get("crates", ())),
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _main_lines(project: Project, group: _Group, tags: tuple[str, ...]) -> list[str]:
    """Return the table of the main component, named after the project if it has several crates."""
    name = project.name
    if len(group.names.get("crates", ())) <= 1:
        name = group.first_name
    start = _form(_BARE_FORMS, tags)
    return [*_table(name, f"{start}{{version}}", group.names), "latest = true"]


def _other_lines(group: _Group, lines: list[str], tags: tuple[str, ...]) -> list[str]:
    """Return the table of another component; `lines` are those of the tables before it."""
    name = group.first_name
    forms = [form.format(name=name) for form in _FORMS]
    if f"[components.{name}]" in lines:  # a crate and a wheel with the same name
        name += "-python"
        forms = [form.format(name=name) for form in _FORMS]
    if "crates" not in group.names and 'tag = "py-v{version}"' not in lines:
        forms.insert(0, "py-v")
    return _table(name, f"{_form(forms, tags)}{{version}}", group.names)


def _form(forms: Iterable[str], tags: Iterable[str]) -> str:
    """Return the form that most tags have, the first one where none has any."""

    def count(form: str) -> int:
        return sum(
            re.match(rf"{re.escape(form)}\d+\.\d+", tag) is not None for tag in tags
        )

    return max(forms, key=count)


def _table(name: str, tag: str, names: Mapping[str, list[str]]) -> list[str]:
    key = name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)
    lines = [f"[components.{key}]", f'tag = "{tag}"']
    lines += [f"{kind} = {json.dumps(found)}" for kind, found in names.items()]
    return lines
