"""The compilers for binary, wheel and image of the example, against `cargo build` of its crates."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import cross
from benchmarks.measure import Row, local_registries, run, scratch

ROUNDS = 3
ROW = (
    "binary, wheel and image, CPU seconds of compilers",
    "`cargo build --release --locked` of their crates",
    1.15,
)
CRATES = ("polyglottal-hello", "polyglottal-py")
# it has the path itself: what runs the project's code gets only variables that it needs
WRAPPER = '#!/bin/sh\n"$@"\nstatus=$?\ntimes >> {file}\nexit $status\n'


def rows() -> Iterator[Row]:
    """Measure both without a target folder, with the same rustc and everything downloaded."""
    reason = cross.no_builder()
    if reason:
        yield Row(*ROW, skipped=reason)
        return
    packages = [word for name in CRATES for word in ("--package", name)]
    cargo_build = ("cargo", "build", "--release", "--locked", *packages)
    with scratch() as folder:
        tree = cross.project(folder / "amd64", "amd64")
        with local_registries(folder / "registries") as registries:
            registries.github.create("example", "polyglot", tree)
            env = os.environ | wrapped(folder)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(used(tree, lambda: cross.build(tree, env), folder))
                theirs.append(
                    used(tree, lambda: run(tree, *cargo_build, env=env), folder)
                )
        yield Row(*ROW, statistics.median(ours), statistics.median(theirs))


def wrapped(folder: Path) -> dict[str, str]:
    """Return the variable with which each rustc writes down its CPU seconds and its linker's."""
    wrapper = folder / "rustc-wrapper"
    file = shlex.quote(str(folder / "compiled"))
    wrapper.write_text(WRAPPER.format(file=file))
    wrapper.chmod(0o755)
    return {"RUSTC_WRAPPER": str(wrapper)}


def used(tree: Path, work: Callable[[], object], folder: Path) -> float:
    """Return the CPU seconds, user and system, of all compilers that some work has started."""
    shutil.rmtree(tree / "target", ignore_errors=True)
    (folder / "compiled").write_text("")
    work()
    times = re.findall(r"(\d+)m([\d.]+)s", (folder / "compiled").read_text())
    return sum(int(minutes) * 60 + float(seconds) for minutes, seconds in times)
