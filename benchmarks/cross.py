"""Binary, wheel and image of the example for arm64, against the same for amd64."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.example import copy
from benchmarks.measure import INV, Row, local_registries, medians, run, scratch
from examples import demo
from release_tasks.tools import rustc

ROUNDS = 3
ROW = (
    "arm64 binary, wheel and image, cross-compiled",
    "the same for amd64, same toolchain",
    1.2,
)
TARGETS = {
    "arm64": ("aarch64", demo.ARM),
    "amd64": ("x86_64", "x86_64-unknown-linux-gnu"),
}
OTHER = {"arm64": "amd64", "amd64": "arm64"}


def rows() -> Iterator[Row]:
    """Measure both without a target folder, with the compiler that can build for both."""
    reason = no_builder() or demo.no_cross_compiler()
    if reason:
        yield Row(*ROW, skipped=reason)
        return
    variables = rustc.environments(demo.EXAMPLE, [demo.ARM], "")[demo.ARM]
    compiler = variables.get("RUSTC", "rustc")
    with scratch() as folder:
        arm64 = project(folder / "arm64", "arm64")
        amd64 = project(folder / "amd64", "amd64")
        with local_registries(folder / "registries") as registries:
            registries.github.create("example", "polyglot", arm64)
            env = os.environ | {"RUSTC": compiler}
            build(amd64, env)  # downloads what both need
            ours, theirs = medians(
                ROUNDS, lambda: build(arm64, env), lambda: build(amd64, env)
            )
        yield Row(*ROW, ours, theirs)


def no_builder() -> str:
    """Return why this machine cannot build wheel and image for amd64, or ""."""
    machine = os.uname().machine
    if machine != "x86_64":
        return f"it is measured on x86_64, and this machine is {machine}"
    missing = [name for name in ("docker", "maturin") if not shutil.which(name)]
    if missing:
        return f"{missing[0]} is not installed"
    return demo.no_image_builder()


def project(folder: Path, name: str) -> Path:
    """Copy the example and let it ship one binary, one wheel and one image, for one machine."""
    tree = copy(folder)
    machine, _ = TARGETS[name]
    _, other_target = TARGETS[OTHER[name]]
    # the wheel is for the glibc of this machine, so that gcc links it as it does the binary
    glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
    tag = f"manylinux_{glibc.replace('.', '_')}_{machine}"
    settings = tree / "release-tasks.toml"
    text = re.sub(rf"{other_target} = .*\n", "", settings.read_text())
    text = re.sub(r"platforms = .*", f'platforms = ["linux/{name}"]', text)
    text = re.sub(r"wheels = .*", f'wheels = ["{tag}"]\nsdist = false', text)
    settings.write_text(text)
    demo.commit(tree)
    return tree


def build(tree: Path, env: dict[str, str]) -> None:
    """Build all three from the sources."""
    for name in ("target", "dist"):
        shutil.rmtree(tree / name, ignore_errors=True)
    for step in ("build-binaries", "build-wheels", "docker-buildx"):
        run(tree, *INV, step, env=env)
    kinds = {
        path.suffix for path in (tree / "dist").rglob("*") if path.is_file()
    }
    if not {".whl", ".tar"} <= kinds:
        raise SystemExit(
            f"the wheel or the image is missing in {tree / 'dist'}"
        )
