"""Layouts of real projects, rebuilt small with invented names: tests/projects/found/NAME.txt.

Such a file begins with what the layout is, and lines `repository:`, `tags:` (oldest first) and
`version:` (the next one, as `inv bump --version` takes it). Then each `-- PATH... --` begins the
text of these files. An empty Cargo.lock is made by cargo.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from release_tasks.rehearsal.crates_io.publish import index_record
from release_tasks.rehearsal.registries import LocalRegistries
from support.repositories import IDENTITY, commit_all, git, write_files

FOUND = Path(__file__).parents[1] / "projects" / "found"
SHOWN = FOUND.parent / "shown" / "found"
FILE = re.compile(r"^-- (.+) --\n", re.M)
# what layouts need of crates.io, with the features that they name
FOREIGN = {
    "napi": ("3.0.0", ("napi4",)),
    "pyo3": (
        "0.27.1",
        (
            "abi3",
            "abi3-py37",
            "abi3-py38",
            "abi3-py39",
            "extension-module",
            "generate-import-lib",
        ),
    ),
    "pyo3-ffi": ("0.27.1", ("extension-module",)),
    "serde": ("1.0.219", ("derive", "std")),
}


@dataclass(frozen=True)
class FoundProject:
    """A layout; `tags` are those of its history, `next_version` what it releases next."""

    name: str
    about: str
    repository: str
    tags: tuple[str, ...]
    next_version: str
    files: dict[str, str]


def names() -> list[str]:
    """Return the names of all layouts."""
    return sorted(path.stem for path in FOUND.glob("*.txt"))


def read(name: str) -> FoundProject:
    """Return the layout in tests/projects/found/NAME.txt."""
    head, *parts = FILE.split((FOUND / f"{name}.txt").read_text("utf-8"))
    about, *lines = head.splitlines()
    values = dict(line.split(": ", 1) for line in lines)
    files = {}
    for paths, text in zip(parts[::2], parts[1::2], strict=True):
        files.update(dict.fromkeys(paths.split(), text))
    return FoundProject(
        name,
        about,
        values["repository"],
        tuple(values["tags"].split()),
        values["version"],
        files,
    )


def build(project: FoundProject, root: Path) -> Path:
    """Make the repository of a layout in `root` and return it: its tags, and a commit after them.

    Its origin is the address on GitHub, from which nothing is fetched here.
    """
    write_files(root, project.files)
    for path, text in project.files.items():
        if path.endswith("Cargo.lock") and not text:
            lock = ["cargo", "generate-lockfile", "--quiet"]
            subprocess.run(lock, cwd=(root / path).parent, check=True)
    commit_all(root, "A project")
    for day, tag in enumerate(project.tags, start=2):
        date = f"2025-01-{day:02}T12:00:00Z"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        for words in (
            ("commit", "--quiet", "--allow-empty", f"--message=Release {tag}"),
            ("tag", "--annotate", f"--message={tag}", tag),
        ):
            env = os.environ | IDENTITY | dates
            subprocess.run(["git", *words], cwd=root, env=env, check=True)
    git(
        root,
        "remote",
        "add",
        "origin",
        f"https://github.com/{project.repository}.git",
    )
    return root


def publish_foreign_crates(registries: LocalRegistries) -> None:
    """Let the local crates.io have the crates of others that layouts need."""
    for name, (version, features) in FOREIGN.items():
        _publish(registries, name, version, features)


def publish_crates(registries: LocalRegistries, project: FoundProject) -> None:
    """Let the local crates.io have the last version of each crate of a layout."""
    for path, text in project.files.items():
        if not path.endswith("Cargo.toml"):
            continue
        package = tomllib.loads(text).get("package", {})
        version = package.get("version")
        if isinstance(version, dict):
            version = _shared_version(project)
        if version and "-dev" in version:
            version = project.tags[-1].removeprefix("v")
        is_next = version == project.next_version
        if version and not is_next and "publish" not in package:
            _publish(registries, package["name"], version)


def golden(name: str, found: str | None = None) -> str:
    """Return the text of tests/projects/shown/found/NAME.txt.

    With GOLDEN=write in the environment, write `found` into that file first.
    """
    path = SHOWN / f"{name}.txt"
    if found is not None and os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found)
    return path.read_text("utf-8")


def _shared_version(project: FoundProject) -> str | None:
    for path in ("Cargo.toml", "rust/Cargo.toml"):
        workspace = tomllib.loads(project.files.get(path, "")).get(
            "workspace", {}
        )
        if "package" in workspace:
            return str(workspace["package"]["version"])
    return None


def _publish(
    registries: LocalRegistries,
    name: str,
    version: str,
    features: Iterable[str] = (),
) -> None:
    lines = [
        f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
    ]
    lines += ["[features]\n", *(f"{feature} = []\n" for feature in features)]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in {
            "Cargo.toml": "".join(lines),
            "src/lib.rs": "",
        }.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    meta = {
        "name": name,
        "vers": version,
        "features": {key: [] for key in features},
    }
    crate = out.getvalue()
    registries.crates.store.add(index_record(meta, crate), crate, meta)
