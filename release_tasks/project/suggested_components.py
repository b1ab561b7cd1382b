"""The components that a project with several versions needs, as lines for its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.settings import FILE

Group = dict[str, list[str]]  # public names by kind: what has the same version


def ambiguity(
    name: str, ships: Mapping[str, Any], packages: Mapping[str, str]
) -> ReleaseError:
    """Return the error for several versions, with the lines of components that solve it.

    `packages` are the versions of the Python packages. There is one component for each version;
    images and charts go with the one that has most crates.
    """
    groups = _by_version(ships, packages)
    main, *others = sorted(
        groups.values(), key=lambda group: -len(group.get("crates", ()))
    )
    for kind in NAMED:
        things = resolved_or_empty(ships[kind.name])
        if kind.is_oci and things:
            main[kind.name] = [kind.public_name(thing) for thing in things]
    lines = _main_lines(name, main)
    for group in others:
        lines += _other_lines(group, lines)
    what = "crates and Python packages" if packages else "crates"
    return ReleaseError(
        f"the {what} have different versions: {', '.join(sorted(groups))}",
        "give them one version, leave some out with [crates] ignore, "
        f"or add components to {FILE}:\n" + "\n".join(lines),
    )


def _by_version(
    ships: Mapping[str, Any], packages: Mapping[str, str]
) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for crate in ships["crates"]:
        groups.setdefault(crate.version, {}).setdefault("crates", []).append(crate.name)
    for package, version in packages.items():
        groups.setdefault(version, {}).setdefault("python", []).append(package)
    return groups


def _main_lines(project: str, group: Group) -> list[str]:
    """Return the table of the main component, named after the project if it has several crates."""
    name = project
    if len(group.get("crates", ())) <= 1:
        name = _first_name(group)
    return [*_table(name, "v{version}", group), "latest = true"]


def _other_lines(group: Group, lines: list[str]) -> list[str]:
    """Return the table of another component; `lines` are those of the tables before it."""
    name = _first_name(group)
    if f"[components.{name}]" in lines:  # a crate and a wheel with the same name
        name += "-python"
    tag = f"{name}-v{{version}}"
    if "crates" not in group and 'tag = "py-v{version}"' not in lines:
        tag = "py-v{version}"
    return _table(name, tag, group)


def _first_name(group: Group) -> str:
    names = group.get("crates") or group["python"]
    return names[0]


def _table(name: str, tag: str, group: Group) -> list[str]:
    key = name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)
    lines = [f"[components.{key}]", f'tag = "{tag}"']
    lines += [f"{kind} = {json.dumps(names)}" for kind, names in group.items()]
    return lines
