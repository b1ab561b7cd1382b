"""What a repository ships, found in its own files: one candidate is a default, two are a question."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.components import split
from release_tasks.project.model import Binary, Chart, Crate, Found, Image, Project, PythonPackage
from release_tasks.project.settings import FILE, Settings, load
from release_tasks.tools import cargo, git


def discover(root: Path) -> Project:
    """Return the project at `root` as its files are now; raise `ReleaseError` for unreadable ones."""
    return _discover(root, git.fingerprint(root))


@lru_cache(maxsize=8)
def _discover(root: Path, fingerprint: str) -> Project:
    settings = load(root)
    files = _visible(git.tracked(root), settings.project.ignore)
    name = _repository(git.remote_url(root) or _declared_url(root))
    python = _python(root, files, settings)
    crates = _crates(root, files, settings, _built_by_maturin(root, files))
    project = Project(root, settings, (name or root.name).split("/")[-1], name, (), crates, files)
    ships = {
        "crates": tuple(crate for crate in crates if crate.publish),
        "python": python,
        "binaries": _binaries(crates, settings),
        "images": _images(files, settings, name),
        "charts": _charts(root, files, settings, name),
    }
    return split(project, ships)


def _visible(files: Iterable[str], ignore: tuple[str, ...]) -> tuple[str, ...]:
    def hidden(path: str) -> bool:
        folders = PurePosixPath(path).parts[:-1]
        return any(part.startswith(".") for part in folders) or any(
            path == skip or path.startswith(f"{skip.rstrip('/')}/") for skip in ignore
        )

    return tuple(path for path in files if not hidden(path))


def _repository(url: str | None) -> str | None:
    got = re.search(r"github\.com[:/]+([^/]+/[^/]+?)(?:\.git)?/?$", url or "")
    return got[1] if got else None


def _declared_url(root: Path) -> str | None:
    """Return the repository that the manifests name, for a checkout without a remote."""
    for name in ("Cargo.toml", "pyproject.toml"):
        text = (root / name).read_text("utf-8-sig") if (root / name).exists() else ""
        if got := re.search(r'^\s*"?[Rr]epository"?\s*=\s*"([^"]+)"', text, re.M):
            return got[1]
    return None


def _crates(root: Path, files: tuple[str, ...], settings: Settings, maturin: set[Path]) -> tuple[Crate, ...]:
    if "Cargo.toml" not in files:
        return ()
    members = cargo.members(root)
    names = {member.name for member in members}
    for key in ("ignore", "include"):
        for name in getattr(settings.crates, key):
            if name not in names:
                raise ReleaseError(f"{FILE}: [crates] {key} names {name}, which is no crate here", f"known are {', '.join(sorted(names))}")

    def published(member: cargo.Member) -> bool:
        if member.name in settings.crates.include:
            return True
        return member.publish and member.name not in settings.crates.ignore and member.folder not in maturin

    return tuple(
        Crate(m.name, m.version, m.folder, m.needs, published(m), m.binaries) for m in members
    )


def _pyprojects(root: Path, files: tuple[str, ...]) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in files:
        if PurePosixPath(path).name == "pyproject.toml":
            try:
                found.append(((root / path).parent, tomllib.loads((root / path).read_text("utf-8-sig"))))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ReleaseError(f"{path} is no TOML: {error}", f"mend that line of {path}") from error
    return found


def _is_maturin(data: dict[str, Any]) -> bool:
    return str(data.get("build-system", {}).get("build-backend", "")).startswith("maturin")


def _built_by_maturin(root: Path, files: tuple[str, ...]) -> set[Path]:
    folders = set()
    for folder, data in _pyprojects(root, files):
        if _is_maturin(data):
            manifest = data.get("tool", {}).get("maturin", {}).get("manifest-path", "Cargo.toml")
            folders.add((folder / manifest).resolve().parent)
    return folders


def _python(root: Path, files: tuple[str, ...], settings: Settings) -> Found[PythonPackage]:
    candidates: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for folder, data in _pyprojects(root, files):
        project = data.get("project", {})
        private = any("Do Not Upload" in text for text in project.get("classifiers", ()))
        if "build-system" in data and "name" in project and not private:
            candidates.setdefault(project["name"], []).append((folder, data))
    wanted = list(settings.python) or list(candidates)
    if not settings.python and len(candidates) > 1:
        return _question("Python packages", [f'[python."{name}"]' for name in candidates])
    found = []
    for name in wanted:
        path = settings.python[name].path if name in settings.python else None
        places = [p for p in candidates.get(name, ()) if path is None or p[0] == root / path]
        if not places:
            return ReleaseError(f"{FILE}: [python.{name}]: no pyproject.toml with that name and a build system", f"known are {', '.join(candidates) or 'none'}")
        if len(places) > 1:
            return _question(f"folders for {name}", [f'[python."{name}"]\npath = "{p[0].relative_to(root)}"' for p in places])
        found.append(_package(root, *places[0], settings))
    return tuple(found)


def _package(root: Path, folder: Path, data: dict[str, Any], settings: Settings) -> PythonPackage:
    from release_tasks.project.settings import PythonTable

    name = data["project"]["name"]
    table = settings.python.get(name, PythonTable())
    return PythonPackage(
        name, data["project"].get("version", ""), folder, _is_maturin(data), table.wheels, table.sdist, table.token
    )


def _binaries(crates: tuple[Crate, ...], settings: Settings) -> Found[Binary]:
    owners = {program: crate.name for crate in crates if crate.publish for program in crate.binaries}
    owners = {program: crate.name for crate in crates for program in crate.binaries} | owners
    found = []
    for name, targets in settings.binaries.items():
        if name not in owners:
            return ReleaseError(f"{FILE}: [binaries.{name}]: no crate has that binary", f"known are {', '.join(owners) or 'none'}")
        for target, file in targets.items():
            found.append(Binary(name, owners[name], target, file, name in settings.build.static))
    return tuple(found)


def _images(files: tuple[str, ...], settings: Settings, name: str | None) -> Found[Image]:
    candidates = [path for path in files if PurePosixPath(path).name in ("Dockerfile", "Containerfile")]
    if not settings.images:
        if len(candidates) > 1:
            return _question("Dockerfiles", [f'[images."ghcr.io/OWNER/NAME"]\ndockerfile = "{path}"' for path in candidates])
        if not candidates:
            return ()
        if name is None:
            return _question("owners for the image", ['[images."REGISTRY/OWNER/NAME"]'])
    from release_tasks.project.settings import ImageTable

    found = []
    for reference, table in (settings.images or {f"ghcr.io/{(name or '').lower()}": ImageTable()}).items():
        file = table.dockerfile or next((p for p in ("Dockerfile", *candidates) if p in candidates), None)
        if file is None or file not in files:
            return ReleaseError(f"{FILE}: [images.{reference}]: {file or 'no Dockerfile'} is not in the repository", "name it with dockerfile = ...")
        if table.dockerfile is None and file != "Dockerfile" and len(candidates) > 1:
            return _question("Dockerfiles", [f'[images."{reference}"]\ndockerfile = "{path}"' for path in candidates])
        found.append(Image(reference, file, table.platforms, table.tags, tuple(sorted(table.args.items()))))
    return tuple(found)


def _charts(root: Path, files: tuple[str, ...], settings: Settings, name: str | None) -> Found[Chart]:
    folders = [(root / path).parent for path in files if PurePosixPath(path).name == "Chart.yaml"]
    parts = {(f / m[1]).resolve() for f in folders for m in re.finditer(r"file://([^\s\"']+)", (f / "Chart.yaml").read_text())}
    candidates = [folder for folder in folders if folder not in parts]
    if not settings.charts:
        if len(candidates) > 1:
            return _question("charts", [f'[charts."ghcr.io/OWNER/charts/NAME"]\npath = "{f.relative_to(root)}"' for f in candidates])
        if not candidates:
            return ()
        if name is None:
            return _question("owners for the chart", ['[charts."REGISTRY/OWNER/charts/NAME"]'])
        owner = name.split("/")[0].lower()
        return (Chart(f"ghcr.io/{owner}/charts/{_chart_name(candidates[0])}", candidates[0], "{version}"),)
    found = []
    for reference, table in settings.charts.items():
        named = [f for f in candidates if _chart_name(f) == reference.rsplit("/", 1)[-1]]
        places = [root / table.path] if table.path else named
        if len(places) != 1 or not (places[0] / "Chart.yaml").exists():
            return ReleaseError(f"{FILE}: [charts.{reference}]: no chart of that name", "name its folder with path = ...")
        found.append(Chart(reference, places[0], table.app_version))
    return tuple(found)


def _chart_name(folder: Path) -> str:
    got = re.search(r"^name:\s*[\"']?([^\s\"'#]+)", (folder / "Chart.yaml").read_text(), re.M)
    return got[1] if got else folder.name


def _question(what: str, lines: list[str]) -> ReleaseError:
    shown = "\n".join(lines)
    return ReleaseError(f"several {what} are possible", f"add the ones that are released to {FILE}:\n{shown}")
