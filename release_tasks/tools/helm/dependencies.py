"""What a chart depends on, whether the version is fixed, and whether helm can download it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks import shell
from release_tasks.formats import text_files, yaml_texts
from release_tasks.tools.docker.login import SECRETS

_OWN = ("@", "alias:")  # how a repository of the user's own list is named


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
    rows, locked = _rows(chart / needs), _rows(chart / lock)
    names = [row["name"] for row in rows]
    if [row["name"] for row in locked] == names:  # one name may be there twice
        versions = [row.get("version") for row in locked]
    else:
        known = {row["name"]: row.get("version") for row in locked}
        versions = [known.get(row["name"], row.get("version")) for row in rows]
    return tuple(
        Dependency(row["name"], str(version or ""), row.get("repository") or "")
        for row, version in zip(rows, versions, strict=True)
    )


def fault(chart: Path, dependency: Dependency) -> str:
    """Return why helm cannot download a dependency that is not in `charts/`, else ""."""
    repository = dependency.repository
    if not repository:
        return "it has no repository, and is not in charts/"
    if repository.startswith(_OWN):
        name = re.sub("^(@|alias:)", "", repository)
        if name in repositories().values():
            return ""
        return f"there is no repository {name} in helm's list here"
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


def repositories() -> dict[str, str]:
    """Return the names of the repositories in the user's list, by their address."""
    try:
        rows = json.loads(shell.ask(["helm", "repo", "list", "--output=json"]))
    except shell.Failed:  # older versions of helm fail where there is none
        return {}
    return {row["url"].rstrip("/"): row["name"] for row in rows}


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
