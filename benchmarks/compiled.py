"""What compilers do for binary, wheel and image of examples/polyglot, against `cargo build` of the same crates."""

from __future__ import annotations

import os
import re
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import cross
from benchmarks.measure import Row, run, scratch, visiting
from examples import demo

ROUNDS = 3
ROW = (
    "binary, wheel and image, CPU seconds of compilers",
    "`cargo build --release --locked` of their crates",
    1.15,
)
CRATES = ("polyglottal-hello", "polyglottal-py")
WRAPPER = '#!/bin/sh\n"$@"\nstatus=$?\ntimes >> "$COMPILED"\nexit $status\n'


def rows() -> Iterator[Row]:
    """Measure both from no target folder, with the same rustc and everything downloaded."""
    words = demo.no_builder() or [
        f"{name} is not installed"
        for name in ("docker", "maturin")
        if not shutil.which(name)
    ]
    if os.uname().machine != "x86_64" or words:
        yield Row(
            *ROW,
            skipped=words[0]
            if words
            else f"{os.uname().machine} is not the machine that it is about",
        )
        return
    with scratch() as folder:
        tree = cross.project(folder / "amd64", "amd64")
        packages = [word for name in CRATES for word in ("--package", name)]
        with visiting(folder / "registries") as registries:
            registries.github.create("example", "polyglot", tree)
            env = os.environ | wrapped(folder)

            def whole() -> None:
                run(tree, "cargo", "build", "--release", "--locked", *packages, env=env)

            taken = [
                [
                    used(tree, work, folder)
                    for work in (lambda: cross.build(tree, env), whole)
                ]
                for _ in range(ROUNDS)
            ]
        yield Row(*ROW, *(statistics.median(some) for some in zip(*taken, strict=True)))


def wrapped(folder: Path) -> dict[str, str]:
    """Return variables that let each rustc, and the linker it starts, write down its CPU seconds."""
    wrapper = folder / "rustc-wrapper"
    wrapper.write_text(WRAPPER)
    wrapper.chmod(0o755)
    return {"RUSTC_WRAPPER": str(wrapper), "COMPILED": str(folder / "compiled")}


def used(tree: Path, work: Callable[[], None], folder: Path) -> float:
    """Return the CPU seconds, user and system, of all compilers that some work has started."""
    shutil.rmtree(tree / "target", ignore_errors=True)
    (folder / "compiled").write_text("")
    work()
    said = re.findall(r"(\d+)m([\d.]+)s", (folder / "compiled").read_text())
    return sum(int(minutes) * 60 + float(seconds) for minutes, seconds in said)
