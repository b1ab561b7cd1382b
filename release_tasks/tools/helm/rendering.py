"""Charts as helm renders them, and which it cannot render by design: they need more values."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from release_tasks import files, shell
from release_tasks.formats import text_files, yaml_texts
from release_tasks.tools import helm
from release_tasks.versions import helm_ranges

# `required` and `fail`, values.schema.json, and `type: library` (helm 3.22)
_BY_DESIGN = re.compile(
    r"execution error at|values don't meet the specifications of the schema"
    r"|library charts are not installable"
)
_KUBERNETES = re.compile(
    r"chart requires kubeVersion: (?P<range>.+) which is incompatible with Kubernetes"
)


def render_with(
    chart: Path, version: str, app_version: str, values: Sequence[Path] = ()
) -> str:
    """Return the manifests of a chart as of a version, with its default values, else with `values`.

    `chart` is a copy that is changed: dependencies from registries are left out, because nothing
    is downloaded here. Raises `Failed` where helm does not render it.
    """
    _prepare(chart, version, app_version)
    if helm.missing(chart):
        shell.ask(["helm", "dependency", "build", "--skip-refresh", chart])
    attempts: list[list[str]] = [[], *([f"--values={path}"] for path in values)]
    for options in attempts[:-1]:
        try:
            return _template(chart, options)
        except shell.Failed:
            continue
    return _template(chart, attempts[-1])


def kubernetes_for(output: str) -> str:
    """Return a version of Kubernetes that a chart accepts which helm did not render, else "".

    `output` is what helm printed: its own version of Kubernetes is not that of every cluster.
    """
    found = _KUBERNETES.search(output)
    if found is None:
        return ""
    numbers = re.findall(r"(\d+)\.(\d+)(?:\.(\d+))?", found["range"])
    for major, minor, patch in numbers:
        for step in (0, 1, -1):
            near = int(minor) + step
            for version in (
                f"{major}.{near}.{patch or 0}",
                f"{major}.{near}.99",
            ):
                if near >= 0 and helm_ranges.admits(found["range"], version):
                    return version
    return ""


def _template(chart: Path, options: Sequence[str]) -> str:
    argv: list[str | Path] = ["helm", "template", "checked", *options, chart]
    try:
        return shell.ask(argv)
    except shell.Failed as error:
        version = kubernetes_for(error.output)
        if not version:
            raise
    return shell.ask([*argv, f"--kube-version={version}"])


def _prepare(chart: Path, version: str, app_version: str) -> None:
    """Write the versions into Chart.yaml, with only those dependencies that are in this tree."""
    manifest = chart / "Chart.yaml"
    text = text_files.content(manifest).decode("utf-8-sig", "replace")
    about = yaml_texts.load(text, manifest.name)
    about |= {"version": version, "appVersion": app_version}
    kept = []
    for row in about.get("dependencies") or ():
        repository = str(row.get("repository") or "")
        if repository.startswith("file:"):
            kept.append({**row, "version": ">=0.0.0-0"})
        elif not repository:
            kept.append(row)
    about["dependencies"] = kept
    files.write_bytes(manifest, json.dumps(about, default=str).encode())
    (chart / "Chart.lock").unlink(missing_ok=True)


def needs_more(output: str) -> str:
    """Return why helm needs values or a cluster for a chart, by what it printed; else ""."""
    if (found := _KUBERNETES.search(output)) and kubernetes_for(output):
        return found[0]
    if not _BY_DESIGN.search(output):
        return ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if _BY_DESIGN.search(line):
            following = (
                lines[index + 2 : index + 3] if line.endswith(":") else []
            )
            shown = line.removeprefix("Error: ").removeprefix(
                "[ERROR] templates/: "
            )
            return " ".join([shown, *following])
    return ""
