"""`inv check --fast` of few and of many crates, with registries that take their time and refuse one question."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bump import COUNT, workspace
from benchmarks.measure import INV, Row, commit, medians, run, scratch, visiting
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries

FEW, LAG, ROUNDS = 20, 0.05, 3
CHECK = (*INV, "check", "--fast", "--version", "0.2.0")
METADATA = ("cargo", "metadata", "--format-version=1", "--offline")
LOG = "# Changelog\n\n## [Unreleased]\n\n- Many.\n"


def rows() -> Iterator[Row]:
    """Measure seconds where registries are slow, and a ratio where none is waited for: cargo asks none here."""
    if not (shutil.which("cargo") and shutil.which("gh")):
        yield Row(
            "check --fast", "cargo metadata", 12, skipped="cargo or gh is not installed"
        )
        return
    for count, at_most in ((FEW, 3), (COUNT, 6)):
        with (
            scratch() as folder,
            visiting(
                folder / "registries", offline=True, cache=folder / "none"
            ) as running,
        ):
            yield from measured(
                project(folder / "many", count, running), running, count, at_most
            )


def measured(
    root: Path, running: LocalRegistries, count: int, at_most: float
) -> Iterator[Row]:
    """Check one workspace; of many crates the ratio, too, before the registries misbehave."""

    def look() -> object:
        return run(root, *CHECK)

    if count == COUNT:
        ours, theirs = medians(ROUNDS, look, lambda: run(root, *METADATA))
        yield Row(
            f"check --fast of {count} crates",
            "cargo metadata of the same",
            12,
            ours,
            theirs,
        )
    busy = Fault("GET", "/ma/ny/many-007", status=429, headers={"Retry-After": "1"})
    running.faults.add(busy)
    running.faults.add(Fault(".", ".", delay=LAG, times=10**9))
    [seconds] = medians(ROUNDS, look, before=lambda: setattr(busy, "times", 1))
    yield Row(
        f"check --fast of {count}, answers take {LAG * 1000:.0f} ms, one is 429",
        "",
        at_most,
        seconds,
    )


def project(root: Path, count: int, running: LocalRegistries) -> Path:
    """Return the checkout of a workspace that is on GitHub, with every crate's version before on crates.io."""
    workspace(root, count)
    (root / "CHANGELOG.md").write_text(LOG)
    commit(root)
    running.github.create("example", "many", root)
    run(root, "git", "remote", "add", "origin", "git@github.com:example/many.git")
    run(root, "git", "fetch", "--quiet", "origin")
    for path in (root / "crates").iterdir():
        running.crates.store.add(
            {"name": path.name, "vers": "0.1.0", "cksum": "0" * 64, "yanked": False},
            b"",
            {},
        )
    return root
