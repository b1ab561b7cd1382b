"""`inv check --fast` of few and of many crates, with slow registries that reject one request."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bump import COUNT, workspace
from benchmarks.measure import (
    INV,
    Row,
    commit,
    local_registries,
    medians,
    run,
    scratch,
)
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries

FEW, LAG, ROUNDS = 20, 0.05, 3
CHECK = (*INV, "check", "--fast", "--version", "0.2.0")
METADATA = ("cargo", "metadata", "--format-version=1", "--offline")
LOG = "# Changelog\n\n## [Unreleased]\n\n- Many.\n"


def rows() -> Iterator[Row]:
    """Measure seconds with slow registries, and a ratio with fast ones: cargo asks none here."""
    if not (shutil.which("cargo") and shutil.which("gh")):
        reason = "cargo or gh is not installed"
        yield Row("check --fast", "cargo metadata", 12, skipped=reason)
        return
    for count, at_most in ((FEW, 3), (COUNT, 6)):
        with (
            scratch() as folder,
            local_registries(
                folder / "registries", offline=True, cache=folder / "none"
            ) as registries,
        ):
            root = project(folder / "many", count, registries)
            if count == COUNT:
                yield fast_row(root, count)
            yield slow_row(root, count, registries, at_most)


def fast_row(root: Path, count: int) -> Row:
    """Compare a check with `cargo metadata`; the registries answer at once."""
    ours, theirs = medians(
        ROUNDS, lambda: run(root, *CHECK), lambda: run(root, *METADATA)
    )
    what = f"check --fast of {count} crates"
    return Row(what, "cargo metadata of the same", 12, ours, theirs)


def slow_row(
    root: Path, count: int, registries: LocalRegistries, at_most: float
) -> Row:
    """Measure a check; every answer takes a while, and one request in each turn gets a 429."""
    limit = Fault(
        "GET", "/ma/ny/many-007", status=429, headers={"Retry-After": "1"}
    )
    registries.faults.add(limit)
    registries.faults.add(Fault(".", ".", delay=LAG, times=10**9))
    [seconds] = medians(
        ROUNDS,
        lambda: run(root, *CHECK),
        before=lambda: setattr(limit, "times", 1),
    )
    what = (
        f"check --fast of {count}, answers take {LAG * 1000:.0f} ms, one is 429"
    )
    return Row(what, "", at_most, seconds)


def project(root: Path, count: int, registries: LocalRegistries) -> Path:
    """Return the checkout of a workspace on GitHub, whose last version is on crates.io."""
    workspace(root, count)
    (root / "CHANGELOG.md").write_text(LOG)
    commit(root)
    registries.github.create("example", "many", root)
    run(
        root,
        "git",
        "remote",
        "add",
        "origin",
        "git@github.com:example/many.git",
    )
    run(root, "git", "fetch", "--quiet", "origin")
    for path in (root / "crates").iterdir():
        line = {
            "name": path.name,
            "vers": "0.1.0",
            "cksum": "0" * 64,
            "yanked": False,
        }
        registries.crates.store.add(line, b"", {})
    return root
