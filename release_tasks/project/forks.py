"""Which repository the manifests name, and what GitHub says of forks and renamed repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.tools import gh
from release_tasks.tools.gh import hosts

_ADDRESS = re.compile(r"https?://([^/\s]+)/([^/\s#?]+)/([^/\s#?]+)")
# Labels of [project.urls] that name the repository (PyPI, Project Metadata, well-known labels)
_LABELS = ("repository", "source", "sourcecode", "github", "homepage")


def declared(project: Project) -> dict[str, str]:
    """Return each repository on GitHub that a published manifest names, and that manifest."""
    found: dict[str, str] = {}
    for url, file in _urls(project):
        match = _ADDRESS.match(url)
        if match is None:
            continue
        host = hosts.canonical(match[1])
        name = match[3].removesuffix(".git")
        is_name = hosts.REPOSITORY.fullmatch(f"{match[2]}/{name}")
        if hosts.is_github(host) and is_name:
            found.setdefault(hosts.repository(host, match[2], name), file)
    return found


def parent(repository: str) -> str:
    """Return the repository that another one is a fork of, "" for none or where it is unknown."""
    try:
        row = gh.read(f"repos/{repository}") or {}
    except ReleaseError:
        return ""
    home = row.get("parent") or {}
    return str(home.get("full_name") or "")


def is_renamed(name: str, new: str) -> bool:
    """Tell whether GitHub leads from one repository to the other, as it does after a move."""
    try:
        row = gh.read(f"repos/{name}") or {}
    except ReleaseError:
        return False
    full = str(row.get("full_name") or "")
    return full.lower() == hosts.without_host(new).lower()


def _urls(project: Project) -> Iterator[tuple[str, str]]:
    packages = project.workspace.packages if project.workspace else {}
    for component in project.components:
        for crate in resolved_or_empty(component.crates):
            package = packages.get(crate.name, {})
            file = (
                (crate.folder / "Cargo.toml")
                .relative_to(project.root)
                .as_posix()
            )
            for key in ("repository", "homepage"):
                yield str(package.get(key) or ""), file
        for distribution in resolved_or_empty(component.python):
            path = distribution.folder / "pyproject.toml"
            file = path.relative_to(project.root).as_posix()
            table = toml_values.load(read(project.root, file), file).get(
                "project", {}
            )
            for label, url in table.get("urls", {}).items():
                if re.sub(r"[^a-z]", "", label.lower()) in _LABELS:
                    yield str(url), file
