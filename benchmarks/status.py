"""`inv status` of 500 crates, with a registry that takes 50 ms for each answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from invoke.context import Context

from benchmarks.bump import COUNT, workspace
from benchmarks.measure import INV, Row, local_registries, medians, run, scratch
from release_tasks import dist
from release_tasks.channels import crates_index
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.release import Release

LAG, ROUNDS, SHA256 = 0.05, 3, "0" * 64
ROW = (
    f"status of {COUNT} crates, answers take {LAG * 1000:.0f} ms",
    "one request after another",
    0.06,
)


def rows() -> Iterator[Row]:
    """Measure the whole command against reading the pages of the index one after another."""
    with scratch() as folder:
        root = workspace(folder / "many")
        run(root, "git", "clone", "--quiet", "--bare", root, folder / "origin")
        run(root, "git", "remote", "add", "origin", folder / "origin")
        names = [path.name for path in sorted((root / "crates").iterdir())]
        with local_registries(
            folder / "registries", offline=True, cache=folder / "none"
        ) as registries:
            publish(registries, root, names)
            registries.faults.add(Fault("GET", "/ma/", delay=LAG, times=10**9))
            ours, theirs = medians(
                ROUNDS, lambda: status(root), lambda: read_one_by_one(names)
            )
        yield Row(*ROW, ours, theirs)


def publish(registries: LocalRegistries, root: Path, names: list[str]) -> None:
    """Add every crate to crates.io, and to dist/ with the same hash."""
    for name in names:
        line = {"name": name, "vers": "0.1.0", "cksum": SHA256, "yanked": False}
        registries.crates.store.add(line, b"", {})
    with contextlib.chdir(root):
        part = Release.at(Context()).parts[0]
    built = []
    for name in names:
        file = f"{name}-0.1.0.crate"
        row = dist.Built(
            "crate", name, "0.1.0", part.component.name, file, 0, SHA256
        )
        built.append(row)
    dist.record(part, "package_crates", built)


def read_one_by_one(names: list[str]) -> None:
    for name in names:
        crates_index.lines(name)


def status(root: Path) -> None:
    """Run `inv status`, which must find every crate."""
    answer = run(root, *INV, "status", "--json", status=(0, 1, 3))
    rows = json.loads(answer or "{}").get("artifacts", [])
    same = [
        row
        for row in rows
        if row["channel"] == "crates.io" and row["state"] == "same"
    ]
    if len(same) != COUNT:
        raise SystemExit(f"status finds {len(same)} of {COUNT} crates")
