"""Unmodified clients of local registries, and small packages to publish there."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.web import App

# the fixture `serving`: starts a registry, returns its address
Serving = Callable[[App], str]


@dataclass
class Client:
    """Runs unmodified programs as clients of local registries."""

    registries: LocalRegistries
    folder: Path

    def run(
        self, *argv: str | Path, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program and return its status and output; an empty variable is removed."""
        environment = self.registries.environment() | env
        for name, value in env.items():
            if not value:
                del environment[name]
        return subprocess.run(
            [str(word) for word in argv],
            cwd=cwd or self.folder,
            env=environment,
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

    def fails(
        self, *argv: str | Path, cwd: Path | None = None, **env: str
    ) -> str:
        """Run a program that must fail and return its output."""
        done = self.run(*argv, cwd=cwd, **env)
        assert done.returncode != 0, f"{argv} succeeded\n{done.stdout}"
        return done.stdout


@dataclass
class Chain:
    """A workspace of three crates: `alpha`, `beta` on it, the binary `gamma` on that."""

    root: Path
    names: tuple[str, str, str]


CRATE = """\
[package]
name = "{name}"
version = "{version}"
edition = "2021"
description = "A crate of a rehearsal"
license = "MIT OR Apache-2.0"

[dependencies]
{needed}
{extra}
"""


def write_crate(
    folder: Path,
    name: str,
    needs: str = "",
    version: str = "0.1.0",
    extra: str = "",
) -> None:
    """Write a library crate that crates.io accepts; it may need a crate beside it."""
    needed = ""
    if needs:
        needed = f'{needs} = {{ path = "../{needs}", version = "{version}" }}'
    manifest = CRATE.format(
        name=name, version=version, needed=needed, extra=extra
    )
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(manifest)
    (folder / "src" / "lib.rs").write_text(
        'pub const WHO: &str = "rehearsed";\n'
    )


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
    files: Mapping[str, str] | None = None,
) -> bytes:
    """Return the file of a crate with this manifest.

    `root` is the folder of all its files, if not that of cargo; `extra` the path of another file,
    and `files` are texts by their path in the crate.
    """
    if package is None:
        package = PACKAGE
    lines = [f"{key} = {json.dumps(value)}" for key, value in package.items()]
    root = root or f"{package['name']}-{package['version']}"
    members = {f"{root}/Cargo.toml": "\n".join(["[package]", *lines, tables])}
    if extra:
        members[extra] = "x"
    for path, text in (files or {}).items():
        members[f"{root}/{path}"] = text
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def without(*keys: str, **more: object) -> dict[str, object]:
    """Return PACKAGE with other values, and without some keys."""
    return {
        key: value for key, value in (PACKAGE | more).items() if key not in keys
    }


def dependencies(count: int, value: str = '"1"') -> str:
    """Return a table of so many dependencies."""
    lines = [f"d{number} = {value}\n" for number in range(count)]
    return "[dependencies]\n" + "".join(lines)


def features(count: int, enabled: int = 0) -> str:
    """Return a table of so many features, each of which enables others."""
    others = [f"f{number}" for number in range(enabled)]
    lines = [f"f{number} = {others}\n" for number in range(count)]
    return "[features]\n" + "".join(lines)


def upload_body(meta: dict[str, object], tarball: bytes) -> bytes:
    """Return the body of an upload to crates.io."""
    text = json.dumps(meta).encode()
    sizes = [struct.pack("<I", len(data)) for data in (text, tarball)]
    return sizes[0] + text + sizes[1] + tarball


def wheel(
    folder: Path,
    name: str = "rehearsed",
    version: str = "0.1.0",
    text: str = "x = 1",
    tag: str = "py3-none-any",
    metadata: str = "",
) -> Path:
    """Write a wheel with one module, which PyPI accepts, and return its path.

    `metadata` is the whole METADATA, where it is not the usual one.
    """
    module = canonicalize_name(name).replace("-", "_")
    stem = f"{module}-{version}"
    info = f"{stem}.dist-info"
    if not metadata:
        metadata = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            "Summary: A package\nRequires-Python: >=3.8\n"
        )
    tags = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n"
    members = {
        f"{module}.py": text,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": tags,
    }
    record = [*members, f"{info}/RECORD"]
    members[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in record)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return file


def sdist(
    folder: Path,
    name: str = "rehearsed",
    version: str = "0.1.0",
    text: str = "x = 1",
) -> Path:
    """Write an sdist that PyPI accepts, and return its path."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for path, content in {"PKG-INFO": metadata, "x.py": text}.items():
            member = tarfile.TarInfo(f"{stem}/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return file


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
