"""The components that a project of several versions needs, as lines for its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.settings import FILE


@dataclass
class _Row:
    """One component to be: what it ships, by kind."""

    name: str
    version: str
    ships: dict[str, list[str]] = field(default_factory=dict)


def question(name: str, ships: Mapping[str, Any], python: Mapping[str, str]) -> ReleaseError:
    """Return the error that asks for components, with lines that answer it as they stand.

    `python` has the SemVer of each Python package. Crates of one version stay together; images and
    charts go with the first component.
    """
    rows = _crates(name, ships["crates"])
    found = {row.version for row in rows} | set(python.values())
    for package, version in python.items():
        home = next((row for row in rows if row.version == version), None)
        if home is None:
            taken = package in {row.name for row in rows}
            rows.append(home := _Row(f"{package}-python" if taken else package, version))
        home.ships.setdefault("python", []).append(package)
    for kind in ("images", "charts"):
        if ships[kind] and not isinstance(ships[kind], ReleaseError):
            rows[0].ships[kind] = [thing.reference for thing in ships[kind]]
    lines = [line for row in rows for line in _lines(row, rows)]
    crates = "crates have" if len(ships["crates"]) > 1 and not python else "crates and Python packages have"
    return ReleaseError(
        f"the {crates} different versions: {', '.join(sorted(found))}",
        f"give them one version, leave some out with [crates] ignore, or add components to {FILE}:\n" + "\n".join(lines),
    )


def _crates(name: str, crates: Any) -> list[_Row]:
    groups: dict[str, list[str]] = {}
    for crate in crates:
        groups.setdefault(crate.version, []).append(crate.name)
    rows: list[_Row] = []
    for version, names in sorted(groups.items(), key=lambda pair: len(pair[1]), reverse=True):
        together = len(names) > 1 and not rows
        for one in [names] if together else [[crate] for crate in names]:
            rows.append(_Row(name if together else one[0], version, {"crates": one}))
    if [row.name for row in rows].count(name) > 1:
        rows[0].name = f"{name}-workspace"
    return rows


def _lines(row: _Row, rows: list[_Row]) -> list[str]:
    first = row is rows[0]
    plain = first and (len(row.ships["crates"]) > 1 or sum("crates" in one.ships for one in rows) == 1)
    alone = "crates" not in row.ships and sum("crates" not in one.ships for one in rows) == 1
    tag = "v{version}" if plain else "py-v{version}" if alone else f"{row.name}-v{{version}}"
    key = row.name if re.fullmatch(r"[\w-]+", row.name) else json.dumps(row.name)
    ships = [f"{kind} = {json.dumps(names)}" for kind, names in row.ships.items()]
    return [f"[components.{key}]", f'tag = "{tag}"', *ships, *(["latest = true"] if first else [])]
