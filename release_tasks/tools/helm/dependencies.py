"""What a chart depends on, whether Chart.lock fixes that, and whether helm can get it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks import shell
from release_tasks.tools.docker.login import SECRETS


@dataclass(frozen=True)
class Dependency:
    """A chart that another one needs; `version` is that of Chart.lock, else what Chart.yaml asks for."""

    name: str
    version: str
    repository: str

    @property
    def is_exact(self) -> bool:
        """Tell whether only one version can be meant."""
        return self.repository.startswith("file:") or bool(
            re.fullmatch(r"=?v?\d+\.\d+\.\d+(-[\w.-]+)?", self.version)
        )


def dependencies(chart: Path) -> tuple[Dependency, ...]:
    """Return the dependencies of a chart."""
    locked = {row["name"]: row for row in _rows(chart / "Chart.lock")}
    rows = (
        (row | {"version": locked.get(row["name"], row).get("version")})
        for row in _rows(chart / "Chart.yaml")
    )
    return tuple(
        Dependency(row["name"], str(row["version"] or ""), row.get("repository") or "")
        for row in rows
    )


def fault(chart: Path, one: Dependency) -> str:
    """Return why helm cannot get a dependency, nothing where it can or only its user knows from where."""
    if one.repository.startswith("file:"):
        path = one.repository.removeprefix("file://")
        return "" if (chart / path / "Chart.yaml").exists() else f"there is no chart in {path}"
    if one.repository.startswith("oci:"):
        named = [f"{one.repository.rstrip('/')}/{one.name}"]
    elif one.repository.startswith("http"):
        named = [one.name, f"--repo={one.repository}"]
    else:  # a name of the user's own list
        return ""
    try:
        shell.ask(["helm", "show", "chart", *named, f"--version={one.version}"], secrets=SECRETS)
    except shell.Failed as error:
        return error.output.strip().splitlines()[-1].removeprefix("Error: ")
    return ""


def _rows(path: Path) -> list[dict[str, Any]]:
    from ruamel.yaml import YAML

    data = YAML(typ="safe", pure=True).load(path) if path.exists() else None
    return list((data or {}).get("dependencies") or ())
