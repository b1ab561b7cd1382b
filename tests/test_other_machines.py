"""What this machine cannot build comes from others through `inv collect`, and without any of it nothing is public."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from place import LOG, TINY
from python_projects import HOST, PROGRAM
from whole import Site, site

from release_tasks.dist import Built
from release_tasks.tools import rustc

pytestmark = [pytest.mark.slow, pytest.mark.tools("cargo", "gh"), pytest.mark.skipif(
    shutil.which("rustc") is None or rustc.host(Path.cwd()) != HOST, reason=f"this machine is no {HOST}"
)]
MAC, WINDOWS = "aarch64-apple-darwin", "x86_64-pc-windows-msvc"
MACHO = struct.pack("<8I", 0xFEEDFACF, 0x100000C, 0, 2, 0, 0, 0, 0) + bytes(64)
PE = (
    b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 0, 0, 0, 0, 240, 0x22)
    + struct.pack("<HBBIIIIIQII", 0x20B, 14, 0, 0, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200).ljust(240, b"\0")
)
VERSION, RELEASE = "0.3.0", ("release", "--version", "0.3.0", "--new", "all")
FILES = PROGRAM | {
    "release-tasks.toml": '[crates]\nignore = ["tiny-tool"]\n[binaries.tiny]\n'
    f'{HOST} = "tiny-{{version}}-linux"\n{MAC} = "tiny-{{version}}-mac"\n{WINDOWS} = "tiny-{{version}}.exe"\n'
    '[github]\nassets = ["binaries", "sha256", "SHA256SUMS"]\n',
    "src/main.rs": 'fn main() {\n    println!("tiny {}", env!("CARGO_PKG_VERSION"));\n}\n',
    "CHANGELOG.md": LOG, "tasks.py": TINY["tasks.py"], ".gitignore": "/target\n__pycache__/\n",
}


def build_elsewhere(machine: Path, commit: str, target: str, name: str, data: bytes) -> None:
    """Leave what another machine's dist/ has after `inv build-binaries --target`."""
    place = machine / f"v{VERSION}"
    (place / "parts").mkdir(parents=True)
    checksum = f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
    for kind, file, text in (("binary", name, data), ("sha256", f"{name}.sha256", checksum)):
        (place / file).write_bytes(text)
        digest = hashlib.sha256(text).hexdigest()
        row = Built(kind, file, VERSION, "tiny", file, len(text), digest, "", target, commit, "tiny-tool")
        (place / "parts" / f"build_binaries-{file}.json").write_text(json.dumps([asdict(row)]))


def nothing_is_public(made: Site, clone: Path) -> bool:
    argv = ["git", "ls-remote", "--tags", "origin"]
    tags = subprocess.run(argv, cwd=clone, env=made.environment(), check=True, capture_output=True, text=True).stdout
    return not tags and not made.uploads() and not made.running.github.releases("example", "tiny")


@pytest.mark.statement("B4.20")
def test_the_whole_set_is_released_once_every_machine_has_brought_its_part(tmp_path: Path) -> None:
    with site(tmp_path, "tiny", offline=True, files=FILES) as made:
        clone = made.clone()

        alone = made.inv(clone, *RELEASE)

        assert alone.code == 1
        assert f"run `inv build-binaries --target {MAC}` on a Mac, and `inv collect` its dist/ here" in alone.err
        assert f"run `inv build-binaries --target {WINDOWS}` on Windows" in alone.err
        assert nothing_is_public(made, clone)
        assert (clone / "dist" / f"v{VERSION}" / f"tiny-{VERSION}-linux").exists()

        argv = ["git", "rev-parse", "HEAD"]
        commit = subprocess.run(argv, cwd=clone, check=True, capture_output=True, text=True).stdout.strip()
        for machine, target, name, data in (("mac", MAC, f"tiny-{VERSION}-mac", MACHO), ("windows", WINDOWS, f"tiny-{VERSION}.exe", PE)):
            build_elsewhere(tmp_path / "built" / machine, commit, target, name, data)
        assert made.inv(clone, "collect", str(tmp_path / "built" / "mac")).code == 0
        lacking = made.inv(clone, *RELEASE)
        assert lacking.code == 1
        assert MAC not in lacking.err
        assert nothing_is_public(made, clone)

        assert made.inv(clone, "collect", str(tmp_path / "built")).code == 0
        whole = made.inv(clone, *RELEASE)
        assert whole.code == 0, whole.err[-3000:]
        (release,) = made.running.github.releases("example", "tiny")
        names = [f"tiny-{VERSION}-linux", f"tiny-{VERSION}-mac", f"tiny-{VERSION}.exe"]
        assert not release["draft"]
        assert sorted(release["assets"]) == sorted([*names, *(f"{name}.sha256" for name in names), "SHA256SUMS"])
        sums = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        done = subprocess.run(sums, cwd=clone / "dist" / f"v{VERSION}", check=True, capture_output=True, text=True)
        assert done.stdout.splitlines() == sorted(f"{name}: OK" for name in names)
        assert "7 assets of v0.3.0 download with the right sha256" in whole.err
        assert release["assets"][names[1]]["digest"] == f"sha256:{hashlib.sha256(MACHO).hexdigest()}"
        assert os.access(clone / "dist" / f"v{VERSION}" / names[0], os.X_OK)
