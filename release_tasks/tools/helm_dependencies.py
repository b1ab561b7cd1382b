"""What a chart depends on, whether Chart.lock fixes that, and whether helm can get it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_tasks import shell
from release_tasks.tools.docker_login import SECRETS

FIELDS = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")  # as helm orders them


@dataclass(frozen=True)
class Dependency:
    """A chart that another one needs; `version` is that of Chart.lock, else what Chart.yaml asks for."""

    name: str
    version: str
    repository: str

    @property
    def is_exact(self) -> bool:
        """Tell whether only one version can be meant."""
        return self.repository.startswith("file:") or bool(re.fullmatch(r"=?v?\d+\.\d+\.\d+(-[\w.-]+)?", self.version))


def dependencies(chart: Path) -> tuple[Dependency, ...]:
    """Return the dependencies of a chart."""
    locked = {row["name"]: row for row in _rows(chart / "Chart.lock")}
    rows = ((row | {"version": locked.get(row["name"], row).get("version")}) for row in _rows(chart / "Chart.yaml"))
    return tuple(Dependency(row["name"], str(row["version"] or ""), row.get("repository") or "") for row in rows)


def is_stale(chart: Path) -> bool:
    """Tell whether Chart.lock was made from another Chart.yaml, so that `helm dependency build` refuses it.

    helm keeps a sha256 of both lists, written as JSON by Go (internal/resolver, HashReq).
    """
    if not (chart / "Chart.lock").exists():
        return False
    both = [[_row(row) for row in _rows(chart / name)] for name in ("Chart.yaml", "Chart.lock")]
    text = json.dumps(both, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&":  # Go writes them so that HTML can hold them
        text = text.replace(char, f"\\u{ord(char):04x}")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" != _load(chart / "Chart.lock").get("digest")


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


def _row(row: dict[str, Any]) -> dict[str, Any]:
    values = [dict(sorted(one.items())) if isinstance(one, dict) else one for one in row.get("import-values") or ()]
    whole = row | {"repository": row.get("repository") or "", "import-values": values}
    return {key: whole[key] for key in FIELDS if whole.get(key) or key == "repository"}


def _rows(path: Path) -> list[dict[str, Any]]:
    return list(_load(path).get("dependencies") or ()) if path.exists() else []


def _load(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(path) or {}
