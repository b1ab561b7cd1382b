"""Small Python packages and programs in git, in a world of stand-ins."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context

from release_tasks import dist
from release_tasks.rehearsal.world import World, world
from release_tasks.release import Release

VERSION = "0.2.0"
HOST = "x86_64-unknown-linux-gnu"
WHEN = "2026-01-02T03:04:05Z"
ABOUT = {
    "README.md": "# Tiny\n\nSays hello.\n",
    "LICENSE": "Do what you like.\n",
    ".gitignore": "/target\n",
}
PLAIN = ABOUT | {
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    f'[project]\nname = "Tiny.Plain"\nversion = "{VERSION}"\nreadme = "README.md"\nlicense = "MIT"\nrequires-python = ">=3.9"\n'
    '[tool.hatch.build.targets.wheel]\npackages = ["tiny_plain"]\n',
    "tiny_plain/__init__.py": 'def hello() -> str:\n    return "hello"\n',
}
PROGRAM = ABOUT | {
    "Cargo.toml": f'[package]\nname = "tiny-tool"\nversion = "{VERSION}"\nedition = "2021"\nlicense = "MIT"\n'
    'description = "Says hello"\n[[bin]]\nname = "tiny"\npath = "src/main.rs"\n',
    "Cargo.lock": f'version = 4\n\n[[package]]\nname = "tiny-tool"\nversion = "{VERSION}"\n',
    # the place of a panic is a path in the program's bytes
    "src/main.rs": 'fn main() {\n    let n: usize = std::env::args().count();\n    assert!(n < 9, "{}", env!("CARGO_PKG_NAME"));\n'
    '    println!("hello {}", file!());\n}\n',
    "release-tasks.toml": f'[binaries.tiny]\n{HOST} = "tiny-{{version}}-linux"\n',
}
MATURIN = {
    "pyproject.toml": '[build-system]\nrequires = ["maturin>=1.9,<2"]\nbuild-backend = "maturin"\n'
    '[project]\nname = "tiny-tool"\ndynamic = ["version"]\nreadme = "README.md"\nlicense = "MIT"\n'
    '[tool.maturin]\nbindings = "bin"\n',
}
WHEEL_OF_A_PROGRAM = {name: text for name, text in PROGRAM.items() if name != "release-tasks.toml"} | MATURIN


@contextlib.contextmanager
def visiting(folder: Path, monkeypatch: pytest.MonkeyPatch, offline: bool = True) -> Iterator[World]:
    """Run the stand-ins and let this process and its children see nothing else."""
    with world(folder / "world", offline=offline, cache=folder / "downloads") as running:
        for name in running.removed:
            monkeypatch.delenv(name)
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running


def write(root: Path, files: dict[str, str]) -> Path:
    """Write and commit a project; the same files have the same commit in every folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=A project")
    return root


def git(root: Path, *words: str) -> str:
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
           for key, value in {"NAME": "Test", "EMAIL": "test@localhost", "DATE": WHEN}.items()}
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True, env=os.environ | who).stdout


def release(root: Path, version: str = VERSION) -> Release:
    """Return the release of a project, as a step sees it."""
    with contextlib.chdir(root):
        return Release.at(Context(), version)


def dry() -> Context:
    c = Context()
    c.config.run.dry = True
    return c


def rows(root: Path, *kinds: str) -> dict[str, dist.Built]:
    """Return what dist/ says of files of some kinds, by name."""
    part = release(root).parts[0]
    return {row.name: row for row in dist.of_kind(part, *kinds)}


def built(root: Path) -> Path:
    return root / "dist" / f"v{VERSION}"


def everything(root: Path) -> dict[str, Any]:
    """Return every file of a project and its bytes, less what git keeps for itself."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*")) if path.is_file() and ".git" not in path.relative_to(root).parts[:1]
    }


def wheel(name: str, text: str = "x = 1") -> bytes:
    """Return a wheel made by hand; what is in it does not matter to the test."""
    stem = re.sub("[-_.]+", "_", name).lower()
    info = f"{stem}-{VERSION}.dist-info"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{stem}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


def sdist(name: str) -> bytes:
    """Return an sdist made by hand."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n".encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for file in ("PKG-INFO", "README.md"):
            member = tarfile.TarInfo(f"{re.sub('[-_.]+', '_', name).lower()}-{VERSION}/{file}")
            member.size = len(about)
            archive.addfile(member, io.BytesIO(about))
    return out.getvalue()
