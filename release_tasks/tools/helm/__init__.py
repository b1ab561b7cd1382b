"""helm: charts are packed into the same bytes every time, pushed, and read from their registry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, files, shell
from release_tasks.formats.archives import TEXT, pack
from release_tasks.formats.unpacking import files_in
from release_tasks.tools import outages
from release_tasks.tools.docker.login import SECRETS
from release_tasks.tools.helm import dependencies

# The media type of the layer with the .tgz (helm, "OCI-based registries").
CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
# Also where a chart is there in several versions, each for an alias of its own.
_PRESENT = ("ok", "unpacked", "too many matches")


def tag(version: str) -> str:
    """Return the tag under which helm pushes a version; a tag cannot have a plus."""
    return version.replace("+", "_")


def missing(chart: Path) -> tuple[str, ...]:
    """Return the repositories of the dependencies that are not in the chart's folder `charts/`."""
    table = shell.ask(
        ["helm", "dependency", "list", chart, "--max-col-width=0"]
    )
    found = []
    for line in table.splitlines()[1:]:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 4:
            continue
        _, _, repository, status = cells
        if status not in _PRESENT:
            found.append(repository)
    return tuple(found)


def fetch_dependencies(
    c: Context, chart: Path, repositories: Sequence[str], folder: Path
) -> None:
    """Download the dependencies in Chart.lock into the chart; `folder` is for helm's own files.

    `helm dependency build` only knows repositories of the user's configuration. Those that are
    missing there are added to a copy of it.
    """
    needed = {url for url in repositories if re.match("https?://", url)}
    env = _with_repositories(c, needed, folder)
    shell.do(
        c, ["helm", "dependency", "build", chart], env=env, secrets=SECRETS
    )


def package(
    c: Context,
    chart: Path | str,
    version: str,
    app_version: str,
    folder: Path | str,
) -> None:
    """Pack a chart into `folder`/NAME-VERSION.tgz."""
    argv = [
        "helm",
        "package",
        f"--version={version}",
        f"--app-version={app_version}",
    ]
    shell.do(c, [*argv, f"--destination={folder}", chart])


def repack(tgz: Path, target: Path, epoch: int, is_locked: bool) -> None:
    """Write a packed chart again as `target`, with the time `epoch` (seconds since 1970) only.

    A lock has the time at which it was written: `is_locked` tells that it is the project's.
    """
    entries = {}
    for name, data in files_in(tgz.name, tgz.read_bytes()).items():
        if not is_locked and re.fullmatch(
            r"[^/]+/(?:Chart|requirements)\.lock", name
        ):
            data = _with_time(data, epoch)
        entries[name] = (data, TEXT)
    files.write_bytes(target, pack(target.name, entries, epoch))
    files.set_mtime(target, epoch)


def push(c: Context, tgz: Path | str, reference: str) -> None:
    """Push a packed chart as `reference`, without a tag: helm takes name and tag from the file."""
    parent = reference.rpartition("/")[0]
    argv = ["helm", "push", *_plain_http(reference), tgz, f"oci://{parent}"]
    outages.push(c, argv, reference.partition("/")[0], SECRETS)


def show(reference: str, version: str, folder: Path) -> str:
    """Return the Chart.yaml of a pushed chart; `folder` is for helm's cache."""
    return _ask_registry(["show", "chart"], reference, version, folder)


def render(
    reference: str,
    version: str,
    folder: Path,
    name: str,
    values: Path | None = None,
) -> str:
    """Return the manifests of a pushed chart, rendered for a release called `name`."""
    words = ["template", name]
    if values:
        words.insert(1, f"--values={values}")
    return _ask_registry(words, reference, version, folder)


def _ask_registry(
    words: Sequence[str], reference: str, version: str, folder: Path
) -> str:
    argv = ["helm", *words, f"oci://{reference}", f"--version={version}"]
    env = {
        "HELM_CACHE_HOME": str(folder),
        "HELM_REPOSITORY_CACHE": str(folder / "repository"),
    }
    return shell.ask(
        [*argv, *_plain_http(reference)], cwd=folder, env=env, secrets=SECRETS
    )


def _plain_http(reference: str) -> list[str]:
    registry = reference.split("/")[0]
    return ["--plain-http"] if endpoints.is_plain_http(registry) else []


def _with_repositories(
    c: Context, needed: set[str], folder: Path
) -> Mapping[str, str]:
    """Return the variables with which helm knows the repositories, {} where it does already."""
    missing_urls = sorted(
        {url.rstrip("/") for url in needed} - set(dependencies.repositories())
    )
    if not missing_urls:
        return {}
    config = folder / "repositories.yaml"
    users = Path(shell.ask(["helm", "env", "HELM_REPOSITORY_CONFIG"]).strip())
    if users.exists():
        files.copy(users, config)
    env = {
        "HELM_REPOSITORY_CONFIG": str(config),
        "HELM_REPOSITORY_CACHE": str(folder / "cache"),
    }
    for number, url in enumerate(missing_urls, 1):
        shell.do(
            c, ["helm", "repo", "add", f"release-tasks-{number}", url], env=env
        )
    return env


def _with_time(lock: bytes, epoch: int) -> bytes:
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return re.sub(
        rb"(?m)^generated:.*$", f'generated: "{moment}"'.encode(), lock
    )
