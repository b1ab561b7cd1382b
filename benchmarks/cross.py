"""Binary, wheel and image of examples/polyglot for arm64, against the same for amd64 on this machine."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.example import copy
from benchmarks.measure import INV, Row, medians, run, scratch, visiting
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


def rows() -> Iterator[Row]:
    """Measure both from nothing but downloads, with the compiler that can do both."""
    if reason := lacking():
        yield Row(*ROW, skipped=reason)
        return
    compiler = rustc.environments(demo.EXAMPLE, [demo.ARM], "")[demo.ARM].get(
        "RUSTC", "rustc"
    )
    with scratch() as folder:
        trees = {name: project(folder / name, name) for name in TARGETS}
        with visiting(folder / "registries") as registries:
            registries.github.create("example", "polyglot", trees["arm64"])
            env = os.environ | {"RUSTC": compiler}
            arm, amd = (lambda tree=tree: build(tree, env) for tree in trees.values())
            build(trees["amd64"], env)  # downloads what neither has
            yield Row(*ROW, *medians(ROUNDS, arm, amd))


def lacking() -> str:
    """Return why this machine cannot build one of them, or an empty text."""
    if os.uname().machine != "x86_64":
        return f"{os.uname().machine} is not the machine that it is about"
    words = demo.no_builder() or [
        name for name in ("docker", "maturin") if not shutil.which(name)
    ]
    return demo.no_cross_compiler() or (words[0] if words else "")


def project(folder: Path, name: str) -> Path:
    """Copy the example and let it ship one binary, one wheel and one image, for one machine."""
    tree, machine = copy(folder), TARGETS[name][0]
    other = next(row[1] for key, row in TARGETS.items() if key != name)
    settings = tree / "release-tasks.toml"
    text = re.sub(rf"{other} = .*\n", "", settings.read_text())
    text = re.sub(r"platforms = .*", f'platforms = ["linux/{name}"]', text)
    libc = (
        (os.confstr("CS_GNU_LIBC_VERSION") or "")
        .removeprefix("glibc ")
        .replace(".", "_")
    )  # so both are linked by gcc
    settings.write_text(
        re.sub(
            r"wheels = .*",
            f'wheels = ["manylinux_{libc}_{machine}"]\nsdist = false',
            text,
        )
    )
    demo.commit(tree)
    return tree


def build(tree: Path, env: dict[str, str]) -> None:
    """Build all three, of which nothing is there yet."""
    for name in ("target", "dist"):
        shutil.rmtree(tree / name, ignore_errors=True)
    for step in ("build-binaries", "build-wheels", "docker-buildx"):
        run(tree, *INV, step, env=env)
    kinds = {path.suffix for path in (tree / "dist").rglob("*") if path.is_file()}
    if not {".whl", ".tar"} <= kinds:
        raise SystemExit(f"the wheel or the image is missing in {tree / 'dist'}")
