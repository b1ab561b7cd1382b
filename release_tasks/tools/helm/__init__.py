"""helm: charts are packed into the same bytes every time, and pushed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, files, shell
from release_tasks.formats.archives import TEXT, pack, read
from release_tasks.tools.docker.login import SECRETS

CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"  # helm's own name for the layer with the .tgz


def tag(version: str) -> str:
    """Return the tag under which helm pushes a version; a tag cannot have a plus."""
    return version.replace("+", "_")


def lacking(chart: Path) -> tuple[str, ...]:
    """Return the repositories of the dependencies that are not in the chart's folder `charts/`."""
    lines = shell.ask(["helm", "dependency", "list", chart, "--max-col-width=0"]).splitlines()[1:]
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines if line.strip()]
    return tuple(row[2] for row in rows if len(row) == 4 and row[3] not in ("ok", "unpacked"))


def fetch_dependencies(c: Context, chart: Path, repositories: Sequence[str], folder: Path) -> None:
    """Put every dependency into the chart, as its Chart.lock says; `folder` is for helm's own files.

    `helm dependency build` knows only repositories that somebody added, so those of the chart
    are added to a copy of the user's configuration.
    """
    env = _with_repositories(c, {url for url in repositories if re.match("https?://", url)}, folder)
    shell.do(c, ["helm", "dependency", "build", chart], env=env, secrets=SECRETS)


def package(
    c: Context, chart: Path | str, version: str, app_version: str, folder: Path | str
) -> None:
    """Pack a chart into `folder`/NAME-VERSION.tgz."""
    shell.do(
        c,
        [
            "helm",
            "package",
            f"--version={version}",
            f"--app-version={app_version}",
            f"--destination={folder}",
            chart,
        ],
    )


def repack(tgz: Path, target: Path, epoch: int, is_locked: bool) -> None:
    """Write a packed chart again with fixed times and order, as `target`, itself of the time `epoch`.

    `epoch` is in seconds since 1970. Of a chart that was not locked, Chart.lock was made just
    now, and says when.
    """
    inside = {name: (data, TEXT) for name, data in read(tgz.name, tgz.read_bytes()).items()}
    for name in (
        () if is_locked else [name for name in inside if re.fullmatch("[^/]+/Chart.lock", name)]
    ):
        inside[name] = _timeless(inside[name][0], epoch), TEXT
    files.write_bytes(target, pack(target.name, inside, epoch))
    files.set_mtime(target, epoch)


def push(c: Context, tgz: Path | str, reference: str) -> None:
    """Push a packed chart as `reference`, which ends with the chart's name; helm takes the tag from the file."""
    place = reference.rpartition("/")[0]
    plain = ["--plain-http"] if endpoints.registry(place.split("/")[0]).startswith("http:") else []
    shell.do(c, ["helm", "push", *plain, tgz, f"oci://{place}"], secrets=SECRETS)


def _with_repositories(c: Context, needed: set[str], folder: Path) -> Mapping[str, str]:
    try:
        known = json.loads(shell.ask(["helm", "repo", "list", "--output=json"]))
    except shell.Failed:  # what older versions of helm say where there is none
        known = []
    missing = sorted(
        {url.rstrip("/") for url in needed} - {row["url"].rstrip("/") for row in known}
    )
    if not missing:
        return {}
    config = folder / "repositories.yaml"
    theirs = Path(shell.ask(["helm", "env", "HELM_REPOSITORY_CONFIG"]).strip())
    if theirs.exists():
        files.copy(theirs, config)
    env = {"HELM_REPOSITORY_CONFIG": str(config), "HELM_REPOSITORY_CACHE": str(folder / "cache")}
    for number, url in enumerate(missing, 1):
        shell.do(c, ["helm", "repo", "add", f"release-tasks-{number}", url], env=env)
    return env


def _timeless(lock: bytes, epoch: int) -> bytes:
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return re.sub(rb"(?m)^generated:.*$", f'generated: "{moment}"'.encode(), lock)
