"""The components that a project of several versions needs, as lines for its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.settings import FILE


def ambiguity(name: str, ships: Mapping[str, Any], python: Mapping[str, str]) -> ReleaseError:
    """Return the error that asks for components, with lines that answer it as they stand.

    There is one for each version, `python` holding those of the Python packages; images and charts go
    with the one of most crates, which is called after the project where it has several.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    found = [
        *(("crates", crate.name, crate.version) for crate in ships["crates"]),
        *(("python", *one) for one in python.items()),
    ]
    for kind, thing, version in found:
        groups.setdefault(version, {}).setdefault(kind, []).append(thing)
    main, *others = sorted(groups.values(), key=lambda group: -len(group.get("crates", ())))
    main |= {
        kind.name: [kind.public_name(one) for one in ships[kind.name]]
        for kind in NAMED
        if kind.is_oci and resolved_or_empty(ships[kind.name])
    }
    lines: list[str] = []
    for group in (main, *others):
        crates = group.get("crates", [])
        one = name if group is main and len(crates) > 1 else (*crates, *group.get("python", ()))[0]
        one += "-python" if f"[components.{one}]" in lines else ""
        is_wheel = not crates and 'tag = "py-v{version}"' not in lines
        tag = (
            "v{version}"
            if group is main
            else "py-v{version}"
            if is_wheel
            else f"{one}-v{{version}}"
        )
        key = one if re.fullmatch(r"[\w-]+", one) else json.dumps(one)
        lines += [
            f"[components.{key}]",
            f'tag = "{tag}"',
            *(f"{kind} = {json.dumps(names)}" for kind, names in group.items()),
        ]
        lines += ["latest = true"] if group is main else []
    return ReleaseError(
        f"the crates{' and Python packages' if python else ''} have different versions: {', '.join(sorted(groups))}",
        f"give them one version, leave some out with [crates] ignore, or add components to {FILE}:\n"
        + "\n".join(lines),
    )
