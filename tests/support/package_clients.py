"""Unchanged clients in local registries, and small packages to publish there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.web import App

TOOLS = Path(sys.executable).parent


@dataclass
class Client:
    """Runs unchanged programs as clients of local registries."""

    registries: LocalRegistries
    folder: Path

    def run(
        self, *argv: str | Path, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program and return its status and its output; an empty variable is not set."""
        found = self.registries.environment() | env
        found = {name: value for name, value in found.items() if env.get(name, "set")}
        found["PATH"] = f"{TOOLS}{os.pathsep}{found['PATH']}"
        return subprocess.run(
            [str(word) for word in argv],
            cwd=cwd or self.folder,
            env=found,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def ok(self, *argv: str | Path, cwd: Path | None = None, **env: str) -> str:
        """Run a program that must succeed and return its output."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode == 0, (
            f"{argv} ended with {done.returncode}\n{done.stdout}"
        )
        return done.stdout

    def fails(self, *argv: str | Path, cwd: Path | None = None, **env: str) -> str:
        """Run a program that must fail and return its output."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode != 0, f"{argv} succeeded\n{done.stdout}"
        return done.stdout


@dataclass
class Chain:
    """A workspace of three crates: `alpha`, `beta` on it, the binary `gamma` on that."""

    root: Path
    names: tuple[str, str, str]


def write_crate(
    folder: Path, name: str, needs: str = "", version: str = "0.1.0", extra: str = ""
) -> None:
    """Write a library crate with all that crates.io demands."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    needed = (
        f'{needs} = {{ path = "../{needs}", version = "{version}" }}' if needs else ""
    )
    (folder / "Cargo.toml").write_text(
        textwrap.dedent(f"""\
        [package]
        name = "{name}"
        version = "{version}"
        edition = "2021"
        description = "A crate of a rehearsal"
        license = "MIT OR Apache-2.0"

        [dependencies]
        {needed}
        {extra}
    """)
    )
    (folder / "src" / "lib.rs").write_text('pub const WHO: &str = "rehearsed";\n')


PACKAGE = {
    "name": "rehearsed",
    "version": "0.1.0",
    "edition": "2021",
    "description": "A crate",
    "license": "MIT",
}


def crate(
    package: dict[str, object] | None = None,
    tables: str = "",
    root: str = "",
    extra: str = "",
) -> bytes:
    """Return a tarball with this manifest, in the folder `root`, and perhaps one more file."""
    told = PACKAGE if package is None else package
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    manifest = "[package]\n" + "\n".join(lines) + "\n" + tables
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        folder = root or f"{told['name']}-{told['version']}"
        for path, text in (
            (f"{folder}/Cargo.toml", manifest),
            *(((extra, "x"),) if extra else ()),
        ):
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def without(*keys: str, **more: object) -> dict[str, object]:
    """Return a manifest's table, less some keys and with others."""
    return {key: value for key, value in (PACKAGE | more).items() if key not in keys}


def dependencies(count: int, value: str = '"1"') -> str:
    """Return a table of so many dependencies."""
    return "[dependencies]\n" + "".join(f"d{i} = {value}\n" for i in range(count))


def features(count: int, enabled: int = 0) -> str:
    """Return a table of so many features."""
    return "[features]\n" + "".join(
        f"f{i} = {[f'f{j}' for j in range(enabled)]}\n" for i in range(count)
    )


def upload_body(meta: dict[str, object], tarball: bytes) -> bytes:
    """Return the body of an upload to crates.io."""
    text = json.dumps(meta).encode()
    return (
        struct.pack("<I", len(text)) + text + struct.pack("<I", len(tarball)) + tarball
    )


def wheel(
    folder: Path,
    name: str = "rehearsed",
    version: str = "0.1.0",
    text: str = "x = 1",
    tag: str = "py3-none-any",
) -> Path:
    """Write a wheel by hand and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    about = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A package\n"
        f"Requires-Python: >=3.8\n"
    )
    content = {
        f"{name.replace('-', '_')}.py": text,
        f"{info}/METADATA": about,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    content[f"{info}/RECORD"] = "".join(
        f"{key},,\n" for key in [*content, f"{info}/RECORD"]
    )
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as out:
        for key, value in content.items():
            out.writestr(zipfile.ZipInfo(key), value)
    return path


def sdist(
    folder: Path, name: str = "rehearsed", version: str = "0.1.0", text: str = "x = 1"
) -> Path:
    """Write an sdist by hand and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for key, value in ((f"{stem}/PKG-INFO", about), (f"{stem}/x.py", text)):
            member = tarfile.TarInfo(key)
            member.size = len(value)
            tar.addfile(member, io.BytesIO(value.encode()))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


Serving = Callable[[App], str]
