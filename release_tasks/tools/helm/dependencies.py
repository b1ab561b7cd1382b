"""What a chart depends on, whether the version is fixed, and whether helm can download it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks import shell
from release_tasks.formats import text_files, yaml_texts
from release_tasks.tools.docker.login import SECRETS


@dataclass(frozen=True)
class Dependency:
    """A chart that another one needs; `version` is that of the lock, else the range."""

    name: str
    version: str
    repository: str

    @property
    def is_exact(self) -> bool:
        """Tell whether only one version can be meant."""
        if self.repository.startswith("file:"):
            return True
        return (
            re.fullmatch(r"=?v?\d+\.\d+\.\d+(-[\w.-]+)?", self.version)
            is not None
        )


def dependencies(chart: Path) -> tuple[Dependency, ...]:
    """Return the dependencies of a chart."""
    needs, lock = "Chart.yaml", "Chart.lock"
    if (chart / "requirements.yaml").exists():  # apiVersion v1
        needs, lock = "requirements.yaml", "requirements.lock"
    locked = {row["name"]: row.get("version") for row in _rows(chart / lock)}
    found = []
    for row in _rows(chart / needs):
        name = row["name"]
        version = locked[name] if name in locked else row.get("version")
        found.append(
            Dependency(name, str(version or ""), row.get("repository") or "")
        )
    return tuple(found)


def fault(chart: Path, dependency: Dependency) -> str:
    """Return why helm cannot download a dependency, else an empty text.

    A repository of the user's own list (`@name`) is not looked at.
    """
    repository = dependency.repository
    if repository.startswith("file:"):
        path = repository.removeprefix("file://")
        if (chart / path / "Chart.yaml").exists():
            return ""
        return f"there is no chart in {path}"
    if repository.startswith("oci:"):
        words = [f"{repository.rstrip('/')}/{dependency.name}"]
    elif repository.startswith("http"):
        words = [dependency.name, f"--repo={repository}"]
    else:
        return ""
    argv = ["helm", "show", "chart", *words, f"--version={dependency.version}"]
    try:
        shell.ask(argv, secrets=SECRETS)
    except shell.Failed as error:
        return error.output.strip().splitlines()[-1].removeprefix("Error: ")
    return ""


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the dependencies that a YAML file lists, none where it is missing."""
    if not path.exists():
        return []
    data = (
        yaml_texts.load(
            text_files.content(path).decode(errors="replace"), path.name
        )
        or {}
    )
    return list(data.get("dependencies") or ())
